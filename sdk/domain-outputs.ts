/** A memory device of the domain. Sizes are in canonical form: `"1259MiB"`. */
export interface MemoryDeviceOutput {
  /** libvirt's name of the model: `dimm`, `virtio-mem`, … */
  model: string;
  /** Size of the device. For virtio-mem, the most that it can provide. */
  size: string;
  /** virtio-mem: the size that the guest is asked to take. It counts in `liveMemory`. */
  requested?: string;
  /** virtio-mem of a running domain: the size that the guest had taken when it was last read. */
  current?: string;
  /** `ua-pulumi-dimm<slot>` or `ua-pulumi-vmem<node>` for devices that this provider added. */
  alias?: string;
  /** Slot number, from 0. */
  slot?: number;
  /** NUMA node of the guest, from 0. */
  node?: number;
  /** Start address in the guest, in hexadecimal. */
  base?: string;
  /**
   * DIMMs: whether the guest has memory blocks for it, as the guest agent reported after the last change. `false`: the
   * guest's kernel rejected it; a refresh detects that, too. Absent if the agent couldn't be asked.
   */
  taken?: boolean;
}

/** Sizes that `memory` can be changed to without a restart: from `from` to `to`, in steps of `step`. */
export interface ReachableSizes {
  /** The smallest of these sizes. */
  from: string;
  /** The largest of these sizes. */
  to: string;
  /** The difference between one size and the next larger one. */
  step: string;
}

/** Numbers that `vcpus` can be changed to without a restart: from `from` to `to`, in steps of `step`. */
export interface ReachableVcpus {
  /** The smallest of these numbers. */
  from: number;
  /** The largest of these numbers. */
  to: number;
  /** The difference between one number and the next larger one: 1, or the threads of a core on POWER. */
  step: number;
}

/**
 * What a run does:
 * - `none`: nothing;
 * - `live`: it changes the running domain without a restart, or a domain that is off;
 * - `nextBoot`: it changes only the definition, which takes effect when the domain is shut down and started;
 * - `restart`: it shuts the domain down;
 * - `replace`: it deletes the domain and creates it again;
 * - `refuse`: nothing, and the preview fails with the reason;
 * - `unknown`: that depends on a value that isn't known yet, or on a host that can't be reached.
 */
export type ChangeOutcome = "none" | "live" | "nextBoot" | "restart" | "replace" | "refuse" | "unknown";
