/** A memory device of the domain. Sizes are text such as `1259MiB`. */
export interface MemoryDeviceOutput {
  /** `dimm`, `virtio-mem`, … as libvirt names it. */
  model: string;
  /** Its size; for virtio-mem the most that it can hold. */
  size: string;
  /** virtio-mem: the size that the guest is asked to have. `liveMemory` includes it. */
  requested?: string;
  /** virtio-mem of a running domain: the size that the guest has, as it was last read. */
  current?: string;
  /** Its alias in libvirt: `ua-pulumi-dimm<slot>` or `ua-pulumi-vmem<node>` if this provider added it. */
  alias?: string;
  /** Its slot, counted from 0. */
  slot?: number;
  /** The NUMA node of the guest that it belongs to. */
  node?: number;
  /** Its start address in the guest, hexadecimal. */
  base?: string;
  /**
   * DIMMs only: whether the guest has memory blocks for it, as its agent reported at the last change. `false`: the guest's kernel
   * rejected it, which a refresh finds too. Absent if the agent couldn't be asked.
   */
  taken?: boolean;
}

/** Sizes that a change of `memory` can reach without a restart: `from`, then every `step`, up to `to`. */
export interface ReachableSizes {
  /** The smallest of these sizes. */
  from: string;
  /** The largest of these sizes. */
  to: string;
  /** The difference between one size and the next. */
  step: string;
}
