import { countedSize, type Kib } from "../../domain/state.ts";
import type { Asked } from "../asked.ts";
import { spreadOver, sum } from "../cells.ts";
import type { MemoryView } from "../observed.ts";
import { isOurs } from "./slots.ts";

/** What one node gets of an increase. */
export interface Part {
  node: number;
  size: Kib;
}

/** The nodes that an increase goes to. */
export function targetNodes(asked: Asked, { cells }: { cells: { id: number }[] }): number[] {
  return asked.target === "spread" ? cells.map((cell) => cell.id) : [asked.target];
}

/**
 * What each target node gets of an increase. Spread, our DIMMs come to the same on every node afterwards: counted from
 * what is plugged, so that an update that was killed after some of its DIMMs goes on where it stopped. A part is below
 * 0 where a node has more than that already.
 */
export function parts(increase: Kib, asked: Asked, live: MemoryView): Part[] {
  if (asked.target !== "spread") return [{ node: asked.target, size: increase }];
  const plugged = ourDimms(live);
  const total = sum(plugged.map(({ size }) => size)) + increase;
  const wanted = spreadOver(
    plugged.map(({ node }) => ({ id: node, memory: 0 })),
    total,
  );
  return plugged.map(({ node, size }, index) => ({ node, size: (wanted[index]?.memory ?? 0) - size }));
}

/** What we plugged into each node since the domain was started. */
function ourDimms(live: MemoryView): Part[] {
  return live.cells.map(({ id }) => ({
    node: id,
    size: sum(live.devices.filter((device) => isOurs(device) && device.node === id).map(countedSize)),
  }));
}

/** The least that has to be added for every node to have the same of our DIMMs. */
export function unevenness(live: MemoryView): Kib {
  const sizes = ourDimms(live).map(({ size }) => size);
  return Math.max(0, ...sizes) * sizes.length - sum(sizes);
}
