import type { Input } from "@pulumi/pulumi";

/** A kernel that the host passes to the guest, instead of booting from disk. */
export interface BootArgs {
  /** Absolute path of the kernel on the host where libvirt runs. */
  kernel: Input<string>;
  /** Absolute path of the initial RAM disk. Default: none. */
  initrd?: Input<string>;
  /** The kernel's command line. Default: empty. */
  commandLine?: Input<string>;
}
