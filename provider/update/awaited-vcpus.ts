import { hotplugSetting } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { vcpusOf } from "../domain/state.ts";
import { printable } from "../guest/report.ts";
import {
  currentVcpuRecord,
  describeMissingVcpus,
  missingVcpus,
  newOfflineVcpus,
  type VcpuExpectation,
  type VcpuRecord,
  type VcpuReport,
  vcpuSource,
} from "../guest/vcpus.ts";
import { waitForArrival } from "../guest/wait-for-guest.ts";
import { isVcpuStep, type Step, type VcpuStep } from "../plan/plan.ts";
import { formatVcpus } from "../plan/text.ts";
import type { Confirm, Confirmation } from "./action.ts";
import {
  isPoweredOffOrOn,
  type Progress,
  refuseUpdate,
  secondsForGuest,
  type UpdateContext,
  updateLog,
} from "./context.ts";

/**
 * Before the first step: asks the guest for its vCPUs, to wait for the change later, or for what an earlier update waited for in
 * vain.
 *
 * @returns undefined when there is nothing to wait for
 * @throws UserError where the guest has fewer vCPUs than the domain: an unfinished removal makes the next change dangerous
 */
export async function awaitVcpus(context: UpdateContext): Promise<Confirm | undefined> {
  const { observation, plan, state, domain, hypervisor } = context;
  const { live, power } = observation.observed;
  const step = plan.steps.find(isVcpuStep);
  const owed = currentVcpuRecord(state?.__guestVcpus, domain.id)?.missing ?? 0;
  const seconds = secondsForGuest(context);
  if (live === undefined || seconds === false || isPoweredOffOrOn(context)) return undefined;
  const present = vcpusOf(live);
  if (step === undefined && owed === 0) return undefined;
  const change = describeChange(step);
  const unknown = (missing: number): VcpuRecord =>
    defined({ domainId: domain.id, missing: missing || undefined });
  const added = Math.max(0, (step?.to ?? present) - present);
  if (power !== "running") return unconfirmed(change, "it is paused", unknown(owed + added), context);
  if (!observation.agentConnected) return unconfirmed(change, "no guest agent", unknown(owed), context);
  const source = vcpuSource(hypervisor, domain);
  let before: VcpuReport;
  try {
    before = await source.ask();
  } catch (error) {
    const why = `the guest agent is connected but unusable (${printable(error)})`;
    return unconfirmed(change, why, unknown(owed + added), context);
  }
  const listed = before.online.length + before.offline.length;
  if (step !== undefined && listed + owed < present)
    throw refuseUpdate(
      context,
      `the guest lists only ${formatVcpus(listed)}, but the domain has ${present}: an earlier removal may be unfinished, or the guest's kernel limits them (nr_cpus, maxcpus); another change could end the domain, so its vCPUs can't change until it is shut down and started; nothing was changed`,
      "vcpu-removal-unanswered",
    );
  // Somebody in the guest keeps the others offline.
  const others = before.offline.slice(owed);
  const expected = { present: step?.to ?? present, others };
  return (progress) => confirm({ source, before, expected, seconds, change }, context, progress);
}

interface AskedVcpus {
  source: ReturnType<typeof vcpuSource>;
  before: VcpuReport;
  expected: VcpuExpectation;
  seconds: number;
  change: string;
}

async function confirm(
  { source, before, expected, seconds, change }: AskedVcpus,
  context: UpdateContext,
  { now, guest }: Progress,
): Promise<Confirmation> {
  const { domain, session, news } = context;
  const { status, info } = updateLog(context);
  const online = hotplugSetting("online", news, session.defaults);
  const patience = session.patience(seconds, "hotplug.awaitGuest");
  const result = await waitForArrival(source, {
    ...{ before, online, deadline: patience.deadline },
    missing: (report) => missingVcpus(report, expected, online),
    newOffline: (report) => newOfflineVcpus(report, expected),
    amount: (report) => report.online.length,
    onProgress: (report) =>
      status(
        `${change}; waiting for the guest: ${report.online.length} of ${formatVcpus(expected.present)} online`,
      ),
  });
  const { report, missing } = result;
  const has = report.online.length;
  const vcpus: VcpuRecord = defined({ domainId: domain.id, online: has, missing: missing || undefined });
  if (missing === 0) {
    const unused = newOfflineVcpus(report, expected).length;
    const rest = unused === 0 ? "" : `; ${formatVcpus(unused)} offline in the guest (hotplug.online "none")`;
    await info(`${change}; confirmed by the guest agent: ${formatVcpus(has)} online${rest}`);
    return { now, guest, vcpus, isAwaited: true };
  }
  const surplus = has > expected.present;
  return {
    now,
    guest,
    vcpus,
    isAwaited: true,
    shortfall: `Domain ${domain.name} did not get the number of vCPUs that it should have: ${change}; after ${patience.text} the guest uses ${formatVcpus(has)}, ${missing} ${surplus ? "more" : "fewer"} than it should: ${describeMissingVcpus(result, expected, online)}; the domain keeps its ${formatVcpus(expected.present)}, and the next update asks the guest again`,
  };
}

/** Nothing can confirm the change; the message after it says why. */
function unconfirmed(change: string, why: string, vcpus: VcpuRecord, context: UpdateContext): Confirm {
  return async ({ now, guest }) => {
    await updateLog(context).warn(`${change}; couldn't confirm with the guest: ${why}`);
    return { now, guest, vcpus, isAwaited: false };
  };
}

/** "added 2 vCPUs", "removed 1 vCPU" */
function describeChange(step: VcpuStep | undefined): string {
  if (step === undefined) return "vCPUs added earlier";
  const { from, to } = step;
  return to > from ? `added ${formatVcpus(to - from)}` : `removed ${formatVcpus(from - to)}`;
}

/** The record of an update that failed in a step, or was cancelled: the guest lacks what was added, and what it lacked earlier. */
export function interruptedVcpuRecord(context: UpdateContext, done: Step[]): VcpuRecord | undefined {
  const { state, domain, observation } = context;
  const earlier = currentVcpuRecord(state?.__guestVcpus, domain.id);
  const plugged = done.find(({ kind }) => kind === "plugVcpus");
  if (plugged?.kind !== "plugVcpus") return earlier;
  if (secondsForGuest(context) === false || !observation.agentConnected || isPoweredOffOrOn(context))
    return earlier;
  return { domainId: domain.id, missing: (earlier?.missing ?? 0) + plugged.to - plugged.from };
}
