import type { Inputs } from "../args/inputs.ts";
import { virtioMemFor } from "../definition/domain-spec.ts";
import { platformOf } from "../definition/platform.ts";
import type { VirtioMemSpec } from "../domain/spec.ts";
import { ceilingFor } from "../plan/definition/folded.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { cellsFor, emptyNodeNote } from "../plan/numa/cells.ts";
import { pluggingReason } from "../plan/platform.ts";
import { fitting, withNote } from "../plan/text.ts";
import type { Session } from "../session.ts";
import { formatMib, formatSize } from "../units/size.ts";

/** The memory of a new domain: what it starts with, and how far it can grow. */
export function describeCreation({ defaults }: Session, inputs: Inputs): string {
  const desired = desiredMemory(inputs, defaults);
  if (desired === undefined) return "not known yet";
  const { memory, currentMemory = memory } = desired;
  const balloon = currentMemory < memory ? ` (balloon target ${formatSize(currentMemory)})` : "";
  const start = `starts with ${formatSize(memory)}${balloon}`;
  const line = fitting(...describeRoom(desired, inputs).map((room) => `${start}; ${room}`));
  const node = emptyNodeNote(desired, inputs.machine);
  return node === undefined ? line : withNote(line, node);
}

/** Wordings of how far the memory can grow, the most detailed one first. */
function describeRoom(desired: DesiredMemory, inputs: Inputs): string[] {
  // The preview of a create asks no host: without arch it assumes an architecture that has memory hot-plug.
  const platform = platformOf(inputs, "");
  const { maxMemory } = ceilingFor(desired, platform);
  if (maxMemory === undefined) {
    const brief = "without room to grow while it runs";
    if (!desired.enabled) return [`${brief} (hotplug.enabled is false)`];
    const reason = pluggingReason(desired, platform);
    const reasons = reason === undefined ? [] : [reason.text, reason.predicate];
    return [...reasons.map((why) => `${brief} (${why})`), brief];
  }
  if (desired.device === "dimm")
    return [`room for ${maxMemory.slots} DIMMs, up to ${formatSize(maxMemory.size)}`];
  const cells = cellsFor(desired, inputs.machine);
  return describeVirtioMemDevices(virtioMemFor(desired, cells, { ...platform, devices: [] }));
}

/** "a virtio-mem device of 7 GiB on node 0 to grow into, in steps of 2 MiB" */
function describeVirtioMemDevices(devices: VirtioMemSpec[]): string[] {
  const [first] = devices;
  if (first === undefined) {
    const brief = "without room for a virtio-mem device";
    return [`${brief}, which holds whole memory blocks of the guest`, brief];
  }
  const each = devices.length === 1 ? "a virtio-mem device" : "virtio-mem devices";
  const nodes = devices.map(({ node }) => node).join(", ");
  return [
    `${each} of ${formatSize(first.size)} on node ${nodes} to grow into, in steps of ${formatMib(first.block)}`,
    `${each} of ${formatSize(first.size)} to grow into`,
  ];
}
