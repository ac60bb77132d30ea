import { countedSize } from "../../domain/state.ts";
import { type Kib, sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import type { MemoryView } from "../observed.ts";
import { spreadOver } from "./cells.ts";

/** What one node gets of an increase. */
export interface NodeShare {
  node: number;
  size: Kib;
}

/** The nodes that an increase goes to. */
export function targetNodes(desired: DesiredMemory, { cells }: { cells: { id: number }[] }): number[] {
  return desired.target === "spread" ? cells.map((cell) => cell.id) : [desired.target];
}

/**
 * What each target node gets of an increase. Spread, our DIMMs come to the same on every node afterwards: counted from
 * what is plugged, so that an update that was killed after some of its DIMMs goes on where it stopped. A part is below
 * 0 where a node has more than that already.
 */
export function nodeShares(increase: Kib, desired: DesiredMemory, live: MemoryView): NodeShare[] {
  if (desired.target !== "spread") return [{ node: desired.target, size: increase }];
  const plugged = managedPerNode(live);
  const total = sum(plugged.map(({ size }) => size)) + increase;
  const wanted = spreadOver(
    plugged.map(({ node }) => ({ id: node, memory: 0 })),
    total,
  );
  return plugged.map(({ node, size }, index) => ({ node, size: (wanted[index]?.memory ?? 0) - size }));
}

/** What we plugged into each node since the domain was started. */
function managedPerNode(live: MemoryView): NodeShare[] {
  return live.cells.map(({ id }) => ({
    node: id,
    size: sum(live.devices.filter((device) => isManaged(device) && device.node === id).map(countedSize)),
  }));
}

/** The least that has to be added for every node to have the same of our DIMMs. */
export function unevenness(live: MemoryView): Kib {
  const sizes = managedPerNode(live).map(({ size }) => size);
  return Math.max(0, ...sizes) * sizes.length - sum(sizes);
}
