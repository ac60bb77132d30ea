import type { Kib, MemoryDevice } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import type { MemoryView } from "./observed.ts";
import type { Layout } from "./plan.ts";

/** The names of our DIMMs: a contract with states and definitions that exist. */
const OUR_ALIAS = /^ua-pulumi-dimm\d+$/;

export function isOurs(device: MemoryDevice): boolean {
  return device.alias !== undefined && OUR_ALIAS.test(device.alias);
}

/** Devices that take a memory slot: libvirt counts DIMM and NVDIMM (since 9.5; before that all, which is rare enough to be its error). */
function slotsUsed(view: MemoryView): Set<number> {
  const devices = view.devices.filter((device) => device.model === "dimm" || device.model === "nvdimm");
  const used = new Set(devices.flatMap((device) => (device.slot === undefined ? [] : [device.slot])));
  // A device without a slot of its own gets the lowest free one.
  for (const _ of devices.filter((device) => device.slot === undefined)) used.add(lowestFree(used));
  return used;
}

function lowestFree(used: ReadonlySet<number>): number {
  let slot = 0;
  while (used.has(slot)) slot++;
  return slot;
}

export function slotCount(view: MemoryView): number {
  return view.maxMemory === undefined ? 0 : (view.maxMemory.slots ?? 0);
}

export function freeSlots(view: MemoryView): number {
  return Math.max(0, slotCount(view) - slotsUsed(view).size);
}

/** One DIMM for the whole increase, in the lowest free slot. */
export function layOut(increase: Kib, asked: Asked, live: MemoryView): Layout {
  const slot = lowestFree(slotsUsed(live));
  return {
    dimms: [{ size: increase, node: asked.targetNode, slot, alias: `ua-pulumi-dimm${slot}` }],
    freeSlots: freeSlots(live) - 1,
    slots: slotCount(live),
    ceiling: live.maxMemory?.size ?? live.memory,
  };
}
