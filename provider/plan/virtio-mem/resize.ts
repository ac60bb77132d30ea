import { sayMib, saySize } from "../../args/size.ts";
import type { Asked } from "../asked.ts";
import { sum } from "../cells.ts";
import { tooMuchAtOnce } from "../dimms/growth-words.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Plan, ResizePlan, Step } from "../plan.ts";
import { arrow, when } from "../words.ts";
import { requestsFor, targetDevices } from "./rules.ts";

/** The devices whose size changes, in the order of their nodes. The rules have passed. */
function resizes(asked: Asked, live: MemoryView): ResizePlan[] {
  const requests = requestsFor(asked, live);
  return targetDevices(asked, live).flatMap(({ alias, node, size, requested: from = 0 }, index) => {
    const requested = requests[index] ?? from;
    return alias === undefined || requested === from ? [] : [{ alias, node, size, from, requested }];
  });
}

/** The domain as it is when its devices have been resized. */
export function resized(asked: Asked, observed: Observed, live: MemoryView): Observed {
  const changes = resizes(asked, live);
  const devices = live.devices.map((device) => {
    const requested = changes.find(({ alias }) => alias === device.alias)?.requested;
    return requested === undefined ? device : { ...device, requested };
  });
  return { ...observed, live: { ...live, memory: asked.memory, devices } };
}

/**
 * Changes the size of a running domain by its virtio-mem devices.
 *
 * @param definition the steps that set the inactive definition
 */
export function planResize(
  asked: Asked,
  observed: Observed,
  live: MemoryView,
  definition: Step[],
  supersedes: string,
): Plan {
  const devices = resizes(asked, live);
  const steps = devices.map((device): Step => ({ kind: "resize", device, sentence: sayResize(device) }));
  const what = devices.map(sayResize).join(", ");
  const later = definition.some((step) => step.kind === "redefine") ? "; numa: at the next boot" : "";
  const ceiling = live.maxMemory?.size ?? live.memory;
  return {
    outcome: "live",
    summary: `${what}; ${arrow(live.memory, asked.memory)} of at most ${saySize(ceiling)}; ${notes(asked, observed, live).join("; ")}${supersedes}${later}`,
    steps: [...steps, ...definition],
    reasons: [],
  };
}

/** «plug 512 MiB of node 0's virtio-mem device (512 of 7168 MiB)», «take 256 MiB out of …» */
function sayResize({ node, from, requested, size }: ResizePlan): string {
  const change = requested - from;
  const what =
    change > 0
      ? `plug ${sayMib(change)} of node ${node}'s virtio-mem device`
      : `take ${sayMib(-change)} out of node ${node}'s virtio-mem device`;
  return `${what} (then ${sayMib(requested)} of ${sayMib(size)})`;
}

function notes(asked: Asked, { persistent, power }: Observed, live: MemoryView): string[] {
  const shrinks = asked.memory < live.memory;
  const ceiling = live.maxMemory?.size;
  return [
    "no restart",
    ...when(shrinks, "the guest gives back what it can free"),
    ...when(
      ceiling !== undefined && asked.maxMemory !== ceiling,
      `the maximum of ${saySize(asked.maxMemory)} takes effect at the next boot`,
    ),
    ...(shrinks ? [] : tooMuchAtOnce(asked, live)),
    ...when(!persistent, "the domain is transient, so the new size ends with it"),
    ...when(power === "paused", "the domain is paused: the guest follows when it resumes"),
  ];
}

/** «1003 MiB of base memory and 512 MiB of virtio-mem» */
export function sayVirtioMem(cells: { memory: number }[], devices: { requested: number }[]): string {
  const base = sum(cells.map(({ memory }) => memory));
  return `${sayMib(base)} of base memory and ${sayMib(sum(devices.map(({ requested }) => requested)))} of virtio-mem`;
}
