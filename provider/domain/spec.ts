import type { Kib } from "../units/kib.ts";
import type { MemoryBackingSpec } from "./backing.ts";
import type { Card, CpuTopology, Disk, Ownership } from "./state.ts";

/** A NUMA cell to define. */
export interface CellSpec {
  memory: Kib;
  /** The vCPUs as a libvirt list such as "0-1,4". Left out for every cell: cell 0 has all vCPUs. */
  cpus?: string;
}

/** A virtio-mem device to define (libvirt, formatdomain, "Memory devices"; libvirt 7.9, QEMU 6.0). */
export interface VirtioMemSpec {
  /** Must begin with `ua-`: libvirt replaces any other alias. */
  alias: string;
  /** Guest NUMA node. */
  node: number;
  /** Its largest size, a multiple of `block`. */
  size: Kib;
  /** A power of two, at least 2 MiB and the page size of its source. */
  block: Kib;
  /** The size that the guest is requested to take, a multiple of `block`. */
  requested: Kib;
  /** The host memory that backs it. */
  source?: { nodemask?: string; pageSize?: Kib };
}

/** A disk to define or attach. */
export interface DiskSpec extends Disk {
  /** Left out: the first free one of its bus. */
  target?: string;
  /** Must begin with `ua-`: libvirt replaces any other alias. */
  alias?: string;
}

/** A network interface to define or attach. */
export interface InterfaceSpec extends Card {
  /** Must begin with `ua-`. */
  alias?: string;
}

/** A graphical console. The password is only in XML with secrets. */
export interface GraphicsSpec {
  type: "vnc" | "spice";
  /** Left out: the host's default. */
  listen?: string;
  /** Left out: libvirt chooses one at each start. */
  port?: number;
  password?: string;
  /** SPICE only; left out: libvirt's default. */
  clipboard?: boolean;
  fileTransfer?: boolean;
}

export interface VideoSpec {
  model: string;
  heads?: number;
}

export interface RngSpec {
  /** Absolute path of a file on the host. */
  source: string;
  /** The most bytes in each period of so many milliseconds. */
  rate?: { bytes: number; period: number };
}

/** A TPM that swtpm emulates. */
export interface TpmSpec {
  model: "tis" | "crb" | "spapr";
  version: "1.2" | "2.0";
}

export interface WatchdogSpec {
  model: string;
  action: string;
}

/**
 * Everything that this provider puts into a domain's definition, with all defaults, limits and identifiers decided. The
 * total memory is the sum of the cells and virtio-mem devices.
 */
export interface DomainSpec {
  /** `kvm` where the host has it, else `qemu`. */
  type: "qemu" | "kvm";
  name: string;
  uuid: string;
  description?: string;
  /** At least one: DIMMs need a node, and libvirt before 9.6 doesn't add one. */
  cells: CellSpec[];
  /** The program names no nodes: an existing domain keeps its own, and `cells` are those of a new one. */
  keepsNodes?: true;
  /** The balloon target. Left out: all of the memory. */
  currentMemory?: Kib;
  /** Left out: no memory can be plugged. QEMU refuses slots when it equals the memory. */
  maxMemory?: { size: Kib; slots: number };
  /** In libvirt's total they count with their whole `size` (virDomainDefPostParseMemory). */
  virtioMem?: VirtioMemSpec[];
  /** At boot. */
  vcpus: number;
  /** Left out: the number at boot. */
  maxVcpus?: number;
  /** Left out: one socket for each node, where the vCPUs of the nodes allow it. */
  topology?: CpuTopology;
  /** `host-passthrough`, `host-model`, `maximum`, or the name of a CPU model. Left out: libvirt's default. */
  cpu?: string;
  arch: string;
  /** Left out: q35 on x86_64, virt on aarch64, else libvirt's default. */
  machine?: string;
  firmware: "bios" | "uefi";
  /** Memory hot-plug requires it; AArch64 has it only with UEFI. */
  acpi: boolean;
  /** A kernel to boot directly. Left out: boot from disk. */
  boot?: { kernel: string; initrd?: string; commandLine?: string };
  disks: DiskSpec[];
  interfaces: InterfaceSpec[];
  /** Root ports that are free after all devices, on machines that have them. */
  hotplugPorts: number;
  /** The first serial port, with the console on it. Left out: none is defined. */
  serial?: "pty" | { file: string };
  /** The channel of the QEMU guest agent. */
  agent: boolean;
  /** A memory balloon that reports the guest's memory. */
  balloon: boolean;
  /** These are left out where the program doesn't name them: none is defined, or libvirt's default. */
  graphics?: GraphicsSpec;
  video?: VideoSpec;
  rng?: RngSpec;
  tpm?: TpmSpec;
  watchdog?: WatchdogSpec;
  memoryBacking?: MemoryBackingSpec;
  ownership?: Ownership;
}
