import type { Kib } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { DesiredMemory } from "./desired.ts";
import { planFallback } from "./fallback.ts";
import type { SizeContext } from "./live-sizes/acceptable.ts";
import { downwardSizes, sizesWithUnplug } from "./live-sizes/down.ts";
import { describeLiveSizes, formatRanges, liveSizesHint } from "./live-sizes/text.ts";
import { upwardSizes } from "./live-sizes/up.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { Obstacle, Plan, Reachable, Step } from "./plan.ts";
import { formatChange, noteIf } from "./text.ts";
import { deviceKindReason } from "./virtio-mem/rules.ts";

interface Refused {
  obstacles: Obstacle[];
  /** What the sizes that work live depend on besides the domain. */
  context: SizeContext;
  /** The steps that set the inactive definition; none where nothing differs. */
  definition: Step[];
  /** What a restart or a replace brings besides the size. */
  notes: string[];
}

/** Plans a size that the running domain can't get, with the sizes that it can. */
export function planMemoryFallback(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  { obstacles, definition, notes, context }: Refused,
): Plan {
  const field = fieldOf(desired, live);
  const subject =
    field === "memory"
      ? formatChange(live.memory, desired.memory)
      : field === "hotplug"
        ? "hotplug.device"
        : field;
  const sizes = nearestSizes(desired, observed, live, context);
  return planFallback(desired, observed, {
    field,
    subject,
    obstacles,
    hint: field === "memory" ? liveSizesHint(sizes.nearest, live.memory) : "",
    options: [
      ...(field === "memory" ? [describeLiveSizes(sizes.nearest, live.memory, sizes.all)] : []),
      ...unplugOptions(desired, observed, live, obstacles, context),
    ],
    size: formatMib(desired.memory),
    definition,
    notes,
  });
}

/** The argument whose change needs the fallback. */
function fieldOf(desired: DesiredMemory, live: MemoryView): "memory" | "hotplug" | "numa" {
  if (live.memory !== desired.memory) return "memory";
  return deviceKindReason(desired, live) === undefined ? "numa" : "hotplug";
}

/** The smaller sizes that would work if the program allowed unplugging, if no DIMMs add up to the desired decrease. */
function unplugOptions(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  obstacles: Obstacle[],
  context: SizeContext,
): string[] {
  const isDimms = desired.device === "dimm" && desired.memory < live.memory;
  if (!isDimms || obstacles.some(({ code }) => code === "unplug-not-allowed")) return [];
  const sizes = sizesWithUnplug(desired, observed, context);
  return noteIf(sizes.length > 0, `hotplug.allowUnplug: true would also allow ${formatRanges(sizes)}`);
}

/** The sizes that work without a restart, and the nearest of them around the desired one. */
function nearestSizes(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  context: SizeContext,
): { all: Reachable[]; nearest: Kib[] } {
  const up = upwardSizes(desired, observed, context);
  const all = [...downwardSizes(desired, observed, context), ...(up ? [up] : [])];
  return { all, nearest: around(desired.memory, live.memory, all) };
}

/** The nearest size below the wanted one and the nearest above it; the present size counts as well. */
function around(wanted: Kib, present: Kib, sizes: Reachable[]): Kib[] {
  const fitting = sizes.flatMap(({ from, to, step }) => {
    if (wanted < from) return [from];
    const below = Math.min(to, from + Math.floor((wanted - from) / step) * step);
    return below + step <= to ? [below, below + step] : [below];
  });
  const all = [present, ...fitting].sort((a, b) => a - b);
  const below = all.findLast((size) => size <= wanted);
  const above = all.find((size) => size > wanted);
  return [below, above].flatMap((size) => size ?? []);
}
