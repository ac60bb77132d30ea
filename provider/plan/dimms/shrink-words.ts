import { sayMib, saySize } from "../../args/size.ts";
import { countedSize, type Kib, type MemoryDevice } from "../../domain/state.ts";
import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { DimmRemoval, Reachable } from "../plan.ts";
import { arrow } from "../words.ts";
import { ceilingNotes } from "./growth-words.ts";
import { sayDimms } from "./layout.ts";
import { freeSlots, isOurs, slotCount } from "./slots.ts";
import { targetNodes } from "./spread.ts";

/** «hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB» */
export function saysShrink(
  asked: Asked,
  live: MemoryView,
  removed: MemoryDevice[],
  after: MemoryView,
): string {
  const nodes = [...new Set(removed.map(({ node }) => node))];
  const where = nodes.length === 1 ? `node ${nodes[0]}` : `nodes ${nodes.sort().join(", ")}`;
  const free = `${freeSlots(after).length} of ${slotCount(after)} free after`;
  const what = `hot-unplug ${saySize(live.memory - asked.memory)} as ${sayDimms(removed, "out of")} (${free}), ${where}`;
  return `${what}; ${arrow(live.memory, asked.memory)} of at most ${saySize(live.maxMemory?.size ?? live.memory)}`;
}

/** What the reader of a preview should know beside the DIMMs. */
export function shrinkNotes(asked: Asked, observed: Observed, live: MemoryView): string[] {
  return [
    "no restart",
    "the guest has to give it up: what it refuses stays, and the update fails then",
    ...ceilingNotes(asked, observed, live.maxMemory?.size ?? live.memory),
    ...(observed.persistent ? [] : ["the domain is transient, so the new size ends with it"]),
  ];
}

export function sayRemoval({ size, slot, node, alias }: DimmRemoval): string {
  return `the DIMM of ${saySize(size)} out of ${slot === undefined ? alias : `slot ${slot}`}, node ${node}`;
}

/** «256 MiB in slot 0 and 1 GiB in slot 2» */
export function sayDevices(devices: MemoryDevice[]): string {
  if (devices.length === 0) return "none";
  const said = devices.map(
    ({ size, slot, alias }) => `${saySize(size)} in ${slot === undefined ? alias : `slot ${slot}`}`,
  );
  return said.length === 1 ? said.join() : `${said.slice(0, -1).join(", ")} and ${said.at(-1)}`;
}

/** Why a decrease is more than there is to take out: what the domain was started with, and DIMMs of others, stay. */
export function saysWhatStays(decrease: Kib, have: Kib, asked: Asked, live: MemoryView): string {
  if (live.devices.length === 0)
    return `memory that a running domain was started with can't be taken away (${sayMib(decrease)} less is asked)`;
  const nodes = targetNodes(asked, live);
  const total = (devices: MemoryDevice[]) => sum(devices.map(countedSize));
  const theirs = total(live.devices.filter((device) => !isOurs(device)));
  const elsewhere = total(
    live.devices.filter((device) => isOurs(device) && !nodes.includes(device.node ?? 0)),
  );
  const base = live.memory - total(live.devices);
  const stays = [
    `${sayMib(base)} that the domain was started with`,
    ...(theirs > 0 ? [`${sayMib(theirs)} in memory devices of others`] : []),
    ...(elsewhere > 0
      ? [`${sayMib(elsewhere)} in DIMMs on nodes other than hotplug.targetNode (${nodes.join(", ")})`]
      : []),
  ];
  const ours =
    have === 0
      ? "none of it is in DIMMs of this provider's"
      : `this provider's DIMMs come to ${sayMib(have)}`;
  return `${sayMib(decrease)} less is asked, and ${ours}${nodes.length === 1 ? ` on node ${nodes[0]}` : ""}; what stays: ${stays.join(", ")}`;
}

/** More ranges than this don't help a reader. */
const MOST_RANGES = 4;

/** «1003 MiB to 1515 MiB in steps of 256 MiB; 2539 MiB» */
export function sayRanges(sizes: Reachable[]): string {
  const said = sizes.map(sayRange);
  if (said.length <= MOST_RANGES) return said.join("; ");
  const [first, last] = [sizes[0]?.from ?? 0, sizes.at(-1)?.to ?? 0];
  const count = sizes.reduce((sizes, { from, to, step }) => sizes + (to - from) / step + 1, 0);
  return `${count} sizes from ${sayMib(first)} to ${sayMib(last)}`;
}

function sayRange({ from, to, step }: Reachable): string {
  return from === to ? sayMib(from) : `${sayMib(from)} to ${sayMib(to)} in steps of ${sayMib(step)}`;
}
