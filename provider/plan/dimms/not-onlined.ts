import { isManaged } from "../devices.ts";
import type { MemoryView, ObservedDevice } from "../observed.ts";
import { guestBlockOf, misaligned } from "./layout.ts";

/**
 * DIMMs that the guest rejected because they are not aligned to its memory blocks (Linux, mm/memory_hotplug.c:
 * check_hotplug_memory_range).
 */
export function notOnlinedDimms(live: MemoryView): ObservedDevice[] {
  const off = new Set(misaligned(live));
  return live.devices.filter((device) => isNotTaken(device) && off.has(device));
}

/** The guest agent reported no block of this DIMM, so its removal takes nothing from the guest. */
export function isNotTaken({ model, taken, alias }: ObservedDevice): boolean {
  return model === "dimm" && taken === false && alias !== undefined;
}

/** No address fits a DIMM of this size. */
export function hasUnalignedSize({ size }: ObservedDevice, live: MemoryView): boolean {
  return size % guestBlockOf(live).size !== 0;
}

/** One of ours, rejected only for its address: at another one the guest onlines it. */
export function hasUnalignedAddress(device: ObservedDevice, live: MemoryView): boolean {
  return isManaged(device) && !hasUnalignedSize(device, live) && notOnlinedDimms(live).includes(device);
}
