import type { Kib } from "../units/kib.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { knownSize } from "./unknown.ts";

/** `currentMemory` needs a balloon, and bounds the balloon target. */
export function balloonTarget(inputs: Partial<Inputs>): Failure[] {
  if (inputs.currentMemory === undefined) return [];
  const reason = inputs.balloon === false ? NO_BALLOON : outOfBounds(inputs);
  return reason === undefined ? [] : [{ property: "currentMemory", reason }];
}

const NO_BALLOON = "needs a balloon device, but balloon is false; remove one of the two";

function outOfBounds(inputs: Partial<Inputs>): string | undefined {
  const [target, memory] = [knownSize(inputs.currentMemory), knownSize(inputs.memory)];
  if (target === undefined || memory === undefined) return undefined;
  if (target > memory)
    return `is ${formatMib(target)}, above memory (${formatMib(memory)}); lower it, or remove it to leave the guest all of its memory`;
  const least = minimumTarget(memory);
  if (target >= least) return undefined;
  return `is ${formatMib(target)}, but with ${formatMib(memory)} of memory the guest's kernel needs at least ${formatMib(least)}`;
}

/**
 * A booted Linux has some 100 MiB in use, and its page map of all memory, 1/64 of it, has to fit into the memory that
 * the balloon leaves. With less, the kernel panics ("System is deadlocked on memory").
 */
function minimumTarget(memory: Kib): Kib {
  const pageMap = Math.ceil(memory / PAGE_MAP_SHARE / KIB_PER_MIB) * KIB_PER_MIB;
  return Math.min(memory, KERNEL_MINIMUM + pageMap);
}

const KERNEL_MINIMUM = 128 * KIB_PER_MIB;
const PAGE_MAP_SHARE = 64;
