import type { Inputs } from "../args/inputs.ts";
import { DEFAULT_ALIGNMENT } from "../args/limits.ts";
import { readCanonicalSize, UNKNOWN } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";

/** What the program asks of a domain's memory, every default applied. */
export interface Asked {
  memory: Kib;
  maxMemory: Kib;
  slots: number;
  alignment: Kib;
  whenNotPossible: "replace" | "error";
  /** The guest NUMA node that takes what is above the cells' shares. */
  targetNode: number;
}

/** Undefined while a size that the plan needs isn't known. */
export function askedMemory(inputs: Inputs): Asked | undefined {
  const hotplug: unknown = inputs.hotplug;
  const { alignment, whenNotPossible } = inputs.hotplug ?? {};
  const needed: unknown[] = [
    inputs.memory,
    inputs.maxMemory,
    inputs.memorySlots,
    hotplug,
    alignment,
    whenNotPossible,
  ];
  if (needed.includes(UNKNOWN)) return undefined;
  return {
    memory: readCanonicalSize(inputs.memory),
    maxMemory: readCanonicalSize(inputs.maxMemory),
    slots: inputs.memorySlots,
    alignment: alignment === undefined ? DEFAULT_ALIGNMENT : readCanonicalSize(alignment),
    whenNotPossible: whenNotPossible ?? "replace",
    targetNode: 0,
  };
}
