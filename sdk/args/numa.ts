import type { Input } from "@pulumi/pulumi";
import type { Size } from "./size.ts";

/** A NUMA node of the guest. */
export interface NumaNodeArgs {
  /** The node's own share of the memory. At most one node may be empty; memory can be added to it later. Default: 0. */
  memory?: Input<Size>;
  /**
   * The node's vCPUs, in libvirt's notation: `"0-1"`. vCPUs that no node names are spread evenly over the nodes. Default: none; if
   * no node names any, node 0 gets those at boot.
   */
  cpus?: Input<string>;
}
