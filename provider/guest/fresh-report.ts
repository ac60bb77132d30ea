import { type Clock, Deadline } from "../deadline.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { GuestReport, Speaker } from "./report.ts";
import { findSource } from "./source.ts";

/** In domains that this provider defines the balloon driver reports every 2 s; nothing waits for a slower one. */
const REPORT_MS = 5_000;

const POLL_MS = 250;

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
  const { source, report: first } = found;
  const { speaker } = source;
  if (speaker === "agent") return { speaker, report: first };
  const deadline = Deadline.inMs(REPORT_MS, clock);
  while (!deadline.isOver) {
    const report = await source.ask().catch(() => first);
    if (report.reported !== first.reported) return { speaker, report };
    await deadline.sleep(POLL_MS);
  }
  return undefined;
}
