import { saySize } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import { sum } from "./cells.ts";
import { foldedDefinition } from "./definition.ts";
import { isOurs } from "./dimms/slots.ts";
import { refuse } from "./fallback.ts";
import type { Observed } from "./observed.ts";
import type { Plan } from "./plan.ts";

/**
 * A definition that would not start: virtio-mem devices count in full against maxMemory, whatever is requested of them,
 * and those of others stay as they are.
 */
export function beyondCeiling(asked: Asked, observed: Observed, numaChanged: boolean): Plan | undefined {
  const { nextBoot } = observed;
  const theirs = nextBoot?.devices.filter((device) => !isOurs(device)) ?? [];
  if (nextBoot === undefined || !theirs.some(({ model }) => model === "virtio-mem")) return undefined;
  const { cells, virtioMem = [] } = foldedDefinition(asked, observed, nextBoot, numaChanged);
  const ours = virtioMem.filter(({ alias }) => alias !== undefined);
  const whole: Kib = sum([
    ...cells.map(({ memory }) => memory),
    ...[...theirs, ...ours].map(({ size }) => size),
  ]);
  if (whole <= asked.maxMemory) return undefined;
  const reason = `with the virtio-mem device of others, which counts in full, the definition would come to ${saySize(whole)} of at most ${saySize(asked.maxMemory)}`;
  return refuse(`${reason}; raise maxMemory to at least ${saySize(whole)}`, [reason]);
}
