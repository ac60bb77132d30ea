import { countedSize } from "../../domain/state.ts";
import { type Kib, sum } from "../../units/kib.ts";
import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Obstacle } from "../plan.ts";
import { MINIMAL_NODE } from "./cells.ts";

/**
 * Nodes that the program changed, or whose change is pending for the next boot. A node may well have more than its share:
 * DIMMs from when it was the target.
 */
export function topologyReasons(
  { shares, target }: DesiredMemory,
  { nextBoot }: Observed,
  live: MemoryView,
  { increase, numaChanged }: { increase: Kib; numaChanged: boolean },
): Obstacle[] {
  if (shares === undefined || !(numaChanged || increase !== 0)) return [];
  if (shares.length !== live.cells.length)
    return [
      {
        code: "nodes-fixed-at-boot",
        text: `the running domain was started with ${nodes(live.cells.length)}, but the program wants ${nodes(shares.length)}`,
        predicate: `needs ${nodes(shares.length)}, but the domain was started with ${live.cells.length}`,
      },
    ];
  return live.cells.flatMap((cell) => {
    const devices = live.devices.filter((device) => device.node === cell.id);
    const has = cell.memory + sum(devices.map(countedSize));
    const share = shares[cell.id]?.memory ?? 0;
    const defined = nextBoot?.cells.find(({ id }) => id === cell.id)?.memory ?? cell.memory;
    const waits = isAbout(defined, share) && !isAbout(cell.memory, share);
    if (target === "spread" || target === cell.id || isAbout(has, share) || !(numaChanged || waits))
      return [];
    return [
      {
        code: "nodes-fixed-at-boot",
        text: `node ${cell.id} has ${formatMib(has)}, but the program wants ${formatMib(share)}: the memory of a node is fixed at boot`,
        predicate: `needs ${formatMib(share)} on node ${cell.id}, which has ${formatMib(has)}`,
      },
    ];
  });
}

/** A minimal node takes 1 MiB of another node. */
function isAbout(a: Kib, b: Kib): boolean {
  return Math.abs(a - b) <= MINIMAL_NODE;
}

function nodes(count: number): string {
  return count === 1 ? "1 NUMA node" : `${count} NUMA nodes`;
}
