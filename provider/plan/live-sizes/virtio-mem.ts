import { defined } from "../../defined.ts";
import { sum } from "../../units/kib.ts";
import { leastMemory } from "../definition/folded.ts";
import type { DesiredMemory } from "../desired.ts";
import type { Observed } from "../observed.ts";
import { pauseObstacles } from "../pause.ts";
import type { Reachable } from "../plan.ts";
import { baseMemory, largestBlock, reasonsAgainstResize, targetDevices } from "../virtio-mem/rules.ts";

/** The sizes that a running domain reaches by its virtio-mem devices, above and below the present one. */
export function virtioMemSizes(
  desired: DesiredMemory,
  observed: Observed,
): { up?: Reachable; down: Reachable[] } {
  const { live } = observed;
  if (live === undefined || desired.applyOn === "nextBoot") return { down: [] };
  if (pauseObstacles(observed).length > 0) return { down: [] };
  const devices = targetDevices(desired, live);
  const base = baseMemory(desired, live);
  if (reasonsAgainstResize({ ...desired, memory: base }, live).length > 0) return { down: [] };
  const step = largestBlock(devices);
  const present = (live.memory - base) / step;
  const least = Math.max(0, Math.ceil((leastMemory(desired, observed) - base) / step));
  const most = sum(devices.map(({ size }) => Math.floor(size / step)));
  const range = (from: number, to: number): Reachable[] =>
    from <= to ? [{ from: base + from * step, to: base + to * step, step }] : [];
  const [up] = range(Math.max(least, Math.floor(present) + 1), most);
  return defined({ up, down: range(least, Math.min(most, Math.ceil(present) - 1)) });
}
