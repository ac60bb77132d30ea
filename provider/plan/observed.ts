import { defined } from "../defined.ts";
import {
  type CardState,
  countedSize,
  type DiskState,
  type DomainState,
  type MemoryDevice,
} from "../domain/state.ts";
import { KIB_PER_MIB, type Kib, sum } from "../units/kib.ts";
import type { PauseReason } from "./pause.ts";

/** A memory device as it was observed. */
export interface ObservedDevice extends MemoryDevice {
  /** The guest has memory blocks for it, or none; undefined where its agent couldn't be asked. */
  taken?: boolean;
}

/** The part of a domain's definition that plans need: without its identity and its owner. */
export interface MemoryView
  extends Pick<
    DomainState,
    | "memory"
    | "currentMemory"
    | "withoutBalloon"
    | "hardLimit"
    | "maxMemory"
    | "cells"
    | "vcpus"
    | "currentVcpus"
    | "topology"
    | "fixedVcpus"
    | "arch"
    | "machine"
    | "acpi"
    | "uefi"
    | "hasScsi"
    | "bootsKernel"
  > {
  devices: ObservedDevice[];
  /** Undefined where the state recorded none: then they are as the program's list makes them. */
  disks?: DiskState[];
  cards?: CardState[];
  /** Undefined in states of earlier versions. */
  freePorts?: number;
  /** The largest huge page that backs its memory, where the definition names one: devices are multiples of it. */
  pageSize?: Kib;
  /** The running guest's memory block, where its agent reported it. */
  guestBlock?: Kib;
  /** The total of the definition as this provider set it last, which our mark in its metadata has. */
  written?: Kib;
  /** The arguments of the definition as this provider set them last, in the same mark (args/written-arguments.ts). */
  writtenArguments?: string;
  /** libvirt's id of the running domain: each start gets another one, which voids earlier reports of the guest. */
  domainId?: number;
}

/** A domain as it was observed: now, or when the state was written. */
export interface Observed {
  power: "running" | "paused" | "off";
  /** Why it is paused; undefined in states of earlier versions. */
  pause?: PauseReason;
  /** False for a transient domain, which has no definition to change. */
  persistent: boolean;
  /** The running domain; undefined when it is off. */
  live?: MemoryView;
  /** The inactive definition; undefined when the domain is transient. */
  nextBoot?: MemoryView;
  /** The saved state of a domain that is off (`virsh managedsave`): what the next start restores. */
  saved?: MemoryView;
  /** The memory that one of our updates left pending for the next boot. */
  pending?: Kib;
  /** The balloon target of the running domain that one of our updates set without waiting for the guest. */
  told?: Kib;
  /** A removal of vCPUs that got no answer, in the start of the domain with libvirt's id: its vCPUs can't change any more. */
  vcpuRemoval?: VcpuRemoval;
}

export interface VcpuRemoval {
  domainId: number;
  to: number;
}

export function memoryView(state: DomainState): MemoryView {
  const { cells, devices, disks, cards, vcpus, acpi, uefi } = state;
  const total = (of: (device: MemoryDevice) => Kib) => sum(devices.map(of));
  // libvirt counts virtio-mem devices in full.
  const memory = state.memory - total((device) => device.size - countedSize(device));
  // While the domain runs libvirt counts what the guest has taken of them, which may be less or more for a while.
  const waiting = total(({ requested = 0, current }) => requested - (current ?? requested));
  return defined({
    memory,
    currentMemory: Math.min(memory, state.currentMemory + waiting),
    cells,
    devices,
    disks,
    cards,
    vcpus,
    acpi,
    uefi,
    maxMemory: state.maxMemory,
    pageSize: largestPage(state),
    domainId: state.id,
    withoutBalloon: state.withoutBalloon,
    hardLimit: state.hardLimit,
    freePorts: state.freePorts,
    hasScsi: state.hasScsi,
    bootsKernel: state.bootsKernel,
    arch: state.arch,
    machine: state.machine,
    currentVcpus: state.currentVcpus,
    topology: state.topology,
    fixedVcpus: state.fixedVcpus,
    written: state.written,
    writtenArguments: state.writtenArguments,
  });
}

function largestPage({ backing }: DomainState): Kib | undefined {
  const sizes = backing?.hugePages.flatMap(({ size }) => size ?? []) ?? [];
  return sizes.length === 0 ? undefined : Math.max(...sizes);
}

/**
 * The observation with what the state recorded: our pending size and balloon target, and the guest's memory block where its
 * agent didn't answer now and the domain hasn't been started since.
 */
export function withRecorded(seen: Observed, recorded: Observed): Observed {
  const { pending, told, vcpuRemoval } = recorded;
  const isUnanswered = vcpuRemoval !== undefined && vcpuRemoval.domainId === seen.live?.domainId;
  const block = isSameStart(seen, recorded) ? recorded.live?.guestBlock : undefined;
  const live = seen.live && { ...defined({ guestBlock: block }), ...seen.live };
  return {
    ...seen,
    ...defined({ live, pending, told, vcpuRemoval: isUnanswered ? vcpuRemoval : undefined }),
  };
}

/**
 * The same, with the recorded reports of the guest on DIMMs that are still at their addresses. For the state, and for what
 * follows from it: no DIMM is removed because of an earlier report.
 */
export function withRecordedTaken(seen: Observed, recorded: Observed): Observed {
  const whole = withRecorded(seen, recorded);
  if (whole.live === undefined || !isSameStart(seen, recorded)) return whole;
  const known = recorded.live?.devices ?? [];
  const devices = whole.live.devices.map((device) => {
    const taken = known.find((one) => isSameDimm(one, device))?.taken;
    return device.taken === undefined && taken !== undefined ? { ...device, taken } : device;
  });
  return { ...whole, live: { ...whole.live, devices } };
}

/** The same without the guest's reports on some of the devices. */
export function withoutTaken(seen: Observed, isForgotten: (device: ObservedDevice) => boolean): Observed {
  if (seen.live === undefined) return seen;
  const devices = seen.live.devices.map((device) => {
    const { taken: _, ...rest } = device;
    return isForgotten(device) ? rest : device;
  });
  return { ...seen, live: { ...seen.live, devices } };
}

/** At the same address: after a re-plug the guest may treat it differently. */
export function isSameDimm(a: ObservedDevice, b: ObservedDevice): boolean {
  return a.alias === b.alias && a.base === b.base && a.size === b.size;
}

function isSameStart({ live: a }: Observed, { live: b }: Observed): boolean {
  return a?.domainId !== undefined && a.domainId === b?.domainId;
}

/** The memory that waits for the next boot of a running domain; undefined where the next boot changes nothing. */
export function pendingMemory({ live, nextBoot }: Observed): Kib | undefined {
  if (live === undefined || nextBoot === undefined) return undefined;
  return live.memory === nextBoot.memory || live.memory === memoryAtBoot(nextBoot)
    ? undefined
    : nextBoot.memory;
}

/** What a domain of this definition starts with: libvirt rounds base memory up, on POWER to 256 MiB, else to whole MiB. */
function memoryAtBoot({ memory, cells, arch }: MemoryView): Kib {
  const unit = arch?.startsWith("ppc64") ? 256 * KIB_PER_MIB : KIB_PER_MIB;
  const sizes = cells.length === 0 ? [memory] : cells.map((cell) => cell.memory);
  return memory + sum(sizes.map((size) => Math.ceil(size / unit) * unit - size));
}
