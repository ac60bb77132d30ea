import type { MemoryView } from "../observed.ts";

/** What decides which slots are free. */
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

/** The outputs that have the slots of a domain: in a preview, or in a policy, some of them may not be known. */
export interface SlotOutputs {
  memoryDevices?: unknown;
  memorySlots?: unknown;
  /** Only where the running domain has other slots than `memorySlots`. */
  liveMemorySlots?: unknown;
}

/** How many slots are free, and of how many; undefined where it isn't known. */
export function slotsIn({
  memoryDevices,
  memorySlots,
  liveMemorySlots = memorySlots,
}: SlotOutputs): { free: number; total: number } | undefined {
  if (!Array.isArray(memoryDevices) || typeof liveMemorySlots !== "number") return undefined;
  const devices = memoryDevices.map(deviceIn).filter((device) => device !== undefined);
  if (devices.length < memoryDevices.length) return undefined;
  const free = freeSlots({ devices, maxMemory: { slots: liveMemorySlots } }).length;
  return { free, total: liveMemorySlots };
}

/** A DIMM takes a slot also where only QEMU knows which. */
function deviceIn(output: unknown): SlotView["devices"][number] | undefined {
  const [model, slot] = ["model", "slot"].map((name): unknown => Reflect.get(Object(output), name));
  if (typeof model !== "string") return undefined;
  return typeof slot === "number" ? { model, slot } : { model };
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
