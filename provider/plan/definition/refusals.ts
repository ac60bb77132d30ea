import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";
import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../devices.ts";
import type { Observed } from "../observed.ts";
import type { Plan, Step } from "../plan.ts";
import { formatNumbers, refusal } from "../text.ts";
import { foldedDefinition, leastMemory, memoryFixedElsewhere } from "./folded.ts";

/** Whether the program's list of NUMA nodes differs from what it was. */
interface Nodes {
  numaChanged?: boolean;
}

/** Refuses to set a definition that libvirt or QEMU would refuse; undefined where nothing is set, or it can be. */
export function definitionRefusal(
  desired: DesiredMemory,
  observed: Observed,
  steps: Step[],
  nodes: Nodes,
): Plan | undefined {
  if (steps.length === 0) return undefined;
  return (
    missingTargetNode(desired, observed, nodes) ??
    belowLeastMemory(desired, observed, nodes) ??
    exceedsSlots(desired, observed, nodes) ??
    exceedsMaxMemory(desired, observed, nodes)
  );
}

/** check knows neither the nodes of an adopted domain nor those in the program's own XML. */
function missingTargetNode(
  { target, shares }: DesiredMemory,
  { nextBoot }: Observed,
  { numaChanged }: Nodes,
): Plan | undefined {
  const ids = (nextBoot?.cells ?? []).map((cell) => cell.id);
  if (target === "spread" || ids.length === 0 || ids.includes(target)) return undefined;
  if (numaChanged && shares !== undefined) return undefined;
  const nodes = `node${ids.length === 1 ? "" : "s"} ${formatNumbers(ids)}`;
  const text = `hotplug.targetNode is ${target}, but the domain only has ${nodes}`;
  const short = `hotplug.targetNode is ${target}, but the domain has no such node`;
  return refusal(
    { code: "target-node-missing", text },
    short,
    "set hotplug.targetNode to a node of the domain",
  );
}

/** Devices not managed by this provider, and other nodes, leave nothing for the node that takes the rest. */
function belowLeastMemory(
  desired: DesiredMemory,
  observed: Observed,
  { numaChanged }: Nodes,
): Plan | undefined {
  if (desired.memory >= leastMemory(desired, observed, numaChanged)) return undefined;
  const taken = formatMib(memoryFixedElsewhere(desired, observed, numaChanged));
  const node = desired.target === "spread" ? "the nodes to spread it over" : `node ${desired.target}`;
  const size = formatMib(desired.memory);
  return refusal(
    {
      code: "definition-too-small",
      text: `${size} can't be defined: other nodes and devices not managed by this provider use ${taken}, which leaves nothing for ${node}`,
    },
    `${size} can't be defined: other nodes and devices use ${taken}`,
    `set memory to more than ${taken}, or remove those devices from the definition`,
  );
}

/** libvirt: "memory device count '2' exceeds slots count '1'". Before 9.5 it counts every kind of memory device. */
function exceedsSlots(desired: DesiredMemory, observed: Observed, { numaChanged }: Nodes): Plan | undefined {
  const { nextBoot } = observed;
  const theirs = nextBoot?.devices.filter((device) => !isManaged(device)).length ?? 0;
  // Each node may get a virtio-mem device of ours.
  if (nextBoot === undefined || theirs === 0 || theirs + nextBoot.cells.length <= desired.slots)
    return undefined;
  const { virtioMem = [] } = foldedDefinition(desired, observed, nextBoot, numaChanged);
  const ours = virtioMem.filter(({ alias }) => alias !== undefined).length;
  const needed = theirs + ours;
  if (needed <= desired.slots) return undefined;
  const devices = `${needed} memory device${needed === 1 ? "" : "s"}`;
  const text = `the definition would have ${devices} (${theirs} not managed by this provider), but memorySlots is ${desired.slots}`;
  return refusal(
    { code: "definition-too-few-slots", text },
    text,
    `set memorySlots to at least ${needed}, or remove devices from the definition`,
  );
}

/**
 * A definition that wouldn't start: virtio-mem devices count in full against maxMemory, whatever is requested of them,
 * and those not managed by this provider stay.
 */
function exceedsMaxMemory(
  desired: DesiredMemory,
  observed: Observed,
  { numaChanged }: Nodes,
): Plan | undefined {
  const { nextBoot } = observed;
  const theirs = nextBoot?.devices.filter((device) => !isManaged(device)) ?? [];
  if (nextBoot === undefined || !theirs.some(({ model }) => model === "virtio-mem")) return undefined;
  const { cells, virtioMem = [] } = foldedDefinition(desired, observed, nextBoot, numaChanged);
  const ours = virtioMem.filter(({ alias }) => alias !== undefined);
  const whole: Kib = sum([
    ...cells.map(({ memory }) => memory),
    ...[...theirs, ...ours].map(({ size }) => size),
  ]);
  if (whole <= desired.maxMemory) return undefined;
  const [needed, most] = [formatSize(whole), formatSize(desired.maxMemory)];
  return refusal(
    {
      code: "definition-beyond-max-memory",
      text: `the definition would need ${needed} (a virtio-mem device not managed by this provider counts in full), above maxMemory, ${most}`,
    },
    `the definition would need ${needed}, above maxMemory (${most})`,
    `raise maxMemory to at least ${needed}`,
  );
}
