import type { Inputs } from "../args/inputs.ts";
import { DEFAULTS } from "../args/settings.ts";
import { definitionXml, domainSpec } from "../definition/domain-spec.ts";
import { readDomain } from "../domain/read.ts";
import { afterStep } from "../plan/after-step.ts";
import { slotCount } from "../plan/dimms/slots.ts";
import { memoryView, type Observed } from "../plan/observed.ts";
import { planInput, planUpdate, type UpdatePlan } from "../plan/plan-update.ts";

/** A running domain on its way through the sizes of a catalogue. */
export interface Place {
  /** Its program. */
  inputs: Inputs;
  observed: Observed;
}

/** A domain that was created and started with these arguments. */
export function startedWith(inputs: Inputs): Place {
  const arch = inputs.arch ?? "x86_64";
  const host = { arch, kvm: new Set([arch]), machines: new Map() };
  const xml = definitionXml(inputs, domainSpec(inputs, host, undefined, DEFAULTS), undefined);
  const nextBoot = memoryView(readDomain(xml));
  return { inputs, observed: { power: "running", persistent: true, live: nextBoot, nextBoot } };
}

/** The planner's own answer to another size in the program. */
export function planStep({ inputs: before, observed }: Place, inputs: Inputs): UpdatePlan {
  return planUpdate(planInput({ __observed: observed }, { inputs, before, observed, defaults: DEFAULTS }));
}

/** The domain once a plan has been carried out while it runs. */
export function afterPlan({ observed }: Place, inputs: Inputs, { steps }: UpdatePlan): Place {
  return { inputs, observed: steps.reduce(afterStep, observed) };
}

/** The slots of the running domain that are in use and free. */
export function slotsOf({ observed: { live } }: Place): { used: number; free: number } {
  const used = live?.devices.length ?? 0;
  return { used, free: live === undefined ? 0 : slotCount(live) - used };
}
