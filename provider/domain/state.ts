import type { Kib } from "../units/kib.ts";

/** A memory device of a domain, as its XML has it (libvirt, formatdomain «Memory devices»). */
export interface MemoryDevice {
  model: "dimm" | "nvdimm" | "virtio-mem" | "virtio-pmem" | "sgx-epc";
  /** `<target><size>`: for virtio-mem the most it can hold. */
  size: Kib;
  /** virtio-mem: `<requested>`, what the host asks the guest to take. */
  requested?: Kib;
  /** virtio-mem: `<current>`, what the guest has taken (live XML only). */
  current?: Kib;
  /** virtio-mem: `<block>`. */
  block?: Kib;
  /** `<target><node>`, the guest NUMA node. */
  node?: number;
  /** `<source><pagesize>`. */
  pageSize?: Kib;
  /** `<source><nodemask>`, as written. */
  nodemask?: string;
  /** `<address type='dimm' slot='n'>`, counted from 0. */
  slot?: number;
  /** `<address base='0x…'>`, canonical lower-case hex with 0x: a 64-bit number does not fit a JS number. */
  base?: string;
  /** `<alias name='…'>`; only `ua-…` survives in the inactive XML. */
  alias?: string;
}

/** A guest NUMA cell (`<cpu><numa><cell>`). */
export interface Cell {
  id: number;
  memory: Kib;
  /** `cpus`, as written; undefined when the cell has none. */
  cpus?: string;
}

/** Who made a domain: the `<metadata>` element of ours. */
export interface Ownership {
  /** Format of the element; 1. */
  version: number;
  urn: string;
  /** True until create has finished: a create that was killed may go on with this domain. */
  creating: boolean;
}

/** One domain definition (live or inactive), as far as this provider decides by it. */
export interface DomainState {
  /** `<domain type>`: qemu, kvm, … */
  type: string;
  name: string;
  uuid: string;
  /** libvirt's number of this start of the domain; of a running one alone. */
  id?: number;
  /** The configured total as libvirt counts it: the sum of cells and devices when there are cells, else `<memory>`. */
  memory: Kib;
  /** `<currentMemory>`, the balloon's target; equal to `memory` when the XML has none. */
  currentMemory: Kib;
  /** `<maxMemory slots>`; slots are optional from libvirt 9.5 on. */
  maxMemory?: { size: Kib; slots?: number };
  /** `<memballoon model='none'>`: nothing can be ballooned. libvirt gives a domain that says nothing a balloon. */
  withoutBalloon?: true;
  vcpus: number;
  /** In the order of their ids; empty when the domain has no NUMA topology. */
  cells: Cell[];
  devices: MemoryDevice[];
  /** `<os><type arch machine>`. */
  arch?: string;
  machine?: string;
  /** `<features><acpi/>` is there. */
  acpi: boolean;
  /** `<os firmware='efi'>`, or a pflash `<loader>`. */
  uefi: boolean;
  /** `<memoryBacking>` locks the memory or allocates it at once: the host must have it. */
  pinned: boolean;
  ownership?: Ownership;
}

/** What of a device counts as the domain's memory: of virtio-mem what is requested, of any other all of it. */
export function countedSize(device: Pick<MemoryDevice, "model" | "size" | "requested">): Kib {
  return device.model === "virtio-mem" ? (device.requested ?? 0) : device.size;
}
