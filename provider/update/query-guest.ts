import { freshReport } from "../guest/fresh-report.ts";
import { type GuestRecord, recordOf } from "../guest/record.ts";
import type { Observation } from "../observe/observe.ts";
import { secondsForGuest, type UpdateContext } from "./context.ts";

/**
 * What the guest reports once its memory has changed, for the state. libvirt has confirmed the change already, so a guest that
 * doesn't answer doesn't fail the update.
 */
export async function queryGuest(
  context: UpdateContext,
  { observed, agentConnected }: Observation,
): Promise<GuestRecord | undefined> {
  if (secondsForGuest(context) === false || observed.power !== "running") return undefined;
  const { hypervisor, domain, session } = context;
  const found = await freshReport(hypervisor, domain, agentConnected, session.clock);
  return found && recordOf(domain.id, found.speaker, found.report, observed.live?.memory);
}
