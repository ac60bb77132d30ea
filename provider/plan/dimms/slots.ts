import type { MemoryView } from "../observed.ts";

/** What decides which slots are free; a policy knows only this of a domain. */
interface SlotView {
  devices: readonly { model: string; slot?: number | undefined }[];
  maxMemory?: { slots?: number } | undefined;
}

export function dimmAlias(slot: number): string {
  return `ua-pulumi-dimm${slot}`;
}

/** How many slots the domain was started with. */
export function slotCount(view: SlotView): number {
  return view.maxMemory?.slots ?? 0;
}

/**
 * The free slots, lowest first. DIMM and NVDIMM take one (libvirt since 9.5; before that every memory device counts, see
 * `mostNewDevices`). A device without a slot gets the lowest free one.
 */
export function freeSlots(view: SlotView): number[] {
  const devices = view.devices.filter((device) => device.model === "dimm" || device.model === "nvdimm");
  const used = new Set(devices.flatMap((device) => device.slot ?? []));
  const free: number[] = [];
  for (let slot = 0; slot < slotCount(view); slot++) if (!used.has(slot)) free.push(slot);
  return free.slice(devices.length - used.size);
}

/** How many memory devices every version of libvirt lets the running domain have in addition. */
export function mostNewDevices(view: MemoryView): number {
  return Math.max(0, slotCount(view) - view.devices.length);
}

/** Where a new DIMM goes. */
interface Place {
  slot: number;
  alias: string;
}

/**
 * The free slots, lowest first, each with an alias that the domain doesn't have: that of the slot, except where a hook put the
 * DIMM with that alias into another slot. Then the alias of a slot that is in use, or of none.
 */
export function freePlaces(view: MemoryView): Place[] {
  const used = new Set(view.devices.map(({ alias }) => alias));
  const slots = freeSlots(view);
  let next = 0;
  const spare = () => {
    while (slots.includes(next) || used.has(dimmAlias(next))) next += 1;
    return dimmAlias(next++);
  };
  return slots.map((slot) => ({ slot, alias: used.has(dimmAlias(slot)) ? spare() : dimmAlias(slot) }));
}
