import { saySize } from "../args/size.ts";
import { resizedXml } from "../domain/virtio-mem.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import type { ResizePlan } from "../plan/plan.ts";
import type { Workplace } from "./workplace.ts";

/**
 * Sets what is requested of a virtio-mem device of the running domain. The guest follows on its own: this doesn't wait for
 * it.
 */
export async function resize(
  { alias, requested }: ResizePlan,
  { hypervisor, domain }: Workplace,
  present: Sighting,
): Promise<Sighting> {
  if (requestedOf(alias, present) === requested) return present;
  const xml = await hypervisor.xml(domain, { inactive: false });
  await hypervisor.updateDevice(domain, resizedXml(xml, alias, requested), { live: true });
  const after = await observe(hypervisor, domain);
  const found = requestedOf(alias, after);
  if (found !== requested)
    throw new Error(
      `libvirt reported success, and ${alias} is asked for ${saySize(found ?? 0)} where ${saySize(requested)} were wanted`,
    );
  return after;
}

function requestedOf(alias: string, { observed }: Sighting): number | undefined {
  return observed.live?.devices.find((device) => device.alias === alias)?.requested;
}
