import { defined } from "../defined.ts";
import { type AttachedMemory, measuredReserve, reservedBy } from "../guest/attached.ts";
import type { Expectation } from "../guest/expectation.ts";
import { currentRecord, type GuestRecord, recordOf } from "../guest/record.ts";
import type { GuestReport, Speaker } from "../guest/report.ts";
import { measureReserve } from "../guest/reserve.ts";
import type { Observation } from "../observe/observe.ts";
import { attachedDimms, type Step } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import { attachedMemory, recordedReserve } from "./attached-memory.ts";
import type { AwaitedMemory } from "./awaited-memory.ts";
import { isPoweredOffOrOn, keptRecord, secondsForGuest, type UpdateContext } from "./context.ts";

/** What a guest reported, and what it should have reported where it lacks memory. */
export interface ReportedMemory {
  speaker: Speaker;
  report: GuestReport;
  missing: Expectation | undefined;
}

/** The record of a guest that was asked. */
export async function guestRecord(
  context: UpdateContext,
  { observed: { live } }: Observation,
  { speaker, report, missing }: ReportedMemory,
): Promise<GuestRecord> {
  const { domain, state } = context;
  const known = recordedReserve(state, domain.id);
  const attached = live && attachedMemory(live, { reserved: known });
  const reserved = attached && (await reserveOf(context, attached, { speaker, report, missing }));
  return defined({ ...recordOf(domain.id, speaker, report, live?.memory), reserved, missing });
}

/** The least of what was measured: what the guest lacks makes it seem larger. */
async function reserveOf(
  { hypervisor, domain, session }: UpdateContext,
  attached: AttachedMemory,
  { speaker, report, missing }: ReportedMemory,
): Promise<Kib | undefined> {
  const { reserved } = attached;
  if (speaker === "agent")
    return reserved ?? measureReserve(hypervisor, domain, session.clock, attached, report);
  const measured = missing
    ? Math.max(0, reservedBy(attached, missing.memory))
    : measuredReserve(attached, report.memory);
  return measured === undefined ? reserved : Math.min(reserved ?? measured, measured);
}

/** The record of a guest that lacks memory but couldn't be asked about it: the next update asks it. */
export function owedRecord(
  context: UpdateContext,
  { dimms, owed, present }: Pick<AwaitedMemory, "dimms" | "owed" | "present">,
  speaker: Speaker,
): GuestRecord {
  const added = dimms.reduce((total, { size }) => total + size, owed?.added ?? 0);
  const reserved = speaker === "balloon" ? (present.reserved ?? 0) : 0;
  const memory = present.memory + dimms.reduce((total, { size }) => total + size, 0) - reserved;
  return defined({
    ...keptRecord(context),
    domainId: context.domain.id,
    speaker,
    reserved: present.reserved,
    missing: { speaker, memory, added, slack: 0, others: [] },
  });
}

/** The record of an update that failed in a step: the guest lacks what was attached before that step, and what it lacked earlier. */
export function interruptedRecord(context: UpdateContext, done: Step[]): GuestRecord | undefined {
  const { observation, domain, state, plan } = context;
  const { live } = observation.observed;
  const earlier = currentRecord(state?.__guest, domain.id);
  const dimms = attachedDimms(done);
  const owed = earlier?.missing;
  if (secondsForGuest(context) === false || live === undefined || isPoweredOffOrOn(context)) return undefined;
  if (dimms.length === 0 && owed === undefined) return undefined;
  const present = attachedMemory(live, { reserved: recordedReserve(state, domain.id), steps: plan.steps });
  if (!observation.agentConnected && owed === undefined && present.reserved === undefined) return undefined;
  const speaker = owed?.speaker ?? (observation.agentConnected ? "agent" : "balloon");
  return owedRecord(context, { dimms, owed, present }, speaker);
}
