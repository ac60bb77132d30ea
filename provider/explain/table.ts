import { hangingIndent, paint, type Style, type Terminal } from "../command/terminal.ts";
import { formatNumbers } from "../plan/text.ts";
import { formatMib } from "../units/size.ts";
import type { Explanation } from "./explanation.ts";
import { FREE, type LegendEntry, nodeKey } from "./legend.ts";
import type { MappedDevice, MemoryMap } from "./memory-map.ts";

const HEAD = ["", "part", "node", "size", "slot", "address", "managed", "alias"] as const;

/** The columns of numbers. */
const RIGHT_ALIGNED: ReadonlySet<string> = new Set(["node", "size", "slot"]);

interface Row {
  cells: string[];
  style?: Style;
  /** A line below it. */
  remark?: string | undefined;
}

/** Every part of the map, one to a line, with the character that represents it in the bar. */
export function drawTable(explanation: Explanation, legend: LegendEntry[], terminal: Terminal): string[] {
  const map = explanation.live ?? explanation.nextBoot;
  if (map === undefined) return [];
  const rows: Row[] = [
    { cells: [...HEAD], style: "dim" },
    ...baseRows(map),
    ...legend.map((entry) => deviceRow(entry, map)),
  ];
  const widths = HEAD.map((_, column) => Math.max(...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  return [
    ...rows.flatMap((row) => drawRow(row, widths, terminal)),
    ...(map.maxMemory ? hangingIndent(`  ${FREE}  `, describeSlots(map), terminal.columns) : []),
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

function deviceRow({ key, device, nextBootOnly }: LegendEntry, map: MemoryMap): Row {
  const { model, node, size, slot, base, alias, ours, misaligned } = device;
  const remarks = [
    ...(nextBootOnly ? ["only in the definition: attached from the next boot"] : []),
    ...(model === "virtio-mem" ? [describeVirtioMem(device)] : []),
    ...describeGuest(device, map),
  ];
  return {
    cells: [
      key,
      model,
      node === undefined ? "-" : String(node),
      formatMib(size),
      slot === undefined ? "-" : String(slot),
      base ?? "-",
      ours ? "yes" : "no",
      alias ?? "-",
    ],
    ...((misaligned || device.taken === false) && { style: "yellow" as const }),
    remark: remarks.join("; ") || undefined,
  };
}

/** What the guest did with a device, as reported by the guest agent; else what Linux does with a misaligned one. */
function describeGuest({ misaligned, taken, blocks }: MappedDevice, { guestBlock }: MemoryMap): string[] {
  const off = `not aligned to the guest's memory blocks of ${formatMib(guestBlock)}`;
  if (taken === false) return [misaligned ? `rejected by the guest: ${off}` : "rejected by the guest"];
  const rejected = misaligned ? [`${off}, so a Linux guest rejects it`] : [];
  if (blocks === undefined) return rejected;
  const { all, online, offline } = blocks;
  const what = taken === true ? "accepted by the guest" : "the guest has blocks in its range";
  return [
    ...rejected,
    `${what}: ${online} of ${all} blocks online${offline > 0 ? `, ${offline} offline` : ""}`,
  ];
}

function describeVirtioMem({ requested, current, block }: MappedDevice): string {
  return [
    `${formatMib(requested ?? 0)} requested`,
    ...(current === undefined ? [] : [`${formatMib(current)} taken by the guest`]),
    ...(block === undefined ? [] : [`in blocks of ${formatMib(block)}`]),
  ].join(", ");
}

function drawRow({ cells, style, remark }: Row, widths: number[], terminal: Terminal): string[] {
  const padded = cells.map((cell, column) =>
    RIGHT_ALIGNED.has(HEAD[column] ?? "")
      ? cell.padStart(widths[column] ?? 0)
      : cell.padEnd(widths[column] ?? 0),
  );
  const line = `  ${padded.join("  ")}`.trimEnd();
  const fitting = line.length > terminal.columns ? `${line.slice(0, terminal.columns - 1)}…` : line;
  const below = remark === undefined ? [] : hangingIndent("     ", remark, terminal.columns);
  return [fitting, ...below].map((text) => (style === undefined ? text : paint(style, text, terminal)));
}

function describeSlots({ freeSlots, maxMemory }: MemoryMap): string {
  const slots = maxMemory?.slots ?? 0;
  if (freeSlots.length === 0) return `none of ${slots} slots is free`;
  return `${freeSlots.length} of ${slots} slots free: ${formatNumbers(freeSlots)}`;
}
