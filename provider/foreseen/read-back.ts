import type { Inputs } from "../args/inputs.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { bootRounding } from "../plan/guest-block.ts";
import type { MemoryView } from "../plan/observed.ts";

/** Outputs by name. */
export type Properties = Record<string, unknown>;

/** The outputs that are read back from the domain and its guest. */
export const READ_BACK = [
  ...["state", "stateReason", "liveMemory", "nextBootMemory", "pendingMemory", "savedMemory"],
  ...["memoryDevices", "liveMemorySlots", "reachable", "guestMemory", "guestMemoryFrom"],
  ...["reachableVcpus", "guestVcpus"],
] as const;

export type ReadBack = (typeof READ_BACK)[number];

/** Whether QEMU starts the domain with more memory than its definition has. */
export function isRoundedAtBoot(view: MemoryView): boolean {
  const sizes = view.cells.length === 0 ? [view.memory] : view.cells.map(({ memory }) => memory);
  return sizes.some((size) => size % bootRounding(view) !== 0);
}

/** All outputs that are read back, as a preview that foresees none of them shows them. */
export function allUnknown(): Properties {
  return unknownOf(READ_BACK);
}

export function unknownOf(names: readonly ReadBack[]): Properties {
  return Object.fromEntries(names.map((name) => [name, UNKNOWN]));
}

/** Also where they are undefined. */
export function pick(from: object, names: readonly ReadBack[]): Properties {
  return Object.fromEntries(names.map((name) => [name, Reflect.get(from, name)]));
}

/** The arguments and the computed inputs, without what the provider keeps for itself. */
export function shown(inputs: Inputs): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => !name.startsWith("__")));
}
