import { sayMib, saySize } from "../../args/size.ts";
import type { Asked } from "../asked.ts";
import type { MemoryView } from "../observed.ts";
import { platformReason } from "../platform.ts";
import { heldBack } from "../virtio-mem/devices.ts";
import { dimmCount, dimmUnit, largestDimm } from "./layout.ts";
import { freeSlots } from "./slots.ts";
import { parts, targetNodes, unevenness } from "./spread.ts";

/** Answers why an increase can't be hot-plugged, or undefined when this rule has nothing against it. */
type Rule = (asked: Asked, live: MemoryView) => string | undefined;

const RULES: readonly Rule[] = [
  isEnabled,
  platformIsAble,
  needsCell,
  needsCeiling,
  aligned,
  dimmsMayBeLargeEnough,
  withinCeiling,
  slotsSuffice,
];

/** All reasons at once, in the order of the rules. */
export function reasonsAgainstAttach(asked: Asked, live: MemoryView): string[] {
  return RULES.flatMap((rule) => rule(asked, live) ?? []);
}

function isEnabled(asked: Asked): string | undefined {
  return asked.enabled ? undefined : "hotplug.enabled is false";
}

function platformIsAble(asked: Asked, live: MemoryView): string | undefined {
  return platformReason(live, asked.width);
}

/** libvirt: «At least one numa node has to be configured when enabling memory hotplug». */
function needsCell(asked: Asked, live: MemoryView): string | undefined {
  const missing = targetNodes(asked, live).filter((node) => !live.cells.some((cell) => cell.id === node));
  if (live.cells.length > 0 && missing.length === 0) return undefined;
  return `the running domain has no NUMA node ${missing[0] ?? 0} to plug into`;
}

/** QEMU takes slots and maxmem at start alone (-m size,slots=n,maxmem=size). */
function needsCeiling({ enabled }: Asked, live: MemoryView): string | undefined {
  return live.maxMemory !== undefined || !enabled
    ? undefined
    : "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs";
}

/** oVirt's rule: a DIMM is a multiple of the alignment on top of the present size, so that the guest's memory blocks fit. */
function aligned(asked: Asked, live: MemoryView): string | undefined {
  const increase = asked.memory - live.memory;
  const unit = dimmUnit(asked, live);
  const nodes = parts(increase, asked, live);
  if (nodes.every(({ size }) => size >= 0 && size % unit.size === 0)) return undefined;
  const why = unit.why === undefined ? "" : ` (${unit.why})`;
  if (nodes.length === 1)
    return `the increase of ${sayMib(increase)} is no multiple of ${sayMib(unit.size)}${why}`;
  const uneven = unevenness(live);
  const level =
    uneven === 0
      ? ""
      : `, so that the DIMMs of all nodes come to the same (${sayMib(uneven)} are missing for that)`;
  return `the increase of ${sayMib(increase)} can't be spread over ${nodes.length} nodes in multiples of ${sayMib(unit.size)}${why}${level}`;
}

/** A smaller DIMM than the guest's memory block would never come online. */
function dimmsMayBeLargeEnough(asked: Asked, live: MemoryView): string | undefined {
  if (largestDimm(asked, live) !== 0) return undefined;
  const { size, why } = dimmUnit(asked, live);
  return `a DIMM may have at most ${saySize(asked.maxDimmSize ?? 0)} (hotplug.maxDimmSize), and must be a multiple of ${sayMib(size)}${why === undefined ? "" : ` (${why})`}`;
}

/** libvirt: «Attaching memory device … would exceed domain's maxMemory config size»; equality passes. */
function withinCeiling(asked: Asked, live: MemoryView): string | undefined {
  const ceiling = live.maxMemory?.size;
  const held = heldBack(live);
  if (ceiling === undefined || asked.memory + held <= ceiling) return undefined;
  return held > 0
    ? `${saySize(asked.memory)} and the ${saySize(held)} that virtio-mem devices hold back are beyond ${saySize(ceiling)}, the maximum that the running domain was started with`
    : `${saySize(asked.memory)} is beyond ${saySize(ceiling)}, the maximum that the running domain was started with`;
}

/** libvirt: «memory device count '2' exceeds slots count '1'». */
function slotsSuffice(asked: Asked, live: MemoryView): string | undefined {
  if (live.maxMemory === undefined) return undefined;
  const free = freeSlots(live).length;
  const slots = live.maxMemory.slots ?? 0;
  if (slots === 0) return "the running domain was started without memory slots";
  if (free === 0)
    return `all ${slots} memory slots are used; they are free again when the domain has been shut down and started`;
  if (largestDimm(asked, live) === 0) return undefined;
  const needed = dimmCount(asked.memory - live.memory, asked, live);
  if (needed <= free) return undefined;
  const most =
    asked.maxDimmSize === undefined ? "" : ` of at most ${saySize(asked.maxDimmSize)} (hotplug.maxDimmSize)`;
  return `the increase takes ${needed} DIMMs${most}, and ${free} of ${slots} slots are free`;
}
