import { dimmXml } from "../../domain/device.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import type { DimmPlan } from "../../plan/plan.ts";
import { formatSize } from "../../units/size.ts";
import { rewritten, runHook } from "../hooks.ts";
import type { StepContext } from "../step-context.ts";

/**
 * Plugs a DIMM into the running domain, with the user's hooks around it. One that is there already is left alone.
 *
 * @throws Error where another one has its name, where the hook before it fails, and where libvirt refuses
 */
export async function attach(dimm: DimmPlan, place: StepContext, present: Observation): Promise<Observation> {
  const { hypervisor, domain, hooks, uri, clock } = place;
  const there = ourDimm(dimm, present);
  if (there !== undefined && there.size !== dimm.size)
    throw new Error(
      `${dimm.alias} is there already, with ${formatSize(there.size)} where ${formatSize(dimm.size)} was wanted`,
    );
  if (there !== undefined) return present;
  const planned = dimmXml(dimm);
  const context = { domain, uri, clock };
  const xml =
    hooks.before === undefined ? planned : rewritten(planned, await runHook(hooks.before, planned, context));
  await hypervisor.attachDevice(domain, xml, { live: true });
  const after = await observe(hypervisor, domain);
  if (ourDimm(dimm, after) === undefined)
    throw new Error(`libvirt reported success, and ${dimm.alias} is not in the running domain`);
  if (hooks.after !== undefined)
    await runHook(hooks.after, xml, context).catch((error: Error) =>
      place.warn(`${formatSize(dimm.size)} is attached, and the hook hotplug.after failed: ${error.message}`),
    );
  return after;
}

function ourDimm(dimm: DimmPlan, { observed }: Observation) {
  return observed.live?.devices.find((device) => device.alias === dimm.alias);
}
