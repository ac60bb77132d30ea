import { sayMib, saySize } from "../../args/size.ts";
import type { Kib } from "../../domain/state.ts";
import type { Asked } from "../asked.ts";
import { MINIMAL_NODE, sum } from "../cells.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Layout } from "../plan.ts";
import { arrow, when } from "../words.ts";
import { misaligned, sayDimms } from "./layout.ts";
import { targetNodes } from "./spread.ts";

/** Linux keeps 1/64 of added memory as its map, taken from what the guest has; beyond this multiple it may have none left. */
const MOST_OVER_BOOT = 32;

/** «hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB» */
export function saysGrowth(increase: Kib, asked: Asked, live: MemoryView, layout: Layout): string {
  const { dimms, freeSlots, slots, ceiling } = layout;
  const nodes = [...new Set(dimms.map(({ node }) => node))];
  const where = nodes.length === 1 ? `node ${nodes[0]}` : `spread over nodes ${nodes.join(", ")}`;
  const what = `hot-plug ${saySize(increase)} as ${sayDimms(dimms, "into")} (${freeSlots} of ${slots} free after), ${where}`;
  return `${what}; ${arrow(live.memory, asked.memory)} of at most ${saySize(ceiling)}`;
}

/** What the reader of a preview should know beside the layout. */
export function growthNotes(asked: Asked, observed: Observed, live: MemoryView, layout: Layout): string[] {
  const { ceiling, freeSlots } = layout;
  return [
    "no restart",
    ...ceilingReached(asked, observed),
    ...when(
      freeSlots === 0 && asked.memory < ceiling,
      "the last slot goes: the next increase needs the domain shut down and started first",
    ),
    ...otherCeiling(asked, ceiling),
    ...emptyNode(asked, live),
    ...misplaced(live, layout),
    ...unsuitable(asked, live),
    ...tooMuchAtOnce(asked, live),
    ...when(!observed.persistent, "the domain is transient, so the new size ends with it"),
    ...when(
      observed.power === "paused",
      "the domain is paused: the guest sees the memory, and can confirm it, when it resumes",
    ),
  ];
}

/** What becomes of the ceiling at the next boot. */
export function ceilingNotes(asked: Asked, observed: Observed, ceiling: Kib): string[] {
  return [...ceilingReached(asked, observed), ...otherCeiling(asked, ceiling)];
}

function ceilingReached({ memory, maxMemory }: Asked, { persistent }: Observed): string[] {
  return when(
    memory === maxMemory && persistent,
    "the ceiling is reached: the next boot has no headroom unless maxMemory is raised",
  );
}

function otherCeiling({ memory, maxMemory }: Asked, ceiling: Kib): string[] {
  return when(
    maxMemory !== ceiling && memory < maxMemory,
    `the maximum of ${saySize(maxMemory)} takes effect at the next boot`,
  );
}

function emptyNode(asked: Asked, live: MemoryView): string[] {
  const grown = live.cells.filter(
    (cell) => targetNodes(asked, live).includes(cell.id) && cell.memory <= MINIMAL_NODE,
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
  const which = `the ${device.model} of ${sayMib(device.size)}${device.slot === undefined ? "" : ` in slot ${device.slot}`}`;
  return [`placed at ${first.base}, since ${which} is off the guest's memory blocks`];
}

/** An alignment that happens to fit this time. */
function unsuitable({ alignment }: Asked, { guestBlock }: MemoryView): string[] {
  if (guestBlock === undefined || guestBlock <= alignment) return [];
  return [
    `hotplug.alignment is ${sayMib(alignment)}, and the memory block of this guest ${sayMib(guestBlock)}, by its agent: only multiples of that are live`,
  ];
}

export function tooMuchAtOnce(asked: Asked, live: MemoryView): string[] {
  const boot = sum(live.cells.map((cell) => cell.memory));
  if (boot === 0 || asked.memory - boot <= boot * MOST_OVER_BOOT) return [];
  return [
    `more than ${MOST_OVER_BOOT} times what the guest was started with (${sayMib(boot)}), which may be too little for the map of the new memory (1/64 of it): shut it down and start it on the way`,
  ];
}
