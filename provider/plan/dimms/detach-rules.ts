import { sayMib } from "../../args/size.ts";
import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { downwardSizes } from "./reachable-down.ts";
import { againstAnyDetach, removableOn, removals } from "./shrink.ts";
import { sayDevices, sayRanges, saysWhatStays } from "./shrink-words.ts";
import { parts, targetNodes } from "./spread.ts";

/** Why a decrease can't be had from the running guest: all reasons at once. */
export function reasonsAgainstDetach(asked: Asked, observed: Observed, live: MemoryView): string[] {
  return [
    ...againstAnyDetach(asked, observed),
    ...doesNotAddUp(asked, live),
    ...isForbidden(asked, observed, live),
  ];
}

function doesNotAddUp(asked: Asked, live: MemoryView): string[] {
  if (removals(asked, live) !== undefined) return [];
  const decrease = live.memory - asked.memory;
  const nodes = targetNodes(asked, live);
  const dimms = nodes.flatMap((node) => removableOn(node, live));
  const have = sum(dimms.map(({ size }) => size));
  if (decrease > have) return [saysWhatStays(decrease, have, asked, live)];
  if (nodes.length === 1)
    return [
      `no DIMMs of this provider's add up to ${sayMib(decrease)}: node ${nodes[0]} has ${sayDevices(dimms)}`,
    ];
  const each = parts(-decrease, asked, live).map(({ node, size }) => {
    const has = sayDevices(removableOn(node, live));
    return size > 0
      ? `node ${node} has too little, ${has}`
      : `node ${node} would have to give up ${sayMib(-size)} of ${has}`;
  });
  return [`${sayMib(decrease)} can't be taken evenly out of ${nodes.length} nodes: ${each.join("; ")}`];
}

/** Said only where it would help to allow it. */
function isForbidden(asked: Asked, observed: Observed, live: MemoryView): string[] {
  const removed = asked.allowUnplug ? undefined : removals(asked, live);
  return removed === undefined
    ? needsLeave(asked, observed)
    : [`hotplug.allowUnplug is false (with it the guest could be asked for ${sayDevices(removed)})`];
}

/** The sizes that would be live if the program allowed it. */
export function needsLeave(asked: Asked, observed: Observed): string[] {
  const sizes = asked.allowUnplug ? [] : downwardSizes({ ...asked, allowUnplug: true }, observed);
  return sizes.length === 0 ? [] : [`hotplug.allowUnplug is false (with it live: ${sayRanges(sizes)})`];
}
