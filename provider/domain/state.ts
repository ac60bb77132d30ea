import type { Kib } from "../units/kib.ts";
import type { MemoryBacking } from "./backing.ts";
import type { Replacing } from "./replacing.ts";

/** The models of memory devices that libvirt has. */
export const MEMORY_MODELS = ["dimm", "nvdimm", "virtio-mem", "virtio-pmem", "sgx-epc"] as const;

/** A memory device in a domain's XML (libvirt, formatdomain, "Memory devices"). */
export interface MemoryDevice {
  model: (typeof MEMORY_MODELS)[number];
  /** `<target><size>`; for virtio-mem its largest size. */
  size: Kib;
  /** virtio-mem: `<requested>`, the size that the guest is requested to take. */
  requested?: Kib;
  /** virtio-mem: `<current>`, the size that the guest has taken (only in live XML). */
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
  /** `<address base='0x…'>`, in lower-case hexadecimal with 0x: a 64-bit number exceeds a JavaScript number. */
  base?: string;
  /** `<alias name='…'>`; the inactive XML only has `ua-…`. */
  alias?: string;
}

/** `<cpu><topology>`: the product is the maximum number of vCPUs. */
export interface CpuTopology {
  sockets: number;
  dies: number;
  cores: number;
  threads: number;
}

/** A domain's vCPUs, as far as they aren't those of a domain that has all of them and can't lose any. */
export interface VcpuState {
  /** The maximum. */
  vcpus: number;
  /** How many there are now, or at the next boot; left out: the maximum. */
  currentVcpus?: number;
  topology?: CpuTopology;
  /** Those of the present ones that can't be removed, as a list; left out: all. */
  fixedVcpus?: string;
}

/** How many vCPUs a running domain has now, or a definition at the next boot. */
export function vcpusOf({ vcpus, currentVcpus = vcpus }: Pick<VcpuState, "vcpus" | "currentVcpus">): number {
  return currentVcpus;
}

/** A guest NUMA cell (`<cpu><numa><cell>`). */
export interface Cell {
  id: number;
  memory: Kib;
  /** `cpus`, as written; undefined when the cell has none. */
  cpus?: string;
}

/** A disk or a CD-ROM drive, as far as this provider decides it. */
export interface Disk {
  device: "disk" | "cdrom";
  bus: string;
  /** A file on the host. Without any of these four: an empty drive, or a source of another kind. */
  file?: string;
  /** The path of a block device of the host. */
  block?: string;
  /** A volume of a storage pool. */
  pool?: string;
  volume?: string;
  /** QEMU's name of the image format: qcow2, raw, … */
  format?: string;
  readOnly: boolean;
  cache?: string;
  discard?: string;
  serial?: string;
  bootOrder?: number;
}

/** A disk in a domain's XML. */
export interface DiskState extends Disk {
  /** Several domains may write to it at once. */
  isShared?: true;
  /** `<target dev>`: vda, sdb, … Unique in the domain. */
  target: string;
  /** `<alias name='…'>`; the inactive XML only has `ua-…`. */
  alias?: string;
}

/** A network interface, as far as this provider decides it. */
export interface Card {
  /** Of libvirt's kinds; `user` is QEMU's user-mode network. */
  kind: string;
  /** The network or the bridge that it is connected to. */
  source?: string;
  model: string;
  /** In lower case. Unique in the domain. */
  mac: string;
  /** Undefined is the same as "up". */
  link?: "up" | "down";
}

/** A network interface in a domain's XML. */
export interface CardState extends Card {
  alias?: string;
}

/** A device of one of the program's lists, as it is in a domain, or is to be. */
export type ListDevice = { device: "disk"; state: DiskState } | { device: "interface"; state: CardState };

/** The owner of a domain: this provider's element in `<metadata>`. */
export interface Ownership {
  /** The format of the element: 1. */
  version: number;
  urn: string;
  /** True until create has finished: after a killed create, the next one continues with this domain. */
  creating: boolean;
  /** The URN before the resource was renamed. The state may still have it if the run that renamed it was killed. */
  previousUrn?: string;
}

/** A domain definition (live or inactive), as far as this provider uses it. */
export interface DomainState extends VcpuState {
  /** `<domain type>`: qemu, kvm, … */
  type: string;
  name: string;
  uuid: string;
  /** libvirt's id of a running domain, which changes with each start. */
  id?: number;
  /** The configured total as libvirt counts it: the sum of cells and devices when there are cells, else `<memory>`. */
  memory: Kib;
  /** `<currentMemory>`, the balloon target; equal to `memory` when the XML has none. */
  currentMemory: Kib;
  /** `<maxMemory slots>`; slots are optional since libvirt 9.5. */
  maxMemory?: { size: Kib; slots?: number };
  /** `<memtune><hard_limit>`: what QEMU may use in all. */
  hardLimit?: Kib;
  /** `<memballoon model='none'>`. Without `<memballoon>`, libvirt adds a balloon. */
  withoutBalloon?: true;
  /** In the order of their ids; empty when the domain has no NUMA topology. */
  cells: Cell[];
  devices: MemoryDevice[];
  /** In the order of the XML. */
  disks: DiskState[];
  cards: CardState[];
  /** PCI ports or slots into which a device can be plugged. */
  freePorts: number;
  /** It has a virtio SCSI controller. */
  hasScsi?: true;
  /** `<os><kernel>`: the guest doesn't boot from a disk. */
  bootsKernel?: true;
  /** `<os><type arch machine>`. */
  arch?: string;
  machine?: string;
  /** `<features><acpi/>`. */
  acpi: boolean;
  /** `<os firmware='efi'>`, or a pflash `<loader>`. */
  uefi: boolean;
  /** `<memoryBacking>` locks the memory or allocates it at start, so the host must have it. */
  pinned: boolean;
  /** The host memory that backs the guest's; undefined: base pages of any host node. */
  backing?: MemoryBacking;
  ownership?: Ownership;
  /** The total of the definition as this provider set it last, in the same element. */
  written?: Kib;
  /** The arguments of the definition as this provider set them last, as JSON, in the same element. */
  writtenArguments?: string;
  /** The disk images that this provider made, as JSON, in the same element. */
  writtenImages?: string;
  /** Set while this domain is being replaced. */
  replacing?: Replacing;
}

/** The part of a device that counts as the domain's memory: the requested size of virtio-mem, else all of it. */
export function countedSize(device: Pick<MemoryDevice, "model" | "size" | "requested">): Kib {
  return device.model === "virtio-mem" ? (device.requested ?? 0) : device.size;
}
