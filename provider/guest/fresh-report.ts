import { type Clock, Deadline } from "../deadline.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { GuestReport, Speaker } from "./report.ts";
import { findSource } from "./source.ts";

/** The balloon of a domain of ours reports every 2 s; one that takes longer is not waited for. */
const REPORT_MS = 5_000;

const POLL_MS = 250;

/**
 * What a guest says that it has by now: an agent answers at once, a balloon with its next report.
 *
 * @returns undefined where nobody answers for it
 */
export async function freshReport(
  hypervisor: Hypervisor,
  domain: DomainRef,
  agentConnected: boolean,
  clock: Clock,
): Promise<{ speaker: Speaker; word: GuestReport } | undefined> {
  const found = await findSource(hypervisor, domain, agentConnected);
  if ("silent" in found) return undefined;
  const { source, word: first } = found;
  const { speaker } = source;
  if (speaker === "agent") return { speaker, word: first };
  const deadline = Deadline.inMs(REPORT_MS, clock);
  while (!deadline.isOver) {
    const word = await source.ask().catch(() => first);
    if (word.reported !== first.reported) return { speaker, word };
    await deadline.sleep(POLL_MS);
  }
  return undefined;
}
