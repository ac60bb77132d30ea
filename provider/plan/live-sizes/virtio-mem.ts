import { defined } from "../../defined.ts";
import { sum } from "../../units/kib.ts";
import type { DesiredMemory } from "../desired.ts";
import type { Observed } from "../observed.ts";
import { pauseObstacles } from "../pause.ts";
import type { Reachable } from "../plan.ts";
import { baseMemory, largestBlock, reasonsAgainstResize, targetDevices } from "../virtio-mem/rules.ts";
import { acceptableSizes, livePart, type SizeContext } from "./acceptable.ts";

/** The sizes that a running domain reaches by its virtio-mem devices, above and below the present one. */
export function virtioMemSizes(
  desired: DesiredMemory,
  observed: Observed,
  context: SizeContext,
): { up?: Reachable; down: Reachable[] } {
  const { live } = observed;
  if (live === undefined || desired.applyOn === "nextBoot") return { down: [] };
  if (pauseObstacles(observed).length > 0) return { down: [] };
  const devices = targetDevices(desired, live);
  const base = baseMemory(desired, live);
  if (reasonsAgainstResize({ ...desired, memory: base }, live).length > 0) return { down: [] };
  const step = largestBlock(devices);
  const present = (live.memory - base) / step;
  const most = sum(devices.map(({ size }) => Math.floor(size / step)));
  const acceptable = acceptableSizes(desired, observed, live, context);
  const range = (from: number, to: number): Reachable[] => {
    const sizeOf = (index: number) => base + (from + index) * step;
    const part = livePart({ count: Math.max(0, to - from + 1), sizeOf }, acceptable);
    return part === undefined ? [] : [{ from: sizeOf(part.first), to: sizeOf(part.last), step }];
  };
  const [up] = range(Math.max(0, Math.floor(present) + 1), most);
  return defined({ up, down: range(0, Math.min(most, Math.ceil(present) - 1)) });
}
