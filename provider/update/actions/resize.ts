import { resizedXml } from "../../domain/virtio-mem.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import type { ResizePlan } from "../../plan/plan.ts";
import { formatSize } from "../../units/size.ts";
import type { StepContext } from "../step-context.ts";

/**
 * Sets what is requested of a virtio-mem device of the running domain. The guest follows on its own: this doesn't wait for
 * it.
 */
export async function resize(
  { alias, requested }: ResizePlan,
  { hypervisor, domain }: StepContext,
  present: Observation,
): Promise<Observation> {
  if (requestedOf(alias, present) === requested) return present;
  const xml = await hypervisor.xml(domain, { inactive: false });
  await hypervisor.updateDevice(domain, resizedXml(xml, alias, requested), { live: true });
  const after = await observe(hypervisor, domain);
  const found = requestedOf(alias, after);
  if (found !== requested)
    throw new Error(
      `libvirt reported success, and ${alias} is asked for ${formatSize(found ?? 0)} where ${formatSize(requested)} were wanted`,
    );
  return after;
}

function requestedOf(alias: string, { observed }: Observation): number | undefined {
  return observed.live?.devices.find((device) => device.alias === alias)?.requested;
}
