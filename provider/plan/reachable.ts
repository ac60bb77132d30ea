import type { Asked } from "./asked.ts";
import { takenByOthers } from "./definition.ts";
import { reasonsAgainstAttach } from "./live-rules.ts";
import type { Observed } from "./observed.ts";
import type { Reachable } from "./plan.ts";

/** The sizes that a running domain can be grown to without a restart, by the planner's own rules. */
export function reachableSizes(asked: Asked, observed: Observed): Reachable | undefined {
  const { live } = observed;
  if (live?.maxMemory === undefined) return undefined;
  const step = asked.alignment;
  const stepsTo = (size: number) => Math.floor((size - live.memory) / step);
  const from = live.memory + step * Math.max(1, stepsTo(takenByOthers(asked, observed)) + 1);
  if (reasonsAgainstAttach({ ...asked, memory: from }, live).length > 0) return undefined;
  return { from, to: live.memory + step * stepsTo(live.maxMemory.size), step };
}
