import { formatMib, formatSize } from "../../units/size.ts";
import type { MemoryView } from "../observed.ts";
import { definedMemory, type MemoryDefinition, type Step, type VirtioMemPlan } from "../plan.ts";
import { formatSlots } from "../text.ts";

/** What changes in a definition whose total stays: its nodes, its maximum, else which part is base memory. */
export function describeDefinition(steps: Step[], before: MemoryView): string {
  const definition = definedMemory(steps);
  return definition === undefined ? "numa" : describeMemory(definition, before);
}

function describeMemory({ memory, maxMemory, virtioMem }: MemoryDefinition, before: MemoryView): string {
  const isNew = (device: VirtioMemPlan) => !before.devices.some(({ alias }) => alias === device.alias);
  const added = virtioMem?.filter((device) => device.alias !== undefined && isNew(device)) ?? [];
  const [device, ...others] = added;
  if (others.length > 0) return `${added.length} virtio-mem devices`;
  if (device !== undefined) return `a virtio-mem device of ${formatSize(device.size)} on node ${device.node}`;
  if (maxMemory?.size === before.maxMemory?.size && maxMemory?.slots === before.maxMemory?.slots)
    return `${formatMib(memory)} of base memory`;
  return maxMemory === undefined
    ? `no headroom above ${formatSize(memory)}`
    : `maxMemory ${formatSize(maxMemory.size)} in ${formatSlots(maxMemory.slots)}`;
}
