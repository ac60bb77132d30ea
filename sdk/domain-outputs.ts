/** A memory device of the domain. Sizes are canonical («1259MiB»). */
export interface MemoryDeviceOutput {
  /** `dimm`, `virtio-mem`, … as libvirt names it. */
  model: string;
  size: string;
  /** `ua-pulumi-dimm<slot>` for the ones that this provider added. */
  alias?: string;
  /** From 0. */
  slot?: number;
  /** The guest's NUMA node. */
  node?: number;
  /** Start address in the guest, hexadecimal. */
  base?: string;
  /**
   * Whether the guest has memory blocks for it, as its agent said at the last change or refresh. False: the guest's kernel
   * refused it. Left out where the agent could not be asked; of DIMMs alone.
   */
  taken?: boolean;
}

/** Sizes that a change of `memory` reaches without a restart: `from`, then every `step`, up to `to`. */
export interface ReachableSizes {
  from: string;
  to: string;
  step: string;
}
