import type { Kib } from "../../domain/state.ts";
import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import { leastMemory } from "../definition.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Reachable } from "../plan.ts";
import { otherKindReason, resizableTo } from "../virtio-mem/rules.ts";
import { againstAnyDetach, removableOn } from "./shrink.ts";
import { targetNodes } from "./spread.ts";
import { sumsOf } from "./subset.ts";

/** The sizes that a running domain can be shrunk to without a restart, by the planner's own rules; ascending. */
export function downwardSizes(asked: Asked, observed: Observed): Reachable[] {
  if (asked.device === "virtio-mem") return resizableTo(asked, observed).down;
  const { live } = observed;
  if (live === undefined || !asked.allowUnplug || asked.applyOn === "nextBoot") return [];
  if (againstAnyDetach(asked, observed).length > 0 || otherKindReason(asked, live) !== undefined) return [];
  const least = leastMemory(asked, observed);
  const sizes = decreases(asked, live)
    .map((decrease) => live.memory - decrease)
    .filter((size) => size >= least)
    .sort((a, b) => a - b);
  return ranges(sizes, live.memory);
}

/** All that DIMMs of the target nodes add up to; spread, what leaves the same on every node. */
function decreases(asked: Asked, live: MemoryView): Kib[] {
  const nodes = targetNodes(asked, live).map((node) => removableOn(node, live).map(({ size }) => size));
  const [only = [], ...others] = nodes;
  if (others.length === 0) return sumsOf(only);
  const total = sum(nodes.map(sum));
  const left = nodes.map((sizes) => [0, ...sumsOf(sizes)].map((taken) => sum(sizes) - taken));
  const alike = left.reduce((same, sizes) => {
    const those = new Set(sizes);
    return same.filter((size) => those.has(size));
  });
  return alike.map((size) => total - size * nodes.length).filter((decrease) => decrease > 0);
}

/** As few ranges as can be read off in one pass; the step of a single size is the way to the next one. */
function ranges(sizes: Kib[], present: Kib): Reachable[] {
  const found: Reachable[] = [];
  for (const [index, size] of sizes.entries()) {
    const last = found.at(-1);
    if (last !== undefined && size - last.to === last.step) last.to = size;
    else found.push({ from: size, to: size, step: (sizes[index + 1] ?? present) - size });
  }
  return found;
}
