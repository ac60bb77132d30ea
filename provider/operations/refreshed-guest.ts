import type { Inputs } from "../args/inputs.ts";
import { hotplugSetting, type OnlinePolicy } from "../args/settings.ts";
import { defined } from "../defined.ts";
import type { AttachedMemory } from "../guest/attached.ts";
import { balloonSource, nextReport } from "../guest/balloon.ts";
import { type Expectation, expectAttached, missing } from "../guest/expectation.ts";
import { currentRecord, type GuestRecord, recordOf } from "../guest/record.ts";
import type { GuestReport, Speaker } from "../guest/report.ts";
import { measureReserve } from "../guest/reserve.ts";
import { describeLacking } from "../guest/text.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import type { MemoryView } from "../plan/observed.ts";
import type { Session } from "../session.ts";
import { attachedMemory, recordedReserve } from "../update/attached-memory.ts";

/** What a refresh finds out about a guest's memory. */
export interface RefreshedGuest {
  /** For the state. It is the recorded one unless the guest lacks memory, or lacked it when the state was written. */
  record: GuestRecord | undefined;
  /** What the guest lacks, and who brings it online; or why that isn't known. */
  message?: { severity: "info" | "warning"; text: string };
}

/** A domain that is refreshed, whose guest is asked. */
export interface RefreshedDomain {
  session: Session;
  hypervisor: Hypervisor;
  domain: DomainRef;
  /** With the answer of the guest agent. */
  observation: Observation;
  state: Outputs;
  inputs: Inputs;
}

/**
 * Compares the memory that a running guest uses with what is attached to it. A guest that reboots by itself keeps its domain's
 * id, and may come back with the attached memory offline.
 */
export async function refreshedGuest(guest: RefreshedDomain): Promise<RefreshedGuest> {
  const { session, hypervisor, domain, observation, state, inputs } = guest;
  const record = currentRecord(state.__guest, domain.id);
  const { agentError } = observation;
  const { power, live } = observation.observed;
  if (power !== "running" || live === undefined) return { record };
  const online = hotplugSetting("online", inputs, session.defaults);
  const found = await askAboutAttached(guest, live, online);
  if (found === undefined) {
    if (agentError === undefined || !hasAttached(live)) return { record };
    const text = `couldn't ask the guest agent about the attached memory: ${agentError}`;
    return { record, message: { severity: "info", text } };
  }
  const { speaker, report, expected } = found;
  const lacking = missing(report, expected, online);
  if (lacking === 0 && record?.missing === undefined) return { record };
  const attached = attachedOf(guest, live);
  const reserved =
    attached.reserved ?? (await measureReserve(hypervisor, domain, session.clock, attached, report));
  const base = recordOf(domain.id, speaker, report, live.memory);
  if (lacking === 0) return { record: defined({ ...base, reserved }) };
  const owed = { ...expected, added: lacking };
  const awaitGuest = hotplugSetting("awaitGuest", inputs, session.defaults);
  const text = describeLacking({
    report,
    agentError,
    speaker,
    lacking,
    expected,
    online,
    isAwaited: awaitGuest !== false,
  });
  return { record: defined({ ...base, reserved, missing: owed }), message: { severity: "warning", text } };
}

interface Answer {
  speaker: Speaker;
  report: GuestReport;
  /** What it should report. */
  expected: Expectation;
}

/** Undefined where nobody can tell. */
async function askAboutAttached(
  guest: RefreshedDomain,
  live: MemoryView,
  online: OnlinePolicy,
): Promise<Answer | undefined> {
  const { session, hypervisor, domain, observation, state } = guest;
  const attached = attachedOf(guest, live);
  if (!hasAttached(live)) return undefined;
  const answer = (speaker: Speaker, report: GuestReport): Answer | undefined => {
    const expected = expectAttached(speaker, report, 0, attached);
    return expected && { speaker, report, expected };
  };
  const blocks = observation.guest;
  if (blocks !== undefined)
    return answer("agent", { memory: blocks.online.length * blocks.block, ...blocks });
  if (attached.reserved === undefined || online === "none") return undefined;
  const last = await balloonSource(hypervisor, domain)
    .ask()
    .catch(() => undefined);
  const first = last && answer("balloon", last);
  const isSettled = first === undefined || missing(first.report, first.expected, online) === 0;
  if (isSettled && state.__guest?.missing === undefined) return first;
  // The last report may be older than what has happened in the guest.
  const next = await nextReport(hypervisor, domain, session.clock).catch(() => undefined);
  return next && answer("balloon", next);
}

function hasAttached({ devices }: MemoryView): boolean {
  return devices.some(({ model }) => model === "dimm" || model === "virtio-mem");
}

/** A failed update waits for our own DIMMs too, whatever the guest rejected. */
function attachedOf({ state, domain }: RefreshedDomain, live: MemoryView): AttachedMemory {
  const isRepairable = state.__guest?.missing === undefined;
  return attachedMemory(live, { reserved: recordedReserve(state, domain.id), isRepairable });
}
