import { sum } from "../../units/kib.ts";
import { formatMib, formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { tooMuchAtOnce } from "../dimms/attach-text.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Plan, ResizePlan, Step } from "../plan.ts";
import { formatChange, noteIf } from "../text.ts";
import { requestsFor, targetDevices } from "./rules.ts";

/** The devices whose size changes, in the order of their nodes. The rules have passed. */
function resizes(desired: DesiredMemory, live: MemoryView): ResizePlan[] {
  const requests = requestsFor(desired, live);
  return targetDevices(desired, live).flatMap(({ alias, node, size, requested: from = 0 }, index) => {
    const requested = requests[index] ?? from;
    return alias === undefined || requested === from ? [] : [{ alias, node, size, from, requested }];
  });
}

/** The domain as it is when its devices have been resized. */
export function withResized(desired: DesiredMemory, observed: Observed, live: MemoryView): Observed {
  const changes = resizes(desired, live);
  const devices = live.devices.map((device) => {
    const requested = changes.find(({ alias }) => alias === device.alias)?.requested;
    return requested === undefined ? device : { ...device, requested };
  });
  return { ...observed, live: { ...live, memory: desired.memory, devices } };
}

/**
 * Changes the size of a running domain by its virtio-mem devices.
 *
 * @param definition the steps that set the inactive definition
 */
export function planResize(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  definition: Step[],
  supersedes: string,
): Plan {
  const devices = resizes(desired, live);
  const steps = devices.map((device): Step => ({ kind: "resize", device, sentence: describeResize(device) }));
  const what = devices.map(describeResize).join(", ");
  const later = definition.some((step) => step.kind === "redefine") ? "; numa: at the next boot" : "";
  const ceiling = live.maxMemory?.size ?? live.memory;
  return {
    outcome: "live",
    headline: `${what}; ${formatChange(live.memory, desired.memory)} of at most ${formatSize(ceiling)}; ${notes(desired, observed, live).join("; ")}${supersedes}${later}`,
    details: [],
    steps: [...steps, ...definition],
    reasons: [],
  };
}

/** «plug 512 MiB of node 0's virtio-mem device (512 of 7168 MiB)», «take 256 MiB out of …» */
function describeResize({ node, from, requested, size }: ResizePlan): string {
  const change = requested - from;
  const what =
    change > 0
      ? `plug ${formatMib(change)} of node ${node}'s virtio-mem device`
      : `take ${formatMib(-change)} out of node ${node}'s virtio-mem device`;
  return `${what} (then ${formatMib(requested)} of ${formatMib(size)})`;
}

function notes(desired: DesiredMemory, { persistent, power }: Observed, live: MemoryView): string[] {
  const shrinks = desired.memory < live.memory;
  const ceiling = live.maxMemory?.size;
  return [
    "no restart",
    ...noteIf(shrinks, "the guest gives back what it can free"),
    ...noteIf(
      ceiling !== undefined && desired.maxMemory !== ceiling,
      `the maximum of ${formatSize(desired.maxMemory)} takes effect at the next boot`,
    ),
    ...(shrinks ? [] : tooMuchAtOnce(desired, live)),
    ...noteIf(!persistent, "the domain is transient, so the new size ends with it"),
    ...noteIf(power === "paused", "the domain is paused: the guest follows when it resumes"),
  ];
}

/** «1003 MiB of base memory and 512 MiB of virtio-mem» */
export function describeVirtioMem(cells: { memory: number }[], devices: { requested: number }[]): string {
  const base = sum(cells.map(({ memory }) => memory));
  return `${formatMib(base)} of base memory and ${formatMib(sum(devices.map(({ requested }) => requested)))} of virtio-mem`;
}
