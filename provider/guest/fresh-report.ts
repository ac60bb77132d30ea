import type { Clock } from "../deadline.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { nextReport } from "./balloon.ts";
import type { GuestReport, Speaker } from "./report.ts";
import { findSource } from "./source.ts";

/**
 * What a guest reports now: an agent answers at once, a balloon driver with its next report.
 *
 * @returns undefined where neither answers
 */
export async function freshReport(
  hypervisor: Hypervisor,
  domain: DomainRef,
  agentConnected: boolean,
  clock: Clock,
): Promise<{ speaker: Speaker; report: GuestReport } | undefined> {
  const found = await findSource(hypervisor, domain, agentConnected);
  if (found.kind === "silent") return undefined;
  const { speaker } = found.source;
  const report = speaker === "agent" ? found.report : await nextReport(hypervisor, domain, clock);
  return report && { speaker, report };
}
