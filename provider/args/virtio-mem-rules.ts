import { formatMib } from "../units/size.ts";
import type { Defaults } from "./settings.ts";
import type { Failure } from "./failure.ts";
import type { Inputs } from "./inputs.ts";
import { knownHotplug, knownSize } from "./unknown.ts";

const ATTACHES_NOTHING =
  'has no meaning with hotplug.device "virtio-mem", which changes the size of a device that is there, and attaches none';

/** Arguments about DIMMs make no sense where memory isn't added with them. */
export function virtioMemFailures(inputs: Partial<Inputs>, defaults: Defaults): Failure[] {
  const hotplug = knownHotplug(inputs);
  if ((hotplug.device ?? defaults.device) !== "virtio-mem" || hotplug.enabled === false) return [];
  const idle = (["maxDimmSize", "before", "after"] as const).filter((name) => hotplug[name] !== undefined);
  const failures = idle.map((name) => ({ property: `hotplug.${name}`, reason: ATTACHES_NOTHING }));
  return [...failures, ...balloonBelow(inputs), ...tooFewSlots(inputs)];
}

/**
 * QEMU's balloon knows base memory and DIMMs alone (get_current_ram_size), and libvirt refuses to set more than those
 * («cannot set memory higher than max memory»).
 */
function balloonBelow(inputs: Partial<Inputs>): Failure[] {
  const [memory, currentMemory] = [knownSize(inputs.memory), knownSize(inputs.currentMemory)];
  if (memory === undefined || currentMemory === undefined || currentMemory >= memory) return [];
  const reason = `is ${formatMib(currentMemory)}, below memory, ${formatMib(memory)}: a balloon can't be counted together with virtio-mem; give memory back by a smaller memory instead`;
  return [{ property: "currentMemory", reason }];
}

/** libvirt before 9.5 counts every memory device («memory device count '2' exceeds slots count '1'»). */
function tooFewSlots(inputs: Partial<Inputs>): Failure[] {
  const { numa, memorySlots: slots } = inputs;
  if (knownHotplug(inputs).targetNode !== "spread" || !Array.isArray(numa) || typeof slots !== "number")
    return [];
  if (numa.length <= slots) return [];
  const reason = `is ${slots}, and each of the ${numa.length} nodes gets a virtio-mem device (hotplug.targetNode "spread"), which libvirt before 9.5 counts as well`;
  return [{ property: "memorySlots", reason }];
}
