import { countedSize, type MemoryDevice } from "../../domain/state.ts";
import { type Kib, sum } from "../../units/kib.ts";
import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import { nodeShares, targetNodes } from "../numa/spread.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { releaseObstacles } from "../pause.ts";
import type { Obstacle } from "../plan.ts";
import { HOTPLUG_DISABLED } from "../platform.ts";
import { formatList } from "../text.ts";
import { describeDevices } from "./detach-text.ts";
import { dimmsToRemove, removableDimms } from "./removable.ts";

/** Why a decrease can't be unplugged from the running guest: all reasons at once. */
export function reasonsAgainstDetach(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
): Obstacle[] {
  return [
    ...reasonsAgainstAnyDetach(desired, observed),
    ...dimmsAddUp(desired, live),
    ...unplugIsAllowed(desired, live),
  ];
}

/** What rules out every decrease, in addition to `hotplug.allowUnplug`. */
export function reasonsAgainstAnyDetach({ enabled }: DesiredMemory, observed: Observed): Obstacle[] {
  return [...(enabled ? [] : [HOTPLUG_DISABLED]), ...releaseObstacles(observed, "memory")];
}

function dimmsAddUp(desired: DesiredMemory, live: MemoryView): Obstacle[] {
  if (dimmsToRemove(desired, live) !== undefined) return [];
  const decrease = live.memory - desired.memory;
  const nodes = targetNodes(desired, live);
  const dimms = nodes.flatMap((node) => removableDimms(node, live));
  const removable = sum(dimms.map(({ size }) => size));
  if (decrease > removable) return [notRemovable(decrease, removable, desired, live)];
  if (nodes.length === 1)
    return [
      {
        code: "dimms-do-not-add-up",
        text: `no combination of this provider's DIMMs is exactly ${formatMib(decrease)}: node ${nodes[0]} has ${describeDevices(dimms)}`,
        predicate: "doesn't match any combination of DIMMs",
      },
    ];
  const each = nodeShares(-decrease, desired, live).map(({ node, size }) => {
    const has = describeDevices(removableDimms(node, live));
    return size > 0
      ? `node ${node} has too little (${has})`
      : `node ${node} would lose ${formatMib(-size)} of ${has}`;
  });
  return [
    {
      code: "dimms-not-even",
      text: `${formatMib(decrease)} can't be removed evenly from ${nodes.length} nodes: ${each.join("; ")}`,
      predicate: `can't be removed evenly from ${nodes.length} nodes`,
    },
  ];
}

/** The decrease exceeds the DIMMs that this provider may remove: boot memory and other devices stay. */
function notRemovable(decrease: Kib, removable: Kib, desired: DesiredMemory, live: MemoryView): Obstacle {
  if (live.devices.length === 0)
    return {
      code: "boot-memory",
      text: `boot memory can't be removed from a running domain (the decrease is ${formatMib(decrease)})`,
      predicate: "would remove boot memory",
    };
  const nodes = targetNodes(desired, live);
  const total = (devices: MemoryDevice[]) => sum(devices.map(countedSize));
  const theirs = total(live.devices.filter((device) => !isManaged(device)));
  const elsewhere = total(
    live.devices.filter((device) => isManaged(device) && !nodes.includes(device.node ?? 0)),
  );
  const stays = [
    `${formatMib(live.memory - total(live.devices))} of boot memory`,
    ...(theirs > 0 ? [`${formatMib(theirs)} in devices not managed by this provider`] : []),
    ...(elsewhere > 0
      ? [`${formatMib(elsewhere)} in DIMMs on nodes other than hotplug.targetNode (${nodes.join(", ")})`]
      : []),
  ];
  const on = nodes.length === 1 ? ` on node ${nodes[0]}` : "";
  return {
    code: "too-few-dimms",
    text: `the decrease of ${formatMib(decrease)} exceeds this provider's DIMMs${on} (${removable === 0 ? "none" : formatMib(removable)}); the rest can't be removed: ${formatList(stays)}`,
    predicate: "would remove more than this provider's DIMMs",
  };
}

/** A reason only if allowing it would help. */
function unplugIsAllowed(desired: DesiredMemory, live: MemoryView): Obstacle[] {
  const removed = desired.allowUnplug ? undefined : dimmsToRemove(desired, live);
  if (removed === undefined) return [];
  return [
    {
      code: "unplug-not-allowed",
      text: `hotplug.allowUnplug is false (if true, ${describeDevices(removed)} could be unplugged)`,
      predicate: "needs hotplug.allowUnplug: true",
    },
  ];
}
