import type { Input } from "@pulumi/pulumi";

/** A serial console that is written to a file. */
export interface SerialFileArgs {
  /** Absolute path on the host where libvirt runs. */
  file: Input<string>;
}
