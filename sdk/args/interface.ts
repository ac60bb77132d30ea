import type { Input } from "@pulumi/pulumi";

/** A network interface: exactly one of `network`, `bridge` and `user` must be set. */
export interface InterfaceArgs {
  /**
   * A stable name, 1 to 32 letters, digits, `-` and `_`: the interface keeps its MAC address, its place on the bus and its alias
   * (`ua-pulumi-nic-<name>`) when other interfaces are added or removed, or the list is reordered. Default: none; then the interface
   * is recognized by its MAC address, and last by its place in the list.
   */
  name?: Input<string>;
  /** Name of a libvirt network. */
  network?: Input<string>;
  /** Name of a bridge on the host. */
  bridge?: Input<string>;
  /** `true`: QEMU's user-mode network, which needs no privileges. */
  user?: Input<boolean>;
  /** Model of the network card. Default: `"virtio"`. */
  model?: Input<string>;
  /**
   * MAC address. Default: derived from the resource's URN and the interface's name, or its place in the list where it has no name,
   * so a replace keeps it.
   */
  mac?: Input<string>;
  /** State of the link: `"down"` is an unplugged cable. Default: `"up"`. A change is applied to the running domain. */
  link?: Input<"up" | "down">;
  /**
   * Seconds, 1 to 3600, that a create, and each update after which the guest may have another address, waits until this
   * interface has one. It is then in the output `addresses`. If there is none in time, the run fails, the domain stays, and the
   * next update waits again. Default: nothing waits, and the interface's addresses are only recorded if `reportAddresses` is true.
   * A change: a setting only.
   */
  waitForAddress?: Input<number>;
}
