import { countedSize, type MemoryDevice } from "../../domain/state.ts";
import { type Kib, sum } from "../../units/kib.ts";
import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { DimmRemoval, Reachable } from "../plan.ts";
import { formatChange } from "../text.ts";
import { ceilingNotes } from "./attach-text.ts";
import { describeDimms } from "./layout.ts";
import { freeSlots, isManaged, slotCount } from "./slots.ts";

/** «hot-unplug 256 MiB as 1 DIMM out of slot 0 (16 of 16 free after), node 0; 1259 → 1003 MiB of at most 8 GiB» */
export function describeShrink(
  desired: DesiredMemory,
  live: MemoryView,
  removed: MemoryDevice[],
  after: MemoryView,
): string {
  const nodes = [...new Set(removed.map(({ node }) => node))];
  const where = nodes.length === 1 ? `node ${nodes[0]}` : `nodes ${nodes.sort().join(", ")}`;
  const free = `${freeSlots(after).length} of ${slotCount(after)} free after`;
  const what = `hot-unplug ${formatSize(live.memory - desired.memory)} as ${describeDimms(removed, "out of")} (${free}), ${where}`;
  return `${what}; ${formatChange(live.memory, desired.memory)} of at most ${formatSize(live.maxMemory?.size ?? live.memory)}`;
}

/** What the reader of a preview should know beside the DIMMs. */
export function shrinkNotes(desired: DesiredMemory, observed: Observed, live: MemoryView): string[] {
  return [
    "no restart",
    "the guest has to give it up: what it refuses stays, and the update fails then",
    ...ceilingNotes(desired, observed, live.maxMemory?.size ?? live.memory),
    ...(observed.persistent ? [] : ["the domain is transient, so the new size ends with it"]),
  ];
}

export function describeRemoval({ size, slot, node, alias }: DimmRemoval): string {
  return `the DIMM of ${formatSize(size)} out of ${slot === undefined ? alias : `slot ${slot}`}, node ${node}`;
}

/** «256 MiB in slot 0 and 1 GiB in slot 2» */
export function describeDevices(devices: MemoryDevice[]): string {
  if (devices.length === 0) return "none";
  const said = devices.map(
    ({ size, slot, alias }) => `${formatSize(size)} in ${slot === undefined ? alias : `slot ${slot}`}`,
  );
  return said.length === 1 ? said.join() : `${said.slice(0, -1).join(", ")} and ${said.at(-1)}`;
}

/** Why a decrease is more than there is to take out: what the domain was started with, and DIMMs of others, stay. */
export function describeRemaining(
  decrease: Kib,
  have: Kib,
  desired: DesiredMemory,
  live: MemoryView,
): string {
  if (live.devices.length === 0)
    return `memory that a running domain was started with can't be taken away (${formatMib(decrease)} less is asked)`;
  const nodes = targetNodes(desired, live);
  const total = (devices: MemoryDevice[]) => sum(devices.map(countedSize));
  const theirs = total(live.devices.filter((device) => !isManaged(device)));
  const elsewhere = total(
    live.devices.filter((device) => isManaged(device) && !nodes.includes(device.node ?? 0)),
  );
  const base = live.memory - total(live.devices);
  const stays = [
    `${formatMib(base)} that the domain was started with`,
    ...(theirs > 0 ? [`${formatMib(theirs)} in memory devices of others`] : []),
    ...(elsewhere > 0
      ? [`${formatMib(elsewhere)} in DIMMs on nodes other than hotplug.targetNode (${nodes.join(", ")})`]
      : []),
  ];
  const ours =
    have === 0
      ? "none of it is in DIMMs of this provider's"
      : `this provider's DIMMs come to ${formatMib(have)}`;
  return `${formatMib(decrease)} less is asked, and ${ours}${nodes.length === 1 ? ` on node ${nodes[0]}` : ""}; what stays: ${stays.join(", ")}`;
}

/** More ranges than this don't help a reader. */
const MOST_RANGES = 4;

/** «1003 MiB to 1515 MiB in steps of 256 MiB; 2539 MiB» */
export function formatRanges(sizes: Reachable[]): string {
  const said = sizes.map(formatRange);
  if (said.length <= MOST_RANGES) return said.join("; ");
  const [first, last] = [sizes[0]?.from ?? 0, sizes.at(-1)?.to ?? 0];
  const count = sizes.reduce((sizes, { from, to, step }) => sizes + (to - from) / step + 1, 0);
  return `${count} sizes from ${formatMib(first)} to ${formatMib(last)}`;
}

function formatRange({ from, to, step }: Reachable): string {
  return from === to
    ? formatMib(from)
    : `${formatMib(from)} to ${formatMib(to)} in steps of ${formatMib(step)}`;
}
