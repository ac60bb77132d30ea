import type { Kib } from "../../units/kib.ts";
import { formatMib } from "../../units/size.ts";
import type { Reachable } from "../plan.ts";
import { formatPair } from "../text.ts";

/** A longer list of ranges doesn't help a reader. */
const MOST_RANGES = 4;

/** "1003–1515 MiB, step 256 MiB; 2539 MiB" */
export function formatRanges(sizes: Reachable[]): string {
  if (sizes.length <= MOST_RANGES) return sizes.map(formatRange).join("; ");
  const [first, last] = [sizes[0]?.from ?? 0, sizes.at(-1)?.to ?? 0];
  const count = sizes.reduce((sizes, { from, to, step }) => sizes + (to - from) / step + 1, 0);
  return `${count} sizes from ${formatMib(first)} to ${formatMib(last)}`;
}

function formatRange({ from, to, step }: Reachable): string {
  return from === to ? formatMib(from) : `${formatPair(from, "–", to)}, step ${formatMib(step)}`;
}

/** "sizes that work without a restart: 1259 MiB (current), 1515 MiB; range 1515–8171 MiB, step 256 MiB" */
export function describeLiveSizes(nearest: Kib[], current: Kib, all: Reachable[]): string {
  if (all.length === 0) return "no other size works without a restart";
  const sizes = nearest.map((size) => `${formatMib(size)}${size === current ? " (current)" : ""}`);
  const isRange = all.length === 1 && all[0]?.from !== all[0]?.to;
  return `sizes that work without a restart: ${sizes.join(", ")}; ${isRange ? "range" : "all:"} ${formatRanges(all)}`;
}

/** " (live: 1259 or 1515 MiB)": for a headline; empty where no size near it works. */
export function liveSizesHint(nearest: Kib[], current: Kib): string {
  const [below, above] = nearest.filter((size) => size !== current);
  if (below === undefined) return "";
  return ` (live: ${above === undefined ? formatMib(below) : formatPair(below, " or ", above)})`;
}
