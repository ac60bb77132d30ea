import type { Kib } from "../units/kib.ts";
import type { Ownership } from "./state.ts";

/** A NUMA cell to make. */
export interface CellSpec {
  memory: Kib;
  /** libvirt's list of vCPUs («0-1,4»). Left out on every cell: cell 0 has all of them. */
  cpus?: string;
}

/** A virtio-mem device to make (libvirt, formatdomain «Memory devices»; libvirt 7.9, QEMU 6.0). */
export interface VirtioMemSpec {
  /** Must begin with `ua-`: libvirt keeps no other. */
  alias: string;
  /** Guest NUMA node. */
  node: number;
  /** The most that it can hold, a multiple of `block`. */
  size: Kib;
  /** A power of two, at least 2 MiB and the page size of its source. */
  block: Kib;
  /** What the guest is asked to take, a multiple of `block`. */
  requested: Kib;
  /** Where on the host the memory comes from. */
  source?: { nodemask?: string; pageSize?: Kib };
}

export type DiskBus = "virtio" | "scsi" | "sata" | "ide" | "usb";

/** A disk image in a file of the host. Its target device follows from its bus and its place in the list. */
export interface DiskSpec {
  /** Absolute path on the host where libvirt runs. */
  file: string;
  /** Image format as QEMU names it: qcow2, raw, … */
  format: string;
  bus: DiskBus;
  /** On `ide` and `sata`, which know no read-only disks, this makes it a CD-ROM. */
  readOnly: boolean;
}

/** A network card: to a libvirt network, to a bridge of the host, or to QEMU's user-mode network. */
export type InterfaceSpec = { model: string; mac: string } & (
  | { network: string }
  | { bridge: string }
  | { user: true }
);

/**
 * All that this provider itself puts into a domain's definition. Pure data, everything decided: defaults, limits,
 * identifiers. The total memory is the sum of the cells.
 */
export interface DomainSpec {
  /** `kvm` where the host has it, else `qemu`. */
  type: "qemu" | "kvm";
  name: string;
  uuid: string;
  description?: string;
  /** At least one, also for libvirt before 9.6, which adds none by itself: DIMMs need a node to go to. */
  cells: CellSpec[];
  /** What the balloon leaves the guest. Left out: all of it. */
  currentMemory?: Kib;
  /** The ceiling at boot; left out, nothing can be plugged. QEMU refuses slots when it equals the memory. */
  maxMemory?: { size: Kib; slots: number };
  /** virtio-mem devices, whole. They count in the total with their whole size (libvirt, virDomainDefPostParseMemory). */
  virtioMem?: VirtioMemSpec[];
  vcpus: number;
  /** `host-passthrough`, `host-model`, `maximum`, or the name of a CPU model. Left out: libvirt's default. */
  cpu?: string;
  arch: string;
  /** Left out: q35 on x86_64, virt on aarch64, else libvirt's default. */
  machine?: string;
  firmware: "bios" | "uefi";
  /** What memory hot-plug goes through; AArch64 has it with UEFI only. */
  acpi: boolean;
  /** A kernel to boot directly. Left out: from disk. */
  boot?: { kernel: string; initrd?: string; commandLine?: string };
  disks: DiskSpec[];
  interfaces: InterfaceSpec[];
  /** The first serial port, with the console on it; left out, there is none of ours. */
  serial?: "pty" | { file: string };
  /** The channel of the QEMU guest agent. */
  agent: boolean;
  /** A memory balloon that reports the guest's memory every two seconds. */
  balloon: boolean;
  ownership?: Ownership;
}
