import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { unrequestedMemory } from "../devices.ts";
import { nodeShares, targetNodes, unevenness } from "../numa/spread.ts";
import type { MemoryView } from "../observed.ts";
import type { Obstacle } from "../plan.ts";
import { HOTPLUG_DISABLED, platformReason } from "../platform.ts";
import { dimmCount, dimmUnit, largestDimm } from "./layout.ts";
import { freeSlots, mostNewDevices } from "./slots.ts";

/** Why an increase can't be hot-plugged; undefined where this rule allows it. */
type Rule = (desired: DesiredMemory, live: MemoryView) => Obstacle | undefined;

const RULES: readonly Rule[] = [
  hotplugIsEnabled,
  platformSupportsHotplug,
  hasNode,
  hasMaxMemory,
  isAligned,
  dimmsMayBeLargeEnough,
  isWithinMaxMemory,
  hasFreeSlots,
];

/** All reasons at once, in the order of the rules. */
export function reasonsAgainstAttach(desired: DesiredMemory, live: MemoryView): Obstacle[] {
  return RULES.flatMap((rule) => rule(desired, live) ?? []);
}

function hotplugIsEnabled(desired: DesiredMemory): Obstacle | undefined {
  return desired.enabled ? undefined : HOTPLUG_DISABLED;
}

function platformSupportsHotplug(desired: DesiredMemory, live: MemoryView): Obstacle | undefined {
  return platformReason(live, desired.width);
}

/** libvirt: "At least one numa node has to be configured when enabling memory hotplug". */
function hasNode(desired: DesiredMemory, live: MemoryView): Obstacle | undefined {
  const missing = targetNodes(desired, live).filter((node) => !live.cells.some((cell) => cell.id === node));
  if (live.cells.length > 0 && missing.length === 0) return undefined;
  const node = missing[0] ?? 0;
  return {
    code: "no-numa-node",
    text: `the running domain doesn't have NUMA node ${node} to plug memory into`,
    predicate: `needs NUMA node ${node}, which the running domain doesn't have`,
  };
}

/** QEMU accepts slots and maxmem only at start (-m size,slots=n,maxmem=size). */
function hasMaxMemory({ enabled }: DesiredMemory, live: MemoryView): Obstacle | undefined {
  if (live.maxMemory !== undefined || !enabled) return undefined;
  return {
    code: "no-max-memory",
    text: "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs",
    predicate: "needs maxMemory, which the domain was started without",
  };
}

/** oVirt's rule: a DIMM is a multiple of the alignment on top of the present size, so that the guest's memory blocks fit. */
function isAligned(desired: DesiredMemory, live: MemoryView): Obstacle | undefined {
  const increase = desired.memory - live.memory;
  const unit = dimmUnit(desired, live);
  const nodes = nodeShares(increase, desired, live);
  if (nodes.every(({ size }) => size >= 0 && size % unit.size === 0)) return undefined;
  const why = unit.why === undefined ? "" : ` (${unit.why})`;
  const step = formatMib(unit.size);
  if (nodes.length === 1)
    return {
      code: "not-aligned",
      text: `the increase of ${formatMib(increase)} is not a multiple of ${step}${why}`,
      predicate: `is not a multiple of ${step}`,
    };
  const uneven = unevenness(live);
  const level =
    uneven === 0
      ? ""
      : `; ${formatMib(uneven)} would give every node the same amount of memory in this provider's DIMMs`;
  return {
    code: "not-divisible-by-nodes",
    text: `the increase of ${formatMib(increase)} can't be spread over ${nodes.length} nodes in multiples of ${step}${why}${level}`,
    predicate: `can't be spread over ${nodes.length} nodes in multiples of ${step}`,
  };
}

/** A smaller DIMM than the guest's memory block would never come online. */
function dimmsMayBeLargeEnough(desired: DesiredMemory, live: MemoryView): Obstacle | undefined {
  if (largestDimm(desired, live) !== 0) return undefined;
  const { size, why } = dimmUnit(desired, live);
  const most = formatSize(desired.maxDimmSize ?? 0);
  return {
    code: "max-dimm-size-too-small",
    text: `hotplug.maxDimmSize is ${most}, but a DIMM must be a multiple of ${formatMib(size)}${why === undefined ? "" : ` (${why})`}`,
    predicate: `needs larger DIMMs than hotplug.maxDimmSize (${most})`,
  };
}

/** libvirt: "Attaching memory device … would exceed domain's maxMemory config size"; equality passes. */
function isWithinMaxMemory(desired: DesiredMemory, live: MemoryView): Obstacle | undefined {
  const ceiling = live.maxMemory?.size;
  const reserved = unrequestedMemory(live);
  if (ceiling === undefined || desired.memory + reserved <= ceiling) return undefined;
  const [size, most] = [formatSize(desired.memory), formatSize(ceiling)];
  return reserved > 0
    ? {
        code: "beyond-max-memory",
        text: `${size} and the ${formatSize(reserved)} that virtio-mem devices reserve exceed ${most}, the maximum that the running domain was started with`,
        predicate: `exceeds the maximum of ${most}, with ${formatSize(reserved)} reserved by virtio-mem`,
      }
    : {
        code: "beyond-max-memory",
        text: `${size} exceeds ${most}, the maximum that the running domain was started with`,
        predicate: `exceeds ${most}, the maximum without a restart`,
      };
}

/** libvirt: "memory device count '2' exceeds slots count '1'". */
function hasFreeSlots(desired: DesiredMemory, live: MemoryView): Obstacle | undefined {
  if (live.maxMemory === undefined) return undefined;
  const free = Math.min(freeSlots(live).length, mostNewDevices(live));
  const slots = live.maxMemory.slots ?? 0;
  if (slots === 0)
    return {
      code: "no-slots",
      text: "the running domain was started without memory slots",
      predicate: "needs memory slots, which the domain was started without",
    };
  if (free === 0)
    return {
      code: "slots-exhausted",
      text: `${slots === 1 ? "the only memory slot is" : `all ${slots} memory slots are`} in use; a shutdown and start frees ${slots === 1 ? "it" : "them"}`,
      predicate: `needs a free slot, but ${slots === 1 ? "the only one is" : `all ${slots} are`} in use`,
    };
  if (largestDimm(desired, live) === 0) return undefined;
  const needed = dimmCount(desired.memory - live.memory, desired, live);
  if (needed <= free) return undefined;
  const most =
    desired.maxDimmSize === undefined
      ? ""
      : ` of at most ${formatSize(desired.maxDimmSize)} (hotplug.maxDimmSize)`;
  const slotsLeft = `only ${free} of ${slots} slots ${free === 1 ? "is" : "are"} free`;
  return {
    code: "too-few-slots",
    text: `the increase needs ${needed} DIMMs${most}, but ${slotsLeft}`,
    predicate: `needs ${needed} DIMMs, but ${slotsLeft}`,
  };
}
