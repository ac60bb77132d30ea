import { sayMib, saySize } from "../args/size.ts";
import type { Asked } from "./asked.ts";
import { freeSlots, slotCount } from "./layout.ts";
import type { MemoryView } from "./observed.ts";

/** Answers why an increase can't be hot-plugged, or undefined when this rule has nothing against it. */
type Rule = (asked: Asked, live: MemoryView) => string | undefined;

const RULES: readonly Rule[] = [needsAcpi, needsCell, needsCeiling, aligned, withinCeiling, slotIsFree];

/** All reasons at once, in the order of the rules. */
export function reasonsAgainstAttach(asked: Asked, live: MemoryView): string[] {
  return RULES.flatMap((rule) => rule(asked, live) ?? []);
}

/** The guest learns of a DIMM by ACPI (QEMU docs/specs/acpi_mem_hotplug.rst). */
function needsAcpi(_: Asked, live: MemoryView): string | undefined {
  return live.acpi ? undefined : "the running domain has no ACPI, by which a guest learns of new memory";
}

/** libvirt: «At least one numa node has to be configured when enabling memory hotplug». */
function needsCell(asked: Asked, live: MemoryView): string | undefined {
  return live.cells.some((cell) => cell.id === asked.targetNode)
    ? undefined
    : `the running domain has no NUMA node ${asked.targetNode} to plug into`;
}

/** QEMU takes slots and maxmem at start alone (-m size,slots=n,maxmem=size). */
function needsCeiling(_: Asked, live: MemoryView): string | undefined {
  return live.maxMemory !== undefined
    ? undefined
    : "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs";
}

/** oVirt's rule: a DIMM is a multiple of the alignment on top of the present size, so that the guest's memory blocks fit. */
function aligned(asked: Asked, live: MemoryView): string | undefined {
  const increase = asked.memory - live.memory;
  return increase % asked.alignment === 0
    ? undefined
    : `the increase of ${sayMib(increase)} is no multiple of ${sayMib(asked.alignment)}`;
}

/** libvirt: «Attaching memory device … would exceed domain's maxMemory config size»; equality passes. */
function withinCeiling(asked: Asked, live: MemoryView): string | undefined {
  const ceiling = live.maxMemory?.size;
  return ceiling === undefined || asked.memory <= ceiling
    ? undefined
    : `${saySize(asked.memory)} is beyond ${saySize(ceiling)}, the maximum that the running domain was started with`;
}

/** libvirt: «memory device count '2' exceeds slots count '1'». */
function slotIsFree(_: Asked, live: MemoryView): string | undefined {
  if (live.maxMemory === undefined || freeSlots(live) > 0) return undefined;
  return slotCount(live) === 0
    ? "the running domain was started without memory slots"
    : `all ${slotCount(live)} memory slots are used; they are free again when the domain has been shut down and started`;
}
