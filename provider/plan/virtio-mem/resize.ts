import type { DesiredMemory } from "../desired.ts";
import type { MemoryView, Observed } from "../observed.ts";
import type { Plan, ResizePlan, Step } from "../plan.ts";
import { requestsFor, targetDevices } from "./rules.ts";
import { describeResize, resizeHeadline, resizeNotes } from "./text.ts";

/** The devices whose size changes, in the order of their nodes. The rules have passed. */
function resizes(desired: DesiredMemory, live: MemoryView): ResizePlan[] {
  const requests = requestsFor(desired, live);
  return targetDevices(desired, live).flatMap(({ alias, node, size, requested: from = 0 }, index) => {
    const requested = requests[index] ?? from;
    return alias === undefined || requested === from ? [] : [{ alias, node, size, from, requested }];
  });
}

/** The domain with its devices resized. */
export function withResized(desired: DesiredMemory, observed: Observed, live: MemoryView): Observed {
  const changes = resizes(desired, live);
  const devices = live.devices.map((device) => {
    const requested = changes.find(({ alias }) => alias === device.alias)?.requested;
    return requested === undefined ? device : { ...device, requested };
  });
  return { ...observed, live: { ...live, memory: desired.memory, devices } };
}

/**
 * Changes the memory of a running domain by a resize of its virtio-mem devices.
 *
 * @param definition the steps that set the inactive definition
 */
export function planResize(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  definition: Step[],
): Plan {
  const devices = resizes(desired, live);
  const steps = devices.map((device): Step => ({ kind: "resize", device, sentence: describeResize(device) }));
  return {
    outcome: "live",
    headline: resizeHeadline(desired, live, devices),
    details: resizeNotes(desired, observed, live),
    steps: [...steps, ...definition],
    reasons: [],
  };
}
