import type { Size } from "./args/size.ts";

/** One size of a catalogue. */
export interface CatalogueEntry {
  /** The domain's `memory`. */
  memory: Size;
  /** The domain's `vcpus`. Default: 1. */
  vcpus?: number;
}

/**
 * A catalogue of VM sizes, in a program or as a YAML or JSON file. It promises that a running domain can change from each size to
 * each size that has at least as much memory and as many vCPUs without a restart. With `allowUnplug` it also promises each step
 * down to the size that the domain was last started with.
 */
export interface CatalogueArgs<Name extends string = string> {
  /** The sizes by name. At most 32, and no two of them equal. */
  sizes: Record<Name, CatalogueEntry>;
  /** The most that a domain can grow to without a restart: `maxMemory` of each domain. At least the largest size. */
  ceiling: Size;
  /**
   * The memory of the sizes differs by multiples of this. A multiple of 128 MiB, the smallest memory block of a Linux guest.
   * Default: 256 MiB, as `hotplug.alignment`.
   */
  step?: Size;
  /**
   * Whether memory and vCPUs can be removed from a running domain. If true, memory is added in DIMMs of one step each, so that
   * they can be removed one by one. Default: false.
   */
  allowUnplug?: boolean;
  /** `hotplug.whenNotPossible` of each domain: what happens at a step that isn't promised. Default: the domain's own default. */
  whenNotPossible?: "replace" | "restart" | "nextBoot" | "error";
  /** `memorySlots` of each domain. Default: what the longest path through the sizes needs, at least 16. */
  memorySlots?: number;
  /** `maxVcpus` of each domain. Default: the most vCPUs of a size. */
  maxVcpus?: number;
  /** The architecture for which the steps are checked, and `arch` of each domain. Default: x86_64 for the check; `arch` isn't set. */
  arch?: "x86_64" | "aarch64" | "ppc64le";
  /** `machine` of each domain. Default: the default of the host. */
  machine?: string;
  /** `firmware` of each domain. Default: `"bios"`, and `"uefi"` for aarch64. */
  firmware?: "bios" | "uefi";
  /**
   * `cpu` of each domain, e.g. `"host-passthrough"`, which a ceiling above about 1 TiB needs on x86_64. Default: the domain's own
   * default.
   */
  cpu?: string;
}

/**
 * A size as arguments of `Domain`: `new Domain("web-1", { ...sizes.medium, … })`. Sizes are strings with a unit, such as `"4GiB"`.
 */
export interface CatalogueSize {
  /** The memory of the size. */
  memory: string;
  /** The number of vCPUs of the size. */
  vcpus: number;
  /** The catalogue's `ceiling`, the same for each size. */
  maxMemory: string;
  /** The catalogue's `memorySlots`, or the slots that the longest path through the sizes needs, at least 16. */
  memorySlots: number;
  /** The catalogue's `maxVcpus`, or the most vCPUs of a size. */
  maxVcpus: number;
  /** To set other fields of `hotplug` as well, spread these: `hotplug: { ...sizes.medium.hotplug, awaitGuest: 120 }`. */
  hotplug: {
    /** 256 MiB, or 128 MiB if the catalogue's `step` is not a multiple of 256 MiB. */
    alignment: string;
    /** The catalogue's `allowUnplug`. */
    allowUnplug: boolean;
    /** The catalogue's `step` if `allowUnplug` is true, so that DIMMs of this size add up to each step down. Otherwise not set. */
    maxDimmSize?: string;
    /** The catalogue's `whenNotPossible`. Not set if the catalogue doesn't set it. */
    whenNotPossible?: "replace" | "restart" | "nextBoot" | "error";
  };
  /** The catalogue's `arch`. Not set if the catalogue doesn't set it. */
  arch?: "x86_64" | "aarch64" | "ppc64le";
  /** The catalogue's `machine`. Not set if the catalogue doesn't set it. */
  machine?: string;
  /** The catalogue's `firmware`. Not set if the catalogue doesn't set it. */
  firmware?: "bios" | "uefi";
  /** The catalogue's `cpu`. Not set if the catalogue doesn't set it. */
  cpu?: string;
}
