import type { Kib } from "../units/kib.ts";
import { formatMib, formatSize } from "../units/size.ts";
import type { MemoryView } from "./observed.ts";
import type { MemoryDefinition, VirtioMemPlan } from "./plan.ts";

/** Said of everything that waits for the next boot. */
export const NEXT_BOOT =
  "takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough";

/** What a replace costs: said wherever one is planned. */
export const REPLACE_COSTS =
  "the domain is shut down, deleted and created anew: disk files are kept; NVRAM, TPM state, snapshots and changes made by hand are not";

/** «1003 → 1259 MiB» */
export function formatChange(from: Kib, to: Kib): string {
  const [a, b] = [formatMib(from), formatMib(to)];
  return a.endsWith(" MiB") && b.endsWith(" MiB") ? `${a.slice(0, -4)} → ${b}` : `${a} → ${b}`;
}

/** What changes in a definition whose total stays: its ceiling, else which part is base memory. */
export function describeDefinition(
  { memory, maxMemory, virtioMem }: MemoryDefinition,
  before: MemoryView,
): string {
  const isNew = (device: VirtioMemPlan) => !before.devices.some(({ alias }) => alias === device.alias);
  const added = virtioMem?.filter((device) => device.alias !== undefined && isNew(device)) ?? [];
  if (added.length > 0)
    return added
      .map(({ node, size }) => `a virtio-mem device of ${formatSize(size)} on node ${node}`)
      .join(", ");
  if (maxMemory?.size === before.maxMemory?.size && maxMemory?.slots === before.maxMemory?.slots)
    return `${formatMib(memory)} as base memory`;
  return maxMemory === undefined
    ? `no headroom above ${formatSize(memory)}`
    : `at most ${formatSize(maxMemory.size)} in ${maxMemory.slots} slots`;
}

/** A note that there is only under a condition. */
export function noteIf(condition: boolean, note: string): string[] {
  return condition ? [note] : [];
}
