import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";
import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { MINIMAL_NODE } from "../numa/cells.ts";
import { targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Layout } from "../plan.ts";
import { formatChange, noteIf } from "../text.ts";
import { describeDimms, misaligned } from "./layout.ts";

/** Linux keeps 1/64 of added memory as its map, taken from what the guest has; beyond this multiple it may have none left. */
const MOST_OVER_BOOT = 32;

/** «hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB» */
export function describeGrowth(
  increase: Kib,
  desired: DesiredMemory,
  live: MemoryView,
  layout: Layout,
): string {
  const { dimms, freeSlots, slots, ceiling } = layout;
  const nodes = [...new Set(dimms.map(({ node }) => node))];
  const where = nodes.length === 1 ? `node ${nodes[0]}` : `spread over nodes ${nodes.join(", ")}`;
  const what = `hot-plug ${formatSize(increase)} as ${describeDimms(dimms, "into")} (${freeSlots} of ${slots} free after), ${where}`;
  return `${what}; ${formatChange(live.memory, desired.memory)} of at most ${formatSize(ceiling)}`;
}

/** What the reader of a preview should know beside the layout. */
export function growthNotes(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  layout: Layout,
): string[] {
  const { ceiling, freeSlots } = layout;
  return [
    "no restart",
    ...ceilingReached(desired, observed),
    ...noteIf(
      freeSlots === 0 && desired.memory < ceiling,
      "the last slot goes: the next increase needs the domain shut down and started first",
    ),
    ...otherCeiling(desired, ceiling),
    ...emptyNode(desired, live),
    ...misplaced(live, layout),
    ...unsuitable(desired, live),
    ...tooMuchAtOnce(desired, live),
    ...noteIf(!observed.persistent, "the domain is transient, so the new size ends with it"),
    ...noteIf(
      observed.power === "paused",
      "the domain is paused: the guest sees the memory, and can confirm it, when it resumes",
    ),
  ];
}

/** What becomes of the ceiling at the next boot. */
export function ceilingNotes(desired: DesiredMemory, observed: Observed, ceiling: Kib): string[] {
  return [...ceilingReached(desired, observed), ...otherCeiling(desired, ceiling)];
}

function ceilingReached({ memory, maxMemory }: DesiredMemory, { persistent }: Observed): string[] {
  return noteIf(
    memory === maxMemory && persistent,
    "the ceiling is reached: the next boot has no headroom unless maxMemory is raised",
  );
}

function otherCeiling({ memory, maxMemory }: DesiredMemory, ceiling: Kib): string[] {
  return noteIf(
    maxMemory !== ceiling && memory < maxMemory,
    `the maximum of ${formatSize(maxMemory)} takes effect at the next boot`,
  );
}

function emptyNode(desired: DesiredMemory, live: MemoryView): string[] {
  const grown = live.cells.filter(
    (cell) => targetNodes(desired, live).includes(cell.id) && cell.memory <= MINIMAL_NODE,
  );
  const has = (id: number) => live.devices.some((device) => device.node === id);
  return grown
    .filter((cell) => !has(cell.id))
    .map((cell) => `node ${cell.id} gets its first memory, and is an ordinary node at the next boot`);
}

function misplaced(live: MemoryView, { dimms }: Layout): string[] {
  const [first] = dimms;
  const [device] = misaligned(live);
  if (first?.base === undefined || device === undefined) return [];
  const which = `the ${device.model} of ${formatMib(device.size)}${device.slot === undefined ? "" : ` in slot ${device.slot}`}`;
  return [`placed at ${first.base}, since ${which} is off the guest's memory blocks`];
}

/** An alignment that happens to fit this time. */
function unsuitable({ alignment }: DesiredMemory, { guestBlock }: MemoryView): string[] {
  if (guestBlock === undefined || guestBlock <= alignment) return [];
  return [
    `hotplug.alignment is ${formatMib(alignment)}, and the memory block of this guest ${formatMib(guestBlock)}, by its agent: only multiples of that are live`,
  ];
}

export function tooMuchAtOnce(desired: DesiredMemory, live: MemoryView): string[] {
  const boot = sum(live.cells.map((cell) => cell.memory));
  if (boot === 0 || desired.memory - boot <= boot * MOST_OVER_BOOT) return [];
  return [
    `more than ${MOST_OVER_BOOT} times what the guest was started with (${formatMib(boot)}), which may be too little for the map of the new memory (1/64 of it): shut it down and start it on the way`,
  ];
}
