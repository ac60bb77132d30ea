import { isManaged } from "../devices.ts";
import type { MemoryView, ObservedDevice } from "../observed.ts";
import { guestBlockOf, misaligned } from "./layout.ts";

/**
 * DIMMs that the guest never took since they are off its memory blocks (Linux, mm/memory_hotplug.c:
 * check_hotplug_memory_range).
 */
export function notOnlinedDimms(live: MemoryView): ObservedDevice[] {
  const off = new Set(misaligned(live));
  return live.devices.filter((device) => isNotTaken(device) && off.has(device));
}

/** The guest's agent said that it has no block of this DIMM, so taking it out takes nothing from the guest. */
export function isNotTaken({ model, taken, alias }: ObservedDevice): boolean {
  return model === "dimm" && taken === false && alias !== undefined;
}

/** Of a size that no address is right for. */
export function hasUnalignedSize({ size }: ObservedDevice, live: MemoryView): boolean {
  return size % guestBlockOf(live).size !== 0;
}

/** Of ours, and refused for its address alone: plugged at another one the guest takes it. */
export function hasUnalignedAddress(device: ObservedDevice, live: MemoryView): boolean {
  return isManaged(device) && !hasUnalignedSize(device, live) && notOnlinedDimms(live).includes(device);
}
