import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { reasonsAgainstAnyDetach } from "../dimms/detach-rules.ts";
import { removableDimms } from "../dimms/removable.ts";
import { subsetSums } from "../dimms/subset-sum.ts";
import { targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { pauseObstacles } from "../pause.ts";
import type { Reachable } from "../plan.ts";
import { deviceKindReason } from "../virtio-mem/rules.ts";
import { acceptableSizes, livePart, type SizeContext } from "./acceptable.ts";
import { virtioMemSizes } from "./virtio-mem.ts";

/** The sizes that a running domain can shrink to without a restart, by the planner's own rules; ascending. */
export function downwardSizes(
  desired: DesiredMemory,
  observed: Observed,
  context: SizeContext = {},
): Reachable[] {
  if (desired.device === "virtio-mem") return virtioMemSizes(desired, observed, context).down;
  const { live } = observed;
  if (live === undefined || !desired.allowUnplug || desired.applyOn === "nextBoot") return [];
  if (pauseObstacles(observed).length > 0) return [];
  if (reasonsAgainstAnyDetach(desired, observed).length > 0 || deviceKindReason(desired, live) !== undefined)
    return [];
  const sizes = decreases(desired, live)
    .map((decrease) => live.memory - decrease)
    .sort((a, b) => a - b);
  const sizeOf = (index: number) => sizes[index] ?? 0;
  const part = livePart({ count: sizes.length, sizeOf }, acceptableSizes(desired, observed, live, context));
  return part === undefined ? [] : ranges(sizes.slice(part.first, part.last + 1), live.memory);
}

/** The smaller sizes that would work if the program allowed unplugging; none if it does. */
export function sizesWithUnplug(
  desired: DesiredMemory,
  observed: Observed,
  context: SizeContext = {},
): Reachable[] {
  return desired.allowUnplug ? [] : downwardSizes({ ...desired, allowUnplug: true }, observed, context);
}

/** All sums of DIMMs on the target nodes; spread, those that leave the same amount on every node. */
function decreases(desired: DesiredMemory, live: MemoryView): Kib[] {
  const nodes = targetNodes(desired, live).map((node) => removableDimms(node, live).map(({ size }) => size));
  const [only = [], ...others] = nodes;
  if (others.length === 0) return subsetSums(only);
  const total = sum(nodes.map(sum));
  const left = nodes.map((sizes) => [0, ...subsetSums(sizes)].map((taken) => sum(sizes) - taken));
  const alike = left.reduce((same, sizes) => {
    const those = new Set(sizes);
    return same.filter((size) => those.has(size));
  });
  return alike.map((size) => total - size * nodes.length).filter((decrease) => decrease > 0);
}

/** The ranges that one pass finds. A single size has the step to the next one. */
function ranges(sizes: Kib[], present: Kib): Reachable[] {
  const found: Reachable[] = [];
  for (const [index, size] of sizes.entries()) {
    const last = found.at(-1);
    if (last !== undefined && size - last.to === last.step) last.to = size;
    else found.push({ from: size, to: size, step: (sizes[index + 1] ?? present) - size });
  }
  return found;
}
