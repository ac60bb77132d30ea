import { type Observation, observe } from "../../observe/observe.ts";
import type { DefineStep } from "../../plan/plan.ts";
import { formatList } from "../../plan/text.ts";
import type { Action } from "../action.ts";
import type { NewDefinition, UpdateContext } from "../context.ts";
import { currentDefinition, missingFields, replannedStep } from "../definition.ts";
import { postconditionFailed } from "../postconditions.ts";

/** Sets the inactive definition: its memory and all other arguments that changed, at once. */
export const define: Action<DefineStep> = {
  async run(step, context, progress) {
    const replan = (now: Observation) => replannedStep(step, context, now);
    progress.definition = await currentDefinition(step, context, progress.definition, replan);
    return write(progress.definition, context, progress.now);
  },
};

/** Sets the definition to the present memory of the running domain, after a removal that ended halfway. */
export async function defineWhatIsLeft(step: DefineStep, context: UpdateContext): Promise<Observation> {
  return write(await currentDefinition(step, context, undefined, () => step), context, context.observation);
}

async function write(
  { from, xml, step }: NewDefinition,
  context: UpdateContext,
  { observed }: Observation,
): Promise<Observation> {
  const { hypervisor, domain } = context;
  if (xml !== from) await hypervisor.define(xml);
  const missing = await missingFields(step, context);
  if (missing.length > 0)
    throw postconditionFailed(
      `libvirt reported success, but the definition doesn't have the program's ${formatList(missing)}`,
    );
  return observe(hypervisor, domain, { running: observed.power !== "off" });
}
