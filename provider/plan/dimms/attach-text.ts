import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { MINIMAL_NODE } from "../numa/cells.ts";
import { targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed, ObservedDevice } from "../observed.ts";
import type { DimmPlan, Layout } from "../plan.ts";
import {
  formatChange,
  formatNumbers,
  headline,
  maximumNotes,
  noteIf,
  pageMapNotes,
  transientNotes,
  withArticle,
} from "../text.ts";
import { misaligned } from "./layout.ts";

/** "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart" */
export function growthHeadline(desired: DesiredMemory, live: MemoryView, layout: Layout): string {
  const { dimms, freeSlots, slots } = layout;
  const change = formatChange(live.memory, desired.memory);
  const free = `${freeSlots} of ${slots}`;
  const nodes = [...new Set(dimms.map(({ node }) => node))];
  const where =
    nodes.length === 1
      ? `in ${describeSlots(dimms)} (${free} free)`
      : `on nodes ${formatNumbers(nodes)} (${free} slots free)`;
  return headline(
    "live",
    `${change}, ${countDimms(dimms)} ${where}, no restart`,
    `${change}, ${countDimms(dimms)} (${free} slots free), no restart`,
    `${change}, ${dimms.length === 1 ? "1 DIMM" : `${dimms.length} DIMMs`}, no restart`,
  );
}

/** "one 256 MiB DIMM", "2 DIMMs of 512 MiB", "3 DIMMs" of several sizes */
export function countDimms(dimms: Pick<ObservedDevice, "size">[]): string {
  const [first] = dimms;
  if (first === undefined) return "no DIMM";
  if (dimms.length === 1) return `one ${formatSize(first.size)} DIMM`;
  const isUniform = dimms.every(({ size }) => size === first.size);
  return `${dimms.length} DIMMs${isUniform ? ` of ${formatSize(first.size)}` : ""}`;
}

/** "slot 0", "slots 0 and 2–5" */
export function describeSlots(dimms: Pick<ObservedDevice, "slot">[]): string {
  const slots = dimms.flatMap(({ slot }) => slot ?? []);
  return `slot${slots.length === 1 ? "" : "s"} ${formatNumbers(slots)}`;
}

/** "a 256 MiB DIMM in slot 0, node 0" */
export function describeDimm({ size, slot, node, base }: DimmPlan): string {
  const address = base === undefined ? "" : `, at ${base}`;
  return `${withArticle(`${formatSize(size)} DIMM`)} in slot ${slot}, node ${node}${address}`;
}

/** What the reader of a preview should know besides the DIMMs. */
export function growthNotes(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  layout: Layout,
): string[] {
  const { ceiling, freeSlots } = layout;
  return [
    ...maximumNotes(desired, observed, ceiling),
    ...noteIf(
      freeSlots === 0 && desired.memory < ceiling,
      "this uses the last slot: the next increase needs a restart first",
    ),
    ...firstMemoryNotes(desired, live),
    ...addressNotes(live, layout),
    ...alignmentNotes(desired, live),
    ...pageMapNotes(desired, live),
    ...transientNotes(observed),
    ...noteIf(
      observed.power === "paused",
      "the domain is paused: the guest sees the memory and can confirm it once the domain resumes",
    ),
  ];
}

function firstMemoryNotes(desired: DesiredMemory, live: MemoryView): string[] {
  const nodes = targetNodes(desired, live);
  const hasDevice = (id: number) => live.devices.some((device) => device.node === id);
  return live.cells
    .filter(({ id, memory }) => nodes.includes(id) && memory <= MINIMAL_NODE && !hasDevice(id))
    .map(({ id }) => `first memory for node ${id}; from the next boot it is a regular node`);
}

function addressNotes(live: MemoryView, { dimms }: Layout): string[] {
  const base = dimms[0]?.base;
  const [device] = misaligned(live);
  if (base === undefined || device === undefined) return [];
  const slot = device.slot === undefined ? "" : ` in slot ${device.slot}`;
  const which = `${formatMib(device.size)} ${device.model.toUpperCase()}${slot}`;
  return [`the new memory starts at ${base}, since the ${which} is not aligned to the guest's memory blocks`];
}

/** The increase fits, but the alignment is smaller than the guest's memory block. */
function alignmentNotes({ alignment }: DesiredMemory, { guestBlock }: MemoryView): string[] {
  if (guestBlock === undefined || guestBlock <= alignment) return [];
  return [
    `hotplug.alignment is ${formatMib(alignment)}, but the guest's memory block is ${formatMib(guestBlock)} (reported by the guest agent): only multiples of that can be added live`,
  ];
}
