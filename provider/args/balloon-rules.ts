import type { Kib } from "../units/kib.ts";
import { KIB_PER_MIB } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { knownSize } from "./unknown.ts";

/** What is wrong with `currentMemory`: the first of it. */
export function balloonFailures(inputs: Partial<Inputs>): Failure[] {
  if (inputs.currentMemory === undefined) return [];
  const reason = inputs.balloon === false ? NO_BALLOON : outOfBounds(inputs);
  return reason === undefined ? [] : [{ property: "currentMemory", reason }];
}

const NO_BALLOON =
  "is what the balloon leaves the guest, and balloon: false takes the balloon away; take one of them out";

function outOfBounds(inputs: Partial<Inputs>): string | undefined {
  const [left, memory] = [knownSize(inputs.currentMemory), knownSize(inputs.memory)];
  if (left === undefined || memory === undefined) return undefined;
  if (left > memory)
    return `is ${formatMib(left)}, above memory, ${formatMib(memory)}; lower it to at most that, or take it out: then the balloon leaves all of it`;
  const least = leastLeft(memory);
  if (left >= least) return undefined;
  return `is ${formatMib(left)}; of ${formatMib(memory)} the balloon must leave at least ${formatMib(least)}: a guest's kernel and its map of that memory, without which it panics`;
}

/**
 * Linux has some 100 MiB in use when it has booted, and its map of all memory, 1/64 of it, stays in what the balloon
 * leaves. With less the kernel panics («System is deadlocked on memory»).
 */
function leastLeft(memory: Kib): Kib {
  const map = Math.ceil(memory / MAP_SHARE / KIB_PER_MIB) * KIB_PER_MIB;
  return Math.min(memory, LEAST_KERNEL + map);
}

const LEAST_KERNEL = 128 * KIB_PER_MIB;
const MAP_SHARE = 64;
