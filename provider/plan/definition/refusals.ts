import type { Kib } from "../../units/kib.ts";
import { sum } from "../../units/kib.ts";
import { formatSize } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { isManaged } from "../dimms/slots.ts";
import type { Observed } from "../observed.ts";
import { type Plan, refuse } from "../plan.ts";
import { foldedDefinition } from "./folded.ts";

/**
 * A definition that would not start: virtio-mem devices count in full against maxMemory, whatever is requested of them,
 * and those of others stay as they are.
 */
export function exceedsMaxMemory(
  desired: DesiredMemory,
  observed: Observed,
  numaChanged: boolean,
): Plan | undefined {
  const { nextBoot } = observed;
  const theirs = nextBoot?.devices.filter((device) => !isManaged(device)) ?? [];
  if (nextBoot === undefined || !theirs.some(({ model }) => model === "virtio-mem")) return undefined;
  const { cells, virtioMem = [] } = foldedDefinition(desired, observed, nextBoot, numaChanged);
  const ours = virtioMem.filter(({ alias }) => alias !== undefined);
  const whole: Kib = sum([
    ...cells.map(({ memory }) => memory),
    ...[...theirs, ...ours].map(({ size }) => size),
  ]);
  if (whole <= desired.maxMemory) return undefined;
  const reason = `with the virtio-mem device of others, which counts in full, the definition would come to ${formatSize(whole)} of at most ${formatSize(desired.maxMemory)}`;
  return refuse(`${reason}; raise maxMemory to at least ${formatSize(whole)}`, [
    { code: "definition-beyond-max-memory", text: reason },
  ]);
}
