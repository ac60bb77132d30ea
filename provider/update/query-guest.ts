import { hotplugSetting } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { expectAttached, missing } from "../guest/expectation.ts";
import { freshReport } from "../guest/fresh-report.ts";
import { currentRecord, type GuestRecord } from "../guest/record.ts";
import { SPEAKERS } from "../guest/text.ts";
import type { Observation } from "../observe/observe.ts";
import { formatWholeMib } from "../units/size.ts";
import { attachedMemory, recordedReserve } from "./attached-memory.ts";
import { secondsForGuest, type UpdateContext } from "./context.ts";
import { guestRecord } from "./guest-record.ts";

/**
 * What the guest reports once its memory has changed, for the state, and what it lacks of the attached memory. libvirt has
 * confirmed the change already, so a guest that doesn't answer doesn't fail the update.
 */
export async function queryGuest(context: UpdateContext, now: Observation): Promise<GuestRecord | undefined> {
  const { observed, agentConnected } = now;
  const { hypervisor, domain, session, state, news } = context;
  const { live, power } = observed;
  if (secondsForGuest(context) === false || live === undefined) return undefined;
  const found =
    power === "running" ? await freshReport(hypervisor, domain, agentConnected, session.clock) : undefined;
  if (found === undefined) return unanswered(context);
  const { speaker, report } = found;
  const online = hotplugSetting("online", news, session.defaults);
  const expected = expectAttached(
    speaker,
    report,
    0,
    attachedMemory(live, { reserved: recordedReserve(state, domain.id) }),
  );
  const isCounted = speaker === "agent" || online !== "none";
  const added = expected !== undefined && isCounted ? missing(report, expected, online) : 0;
  const lacking = expected && added > 0 ? { ...expected, added } : undefined;
  return guestRecord(context, now, { speaker, report, missing: lacking });
}

/** The guest still lacks what it lacked before. */
function unanswered({ state, domain }: UpdateContext): GuestRecord | undefined {
  const { missing: owed, speaker, reserved } = currentRecord(state?.__guest, domain.id) ?? {};
  if (owed === undefined || speaker === undefined) return undefined;
  return defined({ domainId: domain.id, speaker, reserved, missing: owed });
}

/**
 * Why an update whose guest lacks memory fails although libvirt confirmed its change; undefined where it lacks none.
 *
 * @param done what the update did
 */
export function lackingMemory(
  { domain }: UpdateContext,
  done: string,
  { speaker, memory, missing: lacking }: GuestRecord,
): string | undefined {
  if (lacking === undefined || memory === undefined) return undefined;
  const figure = `${formatWholeMib(lacking.added)} less than it should have (reported by ${SPEAKERS[speaker]})`;
  return `Domain ${domain.name} lacks part of its memory: ${done}; the guest has ${formatWholeMib(memory)}, ${figure}; the next update asks the guest again`;
}
