import type { Input } from "@pulumi/pulumi";
import type { Size } from "./size.ts";

/** Where the host's memory for the guest comes from. */
export interface MemoryBackingArgs {
  /**
   * The size of the host's huge pages that back the guest's memory: `"2MiB"`, `"1GiB"`. The host must have enough of them.
   * `memory`, the memory of each node and every DIMM must be multiples of it. Default: the host's base pages.
   */
  hugePages?: Input<Size>;
  /**
   * Whether the memory is locked, so that the host never swaps it. Without `<memtune><hard_limit>` in `xml`, QEMU may then
   * lock as much memory as it likes. Default: false.
   */
  locked?: Input<boolean>;
  /**
   * Whether other processes on the host can map the memory, as vhost-user and virtiofs require. Without huge pages, memfd
   * provides it. Default: false.
   */
  shared?: Input<boolean>;
}
