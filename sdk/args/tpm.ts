import type { Input } from "@pulumi/pulumi";

/** A TPM that swtpm emulates on the host. Its state stays with the domain, and is deleted with it. */
export interface TpmArgs {
  /** The interface of the TPM. Default: `"crb"` on x86_64, `"tis"` on aarch64, `"spapr"` on POWER. */
  model?: Input<"tis" | "crb" | "spapr">;
  /** The version of the TPM specification. `"1.2"` requires the model `"tis"`. Default: `"2.0"`. */
  version?: Input<"1.2" | "2.0">;
}
