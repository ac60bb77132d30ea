/** A memory device of the domain. Sizes are canonical («1259MiB»). */
export interface MemoryDeviceOutput {
  /** `dimm`, `virtio-mem`, … as libvirt names it. */
  model: string;
  /** Of virtio-mem the most that it can hold. */
  size: string;
  /** virtio-mem: what the guest is asked to take. It counts in `liveMemory`. */
  requested?: string;
  /** virtio-mem of a running domain: what the guest has of it, as it was last read. */
  current?: string;
  /** `ua-pulumi-dimm<slot>` and `ua-pulumi-vmem<node>` for the ones that this provider added. */
  alias?: string;
  /** From 0. */
  slot?: number;
  /** The guest's NUMA node. */
  node?: number;
  /** Start address in the guest, hexadecimal. */
  base?: string;
  /**
   * Whether the guest has memory blocks for it, as its agent said at the last change. False: the guest's kernel refused it,
   * which a refresh finds out too. Left out where the agent could not be asked; of DIMMs alone.
   */
  taken?: boolean;
}

/** Sizes that a change of `memory` reaches without a restart: `from`, then every `step`, up to `to`. */
export interface ReachableSizes {
  /** The smallest of these sizes. */
  from: string;
  /** The largest of these sizes. */
  to: string;
  /** The difference between one size and the next. */
  step: string;
}
