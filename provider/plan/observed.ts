import type { DomainState, Kib } from "../domain/state.ts";

/** One definition of a domain as far as plans need it: what identifies it and who made it is left out. */
export interface MemoryView
  extends Pick<
    DomainState,
    | "memory"
    | "currentMemory"
    | "maxMemory"
    | "cells"
    | "devices"
    | "vcpus"
    | "arch"
    | "machine"
    | "acpi"
    | "uefi"
  > {
  /** The running guest's own memory block, where its agent said it. */
  guestBlock?: Kib;
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
}

export function memoryView(state: DomainState): MemoryView {
  const { memory, currentMemory, cells, devices, vcpus, acpi, uefi } = state;
  return {
    memory,
    currentMemory,
    cells,
    devices,
    vcpus,
    acpi,
    uefi,
    ...(state.maxMemory && { maxMemory: state.maxMemory }),
    ...(state.arch && { arch: state.arch }),
    ...(state.machine && { machine: state.machine }),
  };
}

/** What was seen now, with the pending size that the state recorded as ours. */
export function withPending(seen: Observed, recorded: Observed): Observed {
  return recorded.pending === undefined ? seen : { ...seen, pending: recorded.pending };
}
