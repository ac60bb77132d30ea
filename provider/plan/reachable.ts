import type { Asked } from "./asked.ts";
import { leastMemory } from "./definition.ts";
import { reasonsAgainstAttach } from "./dimms/attach-rules.ts";
import { dimmUnit } from "./dimms/layout.ts";
import { targetNodes, unevenness } from "./dimms/spread.ts";
import type { Observed } from "./observed.ts";
import type { Reachable } from "./plan.ts";
import { otherKindReason, resizableTo } from "./virtio-mem/rules.ts";

/** The sizes that a running domain can be grown to without a restart, by the planner's own rules. */
export function reachableSizes(asked: Asked, observed: Observed): Reachable | undefined {
  if (asked.device === "virtio-mem") return resizableTo(asked, observed).up;
  const { live } = observed;
  if (live?.maxMemory === undefined || asked.applyOn === "nextBoot") return undefined;
  if (otherKindReason(asked, live) !== undefined) return undefined;
  const step = dimmUnit(asked, live).size * targetNodes(asked, live).length;
  const level = live.memory + (asked.target === "spread" ? unevenness(live) : 0);
  const first = Math.max(
    level > live.memory ? 0 : 1,
    Math.ceil((leastMemory(asked, observed) - level) / step),
  );
  const isLive = (steps: number) =>
    reasonsAgainstAttach({ ...asked, memory: level + step * steps }, live).length === 0;
  if (!isLive(first)) return undefined;
  const last = lastThat(isLive, first, Math.ceil((live.maxMemory.size - level) / step) + 1);
  return { from: level + step * first, to: level + step * last, step };
}

/** The last number that passes, where all up to it do: `passes` does, and `fails` doesn't. */
function lastThat(isLive: (steps: number) => boolean, passes: number, fails: number): number {
  if (fails - passes <= 1) return passes;
  const middle = Math.floor((passes + fails) / 2);
  return isLive(middle) ? lastThat(isLive, middle, fails) : lastThat(isLive, passes, middle);
}
