import { formatMib } from "../units/size.ts";
import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import type { Defaults } from "./settings.ts";
import { knownHotplug, knownSize } from "./unknown.ts";

export function usesVirtioMem(inputs: Partial<Inputs>, defaults: Defaults): boolean {
  const { device = defaults.device, enabled } = knownHotplug(inputs);
  return device === "virtio-mem" && enabled !== false;
}

export function noDimmArguments(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  if (!usesVirtioMem(inputs, defaults)) return [];
  const hotplug = knownHotplug(inputs);
  const given = (["maxDimmSize", "before", "after"] as const).filter((name) => hotplug[name] !== undefined);
  const reason =
    'has no effect when hotplug.device is "virtio-mem", which resizes an existing device instead of attaching one';
  return given.map((name) => ({ property: `hotplug.${name}`, reason }));
}

/**
 * QEMU's balloon counts base memory and DIMMs only (get_current_ram_size), and libvirt refuses a larger target ("cannot
 * set memory higher than max memory").
 */
export function noBalloonTarget(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const [memory, currentMemory] = [knownSize(inputs.memory), knownSize(inputs.currentMemory)];
  if (!usesVirtioMem(inputs, defaults) || memory === undefined || currentMemory === undefined) return [];
  if (currentMemory >= memory) return [];
  const reason = `is ${formatMib(currentMemory)}, below memory (${formatMib(memory)}), which can't be combined with hotplug.device "virtio-mem"; lower memory instead`;
  return [{ property: "currentMemory", reason }];
}

/** libvirt before 9.5 counts every memory device ("memory device count '2' exceeds slots count '1'"). */
export function slotForEachNode(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const { numa, memorySlots: slots } = inputs;
  if (!usesVirtioMem(inputs, defaults) || knownHotplug(inputs).targetNode !== "spread") return [];
  if (!Array.isArray(numa) || typeof slots !== "number" || numa.length <= slots) return [];
  const reason = `is ${slots}, but each of the ${numa.length} nodes gets a virtio-mem device (hotplug.targetNode is "spread"), and libvirt before 9.5 counts a slot for each`;
  return [{ property: "memorySlots", reason }];
}
