import type { Input } from "@pulumi/pulumi";

/** A network interface: exactly one of `network`, `bridge` and `user` must be set. */
export interface InterfaceArgs {
  /** Name of a libvirt network. */
  network?: Input<string>;
  /** Name of a bridge on the host. */
  bridge?: Input<string>;
  /** `true`: QEMU's user-mode network, which needs no privileges. */
  user?: Input<boolean>;
  /** Model of the network card. Default: `"virtio"`. */
  model?: Input<string>;
  /** MAC address. Default: derived from the resource's URN and the interface's place in the list, so a replace keeps it. */
  mac?: Input<string>;
}
