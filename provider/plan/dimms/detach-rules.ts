import { sum } from "../../units/kib.ts";
import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { downwardSizes } from "../live-sizes/down.ts";
import { nodeShares, targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Reason } from "../plan.ts";
import { describeDevices, describeRemaining, formatRanges } from "./detach-text.ts";
import { dimmsToRemove, reasonsAgainstAnyDetach, removableDimms } from "./removable.ts";

/** Why a decrease can't be had from the running guest: all reasons at once. */
export function reasonsAgainstDetach(desired: DesiredMemory, observed: Observed, live: MemoryView): Reason[] {
  return [
    ...reasonsAgainstAnyDetach(desired, observed),
    ...dimmsDoNotAddUp(desired, live),
    ...unplugIsNotAllowed(desired, observed, live),
  ];
}

function dimmsDoNotAddUp(desired: DesiredMemory, live: MemoryView): Reason[] {
  if (dimmsToRemove(desired, live) !== undefined) return [];
  const decrease = live.memory - desired.memory;
  const nodes = targetNodes(desired, live);
  const dimms = nodes.flatMap((node) => removableDimms(node, live));
  const have = sum(dimms.map(({ size }) => size));
  if (decrease > have)
    return [
      {
        code: live.devices.length === 0 ? "boot-memory" : "too-few-dimms",
        text: describeRemaining(decrease, have, desired, live),
      },
    ];
  if (nodes.length === 1)
    return [
      {
        code: "dimms-do-not-add-up",
        text: `no DIMMs of this provider's add up to ${formatMib(decrease)}: node ${nodes[0]} has ${describeDevices(dimms)}`,
      },
    ];
  const each = nodeShares(-decrease, desired, live).map(({ node, size }) => {
    const has = describeDevices(removableDimms(node, live));
    return size > 0
      ? `node ${node} has too little, ${has}`
      : `node ${node} would have to give up ${formatMib(-size)} of ${has}`;
  });
  return [
    {
      code: "dimms-not-even",
      text: `${formatMib(decrease)} can't be taken evenly out of ${nodes.length} nodes: ${each.join("; ")}`,
    },
  ];
}

/** Said only where it would help to allow it. */
function unplugIsNotAllowed(desired: DesiredMemory, observed: Observed, live: MemoryView): Reason[] {
  const removed = desired.allowUnplug ? undefined : dimmsToRemove(desired, live);
  return removed === undefined
    ? sizesWithUnplug(desired, observed)
    : [
        {
          code: "unplug-not-allowed",
          text: `hotplug.allowUnplug is false (with it the guest could be asked for ${describeDevices(removed)})`,
        },
      ];
}

/** The sizes that would be live if the program allowed it. */
export function sizesWithUnplug(desired: DesiredMemory, observed: Observed): Reason[] {
  const sizes = desired.allowUnplug ? [] : downwardSizes({ ...desired, allowUnplug: true }, observed);
  return sizes.length === 0
    ? []
    : [
        {
          code: "unplug-not-allowed",
          text: `hotplug.allowUnplug is false (with it live: ${formatRanges(sizes)})`,
        },
      ];
}
