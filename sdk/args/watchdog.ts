import type { Input } from "@pulumi/pulumi";

/** A watchdog, which acts when the guest no longer answers it. */
export interface WatchdogArgs {
  /** The model. Default: `"diag288"` on s390x, else `"i6300esb"`. `"ib700"` is for x86 only. */
  model?: Input<"i6300esb" | "ib700" | "diag288" | "itco">;
  /** What libvirt does when the watchdog fires. Default: `"reset"`. */
  action?: Input<"reset" | "shutdown" | "poweroff" | "pause" | "none" | "dump" | "inject-nmi">;
}
