import { defined } from "../../defined.ts";
import type { MemoryDevice } from "../../domain/state.ts";
import { sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import { nodeShares } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { DimmRemoval } from "../plan.ts";
import { fewestSummingTo } from "./subset-sum.ts";

/**
 * Our DIMMs on a node, oldest first: libvirt lists devices in the order in which they were plugged, while slots are
 * reused.
 */
export function removableDimms(node: number, live: MemoryView): MemoryDevice[] {
  return live.devices.filter(
    (device) => device.model === "dimm" && isManaged(device) && device.node === node,
  );
}

/**
 * The DIMMs that a decrease removes, newest first: from the target node, or from each node what exceeds its share. They
 * are the fewest and newest that add up to exactly the decrease; undefined if none do.
 */
export function dimmsToRemove(desired: DesiredMemory, live: MemoryView): MemoryDevice[] | undefined {
  const chosen = nodeShares(desired.memory - live.memory, desired, live).map(({ node, size }) => {
    const dimms = removableDimms(node, live);
    const sizes = dimms.map((dimm) => dimm.size);
    return size > 0 ? undefined : fewestSummingTo(-size, sizes)?.flatMap((index) => dimms[index] ?? []);
  });
  if (chosen.includes(undefined)) return undefined;
  const taken = new Set(chosen.flatMap((dimms) => dimms ?? []));
  if (sum([...taken].map(({ size }) => size)) !== live.memory - desired.memory) return undefined;
  return live.devices.filter((device) => taken.has(device)).reverse();
}

export function toRemoval({ size, node = 0, alias = "", slot, base }: MemoryDevice): DimmRemoval {
  return defined({ size, node, alias, slot, base });
}

/** The domain without these devices. */
export function withoutDevices(
  removed: MemoryDevice[],
  observed: Observed,
  live: MemoryView,
): Observed & { live: MemoryView } {
  const devices = live.devices.filter((device) => !removed.includes(device));
  const memory = live.memory - sum(removed.map(({ size }) => size));
  return { ...observed, live: { ...live, memory, devices } };
}
