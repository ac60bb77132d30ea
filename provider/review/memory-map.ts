import { drawBar } from "../explain/bar.ts";
import { ceilingOf } from "../explain/drawing.ts";
import { FREE, type LegendEntry, legendOf, nodeKey, pieces } from "../explain/legend.ts";
import type { MappedDevice, MemoryMap } from "../explain/memory-map.ts";
import { foreignText } from "../foreign-text.ts";
import { formatMib, formatSize } from "../units/size.ts";
import type { DomainReview } from "./domain-review.ts";

/** The maps of a domain that has one. */
export type Maps = Pick<DomainReview, "before" | "after" | "atBoot">;

/** A row below the bars. */
export interface LegendRow {
  key: string;
  part: string;
  size: string;
  /** What happens to it. */
  remark: string;
}

/** A comment on a phone, or beside the code, has about this many columns. */
const COLUMNS = 64;
const LABEL = 9;
/** More rows don't help a reader. */
const MOST_ROWS = 20;

/** The maps before and after as text, on one scale. */
export function drawMaps(maps: Maps): string[] {
  const shown = namedMaps(maps);
  const scale = Math.max(...shown.map(({ map }) => ceilingOf(map)));
  const columns = COLUMNS - LABEL;
  const legend = legendOfMaps(maps);
  const rows = legendRows(maps);
  const width = Math.max(...rows.map(({ part }) => part.length));
  const sizes = Math.max(...rows.map(({ size }) => size.length));
  return [
    ...shown.map(({ label, map }) => {
      const length = Math.max(1, Math.round((ceilingOf(map) / scale) * columns));
      const bar = drawBar(pieces(map, legend), ceilingOf(map), length);
      return label.padEnd(LABEL) + bar.map(({ text }) => text).join("");
    }),
    `${" ".repeat(LABEL)}0${formatSize(scale).padStart(columns - 1)}`,
    ...rows.slice(0, MOST_ROWS).map(({ key, part, size, remark }) => {
      const line = `  ${key}  ${part.padEnd(width)}  ${size.padStart(sizes)}  ${remark}`;
      return line.trimEnd();
    }),
    ...(rows.length > MOST_ROWS ? [`     and ${rows.length - MOST_ROWS} more`] : []),
  ];
}

/** A map and what it is of. */
export interface NamedMap {
  label: "before" | "after" | "at boot";
  map: MemoryMap;
}

export function namedMaps({ before, after, atBoot }: Maps): NamedMap[] {
  return [
    ...(before ? [{ label: "before" as const, map: before }] : []),
    ...(after ? [{ label: "after" as const, map: after }] : []),
    ...(atBoot ? [{ label: "at boot" as const, map: atBoot }] : []),
  ];
}

/** The devices before, then those that are new. */
export function legendOfMaps({ before, after }: Maps): LegendEntry[] {
  return legendOf({ ...(before && { live: before }), ...(after && { nextBoot: after }) });
}

/** The parts of the maps, the base first, with what happens to each. */
export function legendRows(maps: Maps): LegendRow[] {
  const { before, after } = maps;
  const last = after ?? before;
  if (last === undefined) return [];
  const isKept = (entry: LegendEntry) =>
    after === undefined ||
    legendOf({ live: after, nextBoot: { ...last, devices: [entry.device] } }).length === after.devices.length;
  return [
    ...baseRows(maps),
    ...legendOfMaps(maps).map((entry) => {
      const { key, device, nextBootOnly } = entry;
      const remarks = [
        ...(nextBootOnly && before !== undefined ? ["new"] : []),
        ...(nextBootOnly || isKept(entry) ? [] : ["removed"]),
        ...(device.ours ? [] : ["not managed by this provider"]),
        ...(device.taken === false ? ["rejected by the guest"] : []),
      ];
      return { key, part: partOf(device), size: formatMib(device.size), remark: remarks.join(", ") };
    }),
    roomRow(last),
  ];
}

function baseRows({ before, after }: Maps): LegendRow[] {
  const row = (id: number | undefined, from: number | undefined, to: number | undefined): LegendRow => ({
    key: nodeKey(id ?? 0),
    part: id === undefined ? "base memory" : `base memory of node ${id}`,
    size: formatMib(to ?? from ?? 0),
    remark: from === undefined || to === undefined || from === to ? "" : `${formatMib(from)} before`,
  });
  const cells = (after ?? before)?.cells ?? [];
  if (cells.length < 2) return [row(undefined, before?.baseMemory, after?.baseMemory)];
  const sizeIn = (map: MemoryMap | undefined, id: number) =>
    map?.cells.find((cell) => cell.id === id)?.memory;
  return cells.map(({ id }) => row(id, sizeIn(before, id), sizeIn(after, id)));
}

/** "DIMM in slot 0, node 0" */
function partOf({ model, slot, node, alias }: MappedDevice): string {
  const name = model === "dimm" ? "DIMM" : model;
  const place =
    slot === undefined ? (alias === undefined ? "" : ` ${foreignText(alias)}`) : ` in slot ${slot}`;
  return `${name}${place}${node === undefined ? "" : `, node ${node}`}`;
}

function roomRow({ maxMemory, memory, freeSlots }: MemoryMap): LegendRow {
  if (maxMemory === undefined)
    return { key: " ", part: "no headroom", size: formatMib(0), remark: "maxMemory is the size" };
  const slots = maxMemory.slots ?? 0;
  return {
    key: FREE,
    part: "headroom",
    size: formatMib(Math.max(0, maxMemory.size - memory)),
    remark: `${freeSlots.length} of ${slots} slots free, ceiling ${formatSize(maxMemory.size)}`,
  };
}
