import { saySize } from "../../args/size.ts";
import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import type { MemoryView, SeenDevice } from "../observed.ts";
import type { DimmPlan } from "../plan.ts";
import { arrow } from "../words.ts";
import { blockOf } from "./layout.ts";
import { isMisplaced, isOdd, refusedDimms } from "./refused.ts";
import { isOurs } from "./slots.ts";

/** DIMMs that the guest never took, and what becomes of them. */
export interface Healing {
  /** Taken out for good. */
  removed: SeenDevice[];
  /** Taken out, and plugged again at another address. */
  again: { device: SeenDevice; dimm: DimmPlan }[];
}

/** «heal: take out dimm0 (a DIMM of 100 MiB in slot 0 at 0x100000000, not this provider's), which the guest never took, …» */
export function sayHealing({ removed, again }: Healing, { memory }: Asked, live: MemoryView): string {
  const left = live.memory - sum(removed.map(({ size }) => size));
  const out = removed.map((device) => `take out ${sayWhich(device)}, which ${sayWhy(device, live)}`);
  const foreign = removed.filter((device) => !isMisplaced(device, live));
  const since =
    foreign.length === 0
      ? ""
      : `${saySize(memory)} can't be had with ${foreign.map(({ alias }) => alias).join(", ")}: `;
  const leaves = removed.length === 0 ? [] : [`${since}${arrow(live.memory, left)}`];
  const anew = again.map(({ device, dimm }) => {
    const where = dimm.base === undefined ? "" : ` at ${dimm.base}`;
    return `plug ${sayWhich(device)}, which ${sayWhy(device, live)}, again${where}`;
  });
  return `heal: ${[...out, ...leaves, ...anew].join("; ")}`;
}

/** Each DIMM that the guest refused, in a sentence of its own, for what leaves them as they are. */
export function sayRefused({ heal }: Asked, live: MemoryView): string[] {
  return refusedDimms(live).map((device) => {
    const why = !heal && isMisplaced(device, live) ? "; it stays so, as hotplug.heal is false" : "";
    return `${sayWhich(device)}: ${sayWhy(device, live, " it")}${why}`;
  });
}

function sayWhich({ alias = "a DIMM", size, slot, base, ...device }: SeenDevice): string {
  const whose = isOurs({ alias, size, ...device }) ? "" : ", not this provider's";
  const place = `${slot === undefined ? "" : ` in slot ${slot}`}${base === undefined ? "" : ` at ${base}`}`;
  return `${alias} (a DIMM of ${saySize(size)}${place}${whose})`;
}

function sayWhy(device: SeenDevice, live: MemoryView, it = ""): string {
  const block = saySize(blockOf(live).size);
  const what = isOdd(device, live) ? "size" : "address";
  return refusedDimms(live).includes(device)
    ? `the guest never took${it}, since its ${what} is no multiple of the guest's memory block of ${block}`
    : `the guest never took${it} (its kernel log says why)`;
}
