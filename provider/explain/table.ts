import { formatMib } from "../units/size.ts";
import type { Explanation, MappedDevice, MemoryMap } from "./explanation.ts";
import { FREE, type LegendEntry, nodeKey } from "./legend.ts";
import { hangingIndent, paint, type Style, type Terminal } from "./terminal.ts";

const HEAD = ["", "part", "node", "size", "slot", "address", "whose", "alias"] as const;

/** Numbers stand at the right. */
const AT_RIGHT: ReadonlySet<string> = new Set(["node", "size", "slot"]);

interface Row {
  cells: string[];
  ink?: Style;
  /** What there is to say below it. */
  remark?: string | undefined;
}

/** Every part of the map in a line of its own, with the character that stands for it in the bar. */
export function drawTable(explanation: Explanation, parts: LegendEntry[], paper: Terminal): string[] {
  const map = explanation.live ?? explanation.nextBoot;
  if (map === undefined) return [];
  const rows: Row[] = [
    { cells: [...HEAD], ink: "dim" },
    ...baseRows(map),
    ...parts.map((part) => partRow(part, map)),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  return [
    ...rows.flatMap((row) => drawRow(row, widths, paper)),
    ...(map.maxMemory ? hangingIndent(`  ${FREE}  `, saysFree(map), paper) : []),
  ];
}

function baseRows(map: MemoryMap): Row[] {
  if (map.cells.length === 0)
    return [{ cells: [nodeKey(0), "base", "-", formatMib(map.baseMemory), "", "", "", ""] }];
  return map.cells.map(({ id, memory, cpus }) => ({
    cells: [
      nodeKey(id),
      "base",
      String(id),
      formatMib(memory),
      "",
      "",
      "",
      cpus === undefined ? "" : `vCPUs ${cpus}`,
    ],
  }));
}

function partRow({ key, device, nextBootOnly }: LegendEntry, map: MemoryMap): Row {
  const { model, node, size, slot, base, alias, ours, misaligned } = device;
  const remarks = [
    ...(nextBootOnly ? ["in the definition alone: it is there from the next boot on"] : []),
    ...(model === "virtio-mem" ? [saysVirtioMem(device)] : []),
    ...saysGuest(device, map),
  ];
  return {
    cells: [
      key,
      model,
      node === undefined ? "-" : String(node),
      formatMib(size),
      slot === undefined ? "-" : String(slot),
      base ?? "-",
      ours ? "ours" : "others",
      alias ?? "-",
    ],
    ...((misaligned || device.taken === false) && { ink: "yellow" }),
    remark: remarks.join("; ") || undefined,
  };
}

/** What the guest made of a device, by its agent; without that, what Linux makes of such a one. */
function saysGuest({ misaligned, taken, blocks }: MappedDevice, { guestBlock }: MemoryMap): string[] {
  const off = `off the guest's memory blocks of ${formatMib(guestBlock)}`;
  if (taken === false) return [misaligned ? `refused by the guest: ${off}` : "refused by the guest"];
  const refuses = misaligned ? [`${off}, which a Linux guest refuses`] : [];
  if (blocks === undefined) return refuses;
  const { all, online, offline } = blocks;
  const what = taken === true ? "taken" : "the guest has blocks of its range";
  return [
    ...refuses,
    `${what}: ${online} of ${all} blocks online${offline > 0 ? `, ${offline} offline` : ""}`,
  ];
}

function saysVirtioMem({ requested, current, block }: MappedDevice): string {
  return [
    `${formatMib(requested ?? 0)} requested`,
    ...(current === undefined ? [] : [`${formatMib(current)} taken by the guest`]),
    ...(block === undefined ? [] : [`in blocks of ${formatMib(block)}`]),
  ].join(", ");
}

function drawRow({ cells, ink, remark }: Row, widths: number[], paper: Terminal): string[] {
  const padded = cells.map((cell, column) =>
    AT_RIGHT.has(HEAD[column] ?? "") ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
  );
  const line = `  ${padded.join("  ")}`.trimEnd();
  const fitting = line.length > paper.columns ? `${line.slice(0, paper.columns - 1)}…` : line;
  const below = remark === undefined ? [] : hangingIndent("     ", remark, paper);
  return [fitting, ...below].map((text) => (ink === undefined ? text : paint(ink, text, paper)));
}

function saysFree({ freeSlots, maxMemory }: MemoryMap): string {
  const slots = maxMemory?.slots ?? 0;
  if (freeSlots.length === 0) return `none of ${slots} slots free`;
  return `${freeSlots.length} of ${slots} slots free: ${ranges(freeSlots)}`;
}

/** «1, 3-15» */
function ranges(numbers: number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}
