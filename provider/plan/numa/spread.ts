import { countedSize } from "../../domain/state.ts";
import { type Kib, sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import type { MemoryView } from "../observed.ts";
import { spreadOver } from "./cells.ts";

/** The part of an increase that one node gets. */
export interface NodeShare {
  node: number;
  size: Kib;
}

/** The nodes that an increase goes to. */
export function targetNodes(desired: DesiredMemory, { cells }: { cells: { id: number }[] }): number[] {
  return desired.target === "spread" ? cells.map((cell) => cell.id) : [desired.target];
}

/**
 * The part of an increase that each target node gets. Spread, every node has the same amount of our DIMMs afterwards,
 * counted with those that are plugged: an update that was killed after some of its DIMMs continues. A part is below 0
 * where a node has more than that already.
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

/** Our memory devices on each node. */
function managedPerNode(live: MemoryView): NodeShare[] {
  return live.cells.map(({ id }) => ({
    node: id,
    size: sum(live.devices.filter((device) => isManaged(device) && device.node === id).map(countedSize)),
  }));
}

/** The least increase that gives every node the same amount of our DIMMs. */
export function unevenness(live: MemoryView): Kib {
  const sizes = managedPerNode(live).map(({ size }) => size);
  return Math.max(0, ...sizes) * sizes.length - sum(sizes);
}
