import type { MemoryView, SeenDevice } from "../observed.ts";
import { blockOf, misaligned } from "./layout.ts";
import { isOurs } from "./slots.ts";

/**
 * DIMMs that the guest never took since they are off its memory blocks (Linux, mm/memory_hotplug.c:
 * check_hotplug_memory_range).
 */
export function refusedDimms(live: MemoryView): SeenDevice[] {
  const off = new Set(misaligned(live));
  return live.devices.filter((device) => isUntaken(device) && off.has(device));
}

/** The guest's agent said that it has no block of this DIMM, so taking it out takes nothing from the guest. */
export function isUntaken({ model, taken, alias }: SeenDevice): boolean {
  return model === "dimm" && taken === false && alias !== undefined;
}

/** Of a size that no address is right for. */
export function isOdd({ size }: SeenDevice, live: MemoryView): boolean {
  return size % blockOf(live).size !== 0;
}

/** Of ours, and refused for its address alone: plugged at another one the guest takes it. */
export function isMisplaced(device: SeenDevice, live: MemoryView): boolean {
  return isOurs(device) && !isOdd(device, live) && refusedDimms(live).includes(device);
}
