import { leastMemory } from "../definition/folded.ts";
import type { DesiredMemory } from "../desired.ts";
import { reasonsAgainstAttach } from "../dimms/attach-rules.ts";
import { dimmUnit } from "../dimms/layout.ts";
import { targetNodes, unevenness } from "../numa/spread.ts";
import type { Observed } from "../observed.ts";
import { pauseObstacles } from "../pause.ts";
import type { Reachable } from "../plan.ts";
import { deviceKindReason } from "../virtio-mem/rules.ts";
import { virtioMemSizes } from "./virtio-mem.ts";

/** The sizes that a running domain can grow to without a restart, by the planner's own rules. */
export function upwardSizes(desired: DesiredMemory, observed: Observed): Reachable | undefined {
  if (desired.device === "virtio-mem") return virtioMemSizes(desired, observed).up;
  const { live } = observed;
  if (live?.maxMemory === undefined || desired.applyOn === "nextBoot") return undefined;
  if (deviceKindReason(desired, live) !== undefined || pauseObstacles(observed).length > 0) return undefined;
  const step = dimmUnit(desired, live).size * targetNodes(desired, live).length;
  const level = live.memory + (desired.target === "spread" ? unevenness(live) : 0);
  const first = Math.max(
    level > live.memory ? 0 : 1,
    Math.ceil((leastMemory(desired, observed) - level) / step),
  );
  const isLive = (steps: number) =>
    reasonsAgainstAttach({ ...desired, memory: level + step * steps }, live).length === 0;
  if (!isLive(first)) return undefined;
  const last = lastThat(isLive, first, Math.ceil((live.maxMemory.size - level) / step) + 1);
  return { from: level + step * first, to: level + step * last, step };
}

/** The last number that passes, given that all below it do, `passes` passes and `fails` doesn't. */
function lastThat(isLive: (steps: number) => boolean, passes: number, fails: number): number {
  if (fails - passes <= 1) return passes;
  const middle = Math.floor((passes + fails) / 2);
  return isLive(middle) ? lastThat(isLive, middle, fails) : lastThat(isLive, passes, middle);
}
