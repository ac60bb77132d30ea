import type { Clock } from "../deadline.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Kib } from "../units/kib.ts";
import { type AttachedMemory, measuredReserve, unusedMemory, unusedSize } from "./attached.ts";
import { nextReport } from "./balloon.ts";
import type { GuestReport } from "./report.ts";

/**
 * Measures what a guest's kernel keeps for itself while its agent reports what it uses: if the agent is gone when the guest is
 * asked again, only the balloon driver's total can tell. Undefined where the balloon driver doesn't report.
 *
 * @param report the guest agent's
 */
export async function measureReserve(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
  attached: AttachedMemory,
  report: GuestReport,
): Promise<Kib | undefined> {
  const total = await nextReport(hypervisor, domain, clock).catch(() => undefined);
  const unused = unusedMemory(attached, report);
  if (total === undefined || unused === undefined) return undefined;
  return measuredReserve(attached, total.memory + unusedSize(unused, false));
}
