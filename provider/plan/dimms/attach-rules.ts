import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { nodeShares, targetNodes, unevenness } from "../numa/spread.ts";
import type { MemoryView } from "../observed.ts";
import type { Reason } from "../plan.ts";
import { platformReason } from "../platform.ts";
import { unrequestedMemory } from "../virtio-mem/devices.ts";
import { dimmCount, dimmUnit, largestDimm } from "./layout.ts";
import { freeSlots } from "./slots.ts";

/** Answers why an increase can't be hot-plugged, or undefined when this rule has nothing against it. */
type Rule = (desired: DesiredMemory, live: MemoryView) => Reason | undefined;

const RULES: readonly Rule[] = [
  hotplugIsEnabled,
  platformSupportsHotplug,
  needsCell,
  needsCeiling,
  aligned,
  dimmsMayBeLargeEnough,
  withinCeiling,
  slotsSuffice,
];

/** All reasons at once, in the order of the rules. */
export function reasonsAgainstAttach(desired: DesiredMemory, live: MemoryView): Reason[] {
  return RULES.flatMap((rule) => rule(desired, live) ?? []);
}

function hotplugIsEnabled(desired: DesiredMemory): Reason | undefined {
  return desired.enabled ? undefined : { code: "hotplug-disabled", text: "hotplug.enabled is false" };
}

function platformSupportsHotplug(desired: DesiredMemory, live: MemoryView): Reason | undefined {
  return platformReason(live, desired.width);
}

/** libvirt: «At least one numa node has to be configured when enabling memory hotplug». */
function needsCell(desired: DesiredMemory, live: MemoryView): Reason | undefined {
  const missing = targetNodes(desired, live).filter((node) => !live.cells.some((cell) => cell.id === node));
  if (live.cells.length > 0 && missing.length === 0) return undefined;
  return {
    code: "no-numa-node",
    text: `the running domain has no NUMA node ${missing[0] ?? 0} to plug into`,
  };
}

/** QEMU takes slots and maxmem at start alone (-m size,slots=n,maxmem=size). */
function needsCeiling({ enabled }: DesiredMemory, live: MemoryView): Reason | undefined {
  return live.maxMemory !== undefined || !enabled
    ? undefined
    : {
        code: "no-max-memory",
        text: "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs",
      };
}

/** oVirt's rule: a DIMM is a multiple of the alignment on top of the present size, so that the guest's memory blocks fit. */
function aligned(desired: DesiredMemory, live: MemoryView): Reason | undefined {
  const increase = desired.memory - live.memory;
  const unit = dimmUnit(desired, live);
  const nodes = nodeShares(increase, desired, live);
  if (nodes.every(({ size }) => size >= 0 && size % unit.size === 0)) return undefined;
  const why = unit.why === undefined ? "" : ` (${unit.why})`;
  if (nodes.length === 1)
    return {
      code: "not-aligned",
      text: `the increase of ${formatMib(increase)} is no multiple of ${formatMib(unit.size)}${why}`,
    };
  const uneven = unevenness(live);
  const level =
    uneven === 0
      ? ""
      : `, so that the DIMMs of all nodes come to the same (${formatMib(uneven)} are missing for that)`;
  return {
    code: "not-divisible-by-nodes",
    text: `the increase of ${formatMib(increase)} can't be spread over ${nodes.length} nodes in multiples of ${formatMib(unit.size)}${why}${level}`,
  };
}

/** A smaller DIMM than the guest's memory block would never come online. */
function dimmsMayBeLargeEnough(desired: DesiredMemory, live: MemoryView): Reason | undefined {
  if (largestDimm(desired, live) !== 0) return undefined;
  const { size, why } = dimmUnit(desired, live);
  return {
    code: "max-dimm-size-too-small",
    text: `a DIMM may have at most ${formatSize(desired.maxDimmSize ?? 0)} (hotplug.maxDimmSize), and must be a multiple of ${formatMib(size)}${why === undefined ? "" : ` (${why})`}`,
  };
}

/** libvirt: «Attaching memory device … would exceed domain's maxMemory config size»; equality passes. */
function withinCeiling(desired: DesiredMemory, live: MemoryView): Reason | undefined {
  const ceiling = live.maxMemory?.size;
  const held = unrequestedMemory(live);
  if (ceiling === undefined || desired.memory + held <= ceiling) return undefined;
  const text =
    held > 0
      ? `${formatSize(desired.memory)} and the ${formatSize(held)} that virtio-mem devices hold back are beyond ${formatSize(ceiling)}, the maximum that the running domain was started with`
      : `${formatSize(desired.memory)} is beyond ${formatSize(ceiling)}, the maximum that the running domain was started with`;
  return { code: "beyond-max-memory", text };
}

/** libvirt: «memory device count '2' exceeds slots count '1'». */
function slotsSuffice(desired: DesiredMemory, live: MemoryView): Reason | undefined {
  if (live.maxMemory === undefined) return undefined;
  const free = freeSlots(live).length;
  const slots = live.maxMemory.slots ?? 0;
  if (slots === 0) return { code: "no-slots", text: "the running domain was started without memory slots" };
  if (free === 0)
    return {
      code: "slots-exhausted",
      text: `all ${slots} memory slots are used; they are free again when the domain has been shut down and started`,
    };
  if (largestDimm(desired, live) === 0) return undefined;
  const needed = dimmCount(desired.memory - live.memory, desired, live);
  if (needed <= free) return undefined;
  const most =
    desired.maxDimmSize === undefined
      ? ""
      : ` of at most ${formatSize(desired.maxDimmSize)} (hotplug.maxDimmSize)`;
  return {
    code: "too-few-slots",
    text: `the increase takes ${needed} DIMMs${most}, and ${free} of ${slots} slots are free`,
  };
}
