import type { DesiredMemory } from "../desired.ts";
import { reasonsAgainstAttach } from "../dimms/attach-rules.ts";
import { dimmUnit } from "../dimms/layout.ts";
import { targetNodes, unevenness } from "../numa/spread.ts";
import type { Observed } from "../observed.ts";
import { pauseObstacles } from "../pause.ts";
import type { Reachable } from "../plan.ts";
import { deviceKindReason } from "../virtio-mem/rules.ts";
import { acceptableSizes, livePart, type SizeContext } from "./acceptable.ts";
import { virtioMemSizes } from "./virtio-mem.ts";

/** The sizes that a running domain can grow to without a restart, by the planner's own rules. */
export function upwardSizes(
  desired: DesiredMemory,
  observed: Observed,
  context: SizeContext = {},
): Reachable | undefined {
  if (desired.device === "virtio-mem") return virtioMemSizes(desired, observed, context).up;
  const { live } = observed;
  if (live?.maxMemory === undefined || desired.applyOn === "nextBoot") return undefined;
  if (deviceKindReason(desired, live) !== undefined || pauseObstacles(observed).length > 0) return undefined;
  const step = dimmUnit(desired, live).size * targetNodes(desired, live).length;
  const level = live.memory + (desired.target === "spread" ? unevenness(live) : 0);
  const from = level > live.memory ? level : level + step;
  const sizeOf = (index: number) => from + step * index;
  const count = Math.max(0, Math.floor((live.maxMemory.size - from) / step) + 1);
  const part = livePart(
    { count, sizeOf },
    acceptableSizes(desired, observed, live, context),
    (memory) => reasonsAgainstAttach({ ...desired, memory }, live).length === 0,
  );
  return part && { from: sizeOf(part.first), to: sizeOf(part.last), step };
}
