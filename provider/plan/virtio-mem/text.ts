import { sum } from "../../units/kib.ts";
import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { ResizePlan } from "../plan.ts";
import {
  formatChange,
  formatNumbers,
  formatPair,
  headline,
  maximumNotes,
  noteIf,
  pageMapNotes,
  transientNotes,
} from "../text.ts";

/** "live: 1003 → 1515 MiB, virtio-mem on node 0 at 512 of 7168 MiB, no restart" */
export function resizeHeadline(desired: DesiredMemory, live: MemoryView, devices: ResizePlan[]): string {
  const change = formatChange(live.memory, desired.memory);
  const nodes = `node${devices.length === 1 ? "" : "s"} ${formatNumbers(devices.map(({ node }) => node))}`;
  const [requested, size] = [sum(devices.map((one) => one.requested)), sum(devices.map((one) => one.size))];
  return headline(
    "live",
    `${change}, virtio-mem on ${nodes} at ${formatPair(requested, " of ", size)}, no restart`,
    `${change}, virtio-mem on ${nodes}, no restart`,
    `${change}, virtio-mem, no restart`,
  );
}

/** "grow virtio-mem on node 0 by 512 MiB to 512 of 7168 MiB" */
export function describeResize({ node, from, requested, size }: ResizePlan): string {
  const change = requested - from;
  return `${change > 0 ? "grow" : "shrink"} virtio-mem on node ${node} by ${formatMib(Math.abs(change))} to ${formatPair(requested, " of ", size)}`;
}

/** What the reader of a preview should know besides the sizes. */
export function resizeNotes(desired: DesiredMemory, observed: Observed, live: MemoryView): string[] {
  const shrinks = desired.memory < live.memory;
  return [
    ...noteIf(shrinks, "the guest releases only what it can free"),
    ...maximumNotes(desired, observed, live.maxMemory?.size ?? live.memory),
    ...(shrinks ? [] : pageMapNotes(desired, live)),
    ...transientNotes(observed),
    ...noteIf(
      observed.power === "paused",
      "the domain is paused: the guest's driver reacts once the domain resumes",
    ),
  ];
}

/** "1003 MiB of base memory and 512 MiB of virtio-mem" */
export function describeVirtioMem(cells: { memory: number }[], devices: { requested: number }[]): string {
  const base = sum(cells.map(({ memory }) => memory));
  return `${formatMib(base)} of base memory and ${formatMib(sum(devices.map(({ requested }) => requested)))} of virtio-mem`;
}
