import { countedSize, type DomainState, type MemoryDevice } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";

/** A memory device as it was seen. */
export interface ObservedDevice extends MemoryDevice {
  /** The guest has memory blocks for it, or none; undefined where its agent could not be asked. */
  taken?: boolean;
}

/** One definition of a domain as far as plans need it: what identifies it and who made it is left out. */
export interface MemoryView
  extends Pick<
    DomainState,
    | "memory"
    | "currentMemory"
    | "withoutBalloon"
    | "maxMemory"
    | "cells"
    | "vcpus"
    | "arch"
    | "machine"
    | "acpi"
    | "uefi"
  > {
  devices: ObservedDevice[];
  /** The running guest's own memory block, where its agent said it. */
  guestBlock?: Kib;
  /** libvirt's number of the running domain: another one is another start, of which nothing is known that a guest said before. */
  domainId?: number;
}

/** A domain as it was seen: at a look, or when the state was written. */
export interface Observed {
  power: "running" | "paused" | "off";
  /** False for a transient domain, which has no definition to change. */
  persistent: boolean;
  /** The running domain; undefined when it is off. */
  live?: MemoryView;
  /** The inactive definition; undefined when the domain is transient. */
  nextBoot?: MemoryView;
  /** The memory that waits for the next boot, where an update of ours left it so. */
  pending?: Kib;
  /** What an update of ours told the running domain's balloon to leave, without waiting until it did. */
  told?: Kib;
}

export function memoryView(state: DomainState): MemoryView {
  const { cells, devices, vcpus, acpi, uefi } = state;
  const total = (add: (device: MemoryDevice) => Kib) => devices.reduce((sum, one) => sum + add(one), 0);
  // libvirt counts virtio-mem devices whole.
  const memory = state.memory - total((device) => device.size - countedSize(device));
  // While the domain runs libvirt counts what the guest has taken of them, which may be less or more for a while.
  const waiting = total(({ requested = 0, current }) => requested - (current ?? requested));
  return {
    memory,
    currentMemory: Math.min(memory, state.currentMemory + waiting),
    cells,
    devices,
    vcpus,
    acpi,
    uefi,
    ...(state.maxMemory && { maxMemory: state.maxMemory }),
    ...(state.id !== undefined && { domainId: state.id }),
    ...(state.withoutBalloon && { withoutBalloon: true }),
    ...(state.arch && { arch: state.arch }),
    ...(state.machine && { machine: state.machine }),
  };
}

/**
 * What was seen now, with what the state recorded: the pending size and what the balloon was told as ours, and the guest's
 * block of the same start of the domain, where its agent did not answer now.
 */
export function withRecorded(seen: Observed, recorded: Observed): Observed {
  const { pending, told } = recorded;
  const block = isSameStart(seen, recorded) ? recorded.live?.guestBlock : undefined;
  const live = seen.live && { ...(block !== undefined && { guestBlock: block }), ...seen.live };
  return {
    ...seen,
    ...(live && { live }),
    ...(pending !== undefined && { pending }),
    ...(told !== undefined && { told }),
  };
}

/**
 * The same, with what the guest had taken of the DIMMs that are where they were. For the state, and for what follows from
 * it: no DIMM is taken out on a word of the past.
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

/** The same without the guest's word on some of the devices. */
export function withoutTaken(seen: Observed, isForgotten: (device: ObservedDevice) => boolean): Observed {
  if (seen.live === undefined) return seen;
  const devices = seen.live.devices.map((device) => {
    const { taken: _, ...rest } = device;
    return isForgotten(device) ? rest : device;
  });
  return { ...seen, live: { ...seen.live, devices } };
}

/** At the same place: one that was plugged anew may be another to the guest. */
export function isSameDimm(a: ObservedDevice, b: ObservedDevice): boolean {
  return a.alias === b.alias && a.base === b.base && a.size === b.size;
}

function isSameStart({ live: a }: Observed, { live: b }: Observed): boolean {
  return a?.domainId !== undefined && a.domainId === b?.domainId;
}
