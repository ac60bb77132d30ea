import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { hotplugSetting } from "../args/settings.ts";
import { describeRemedy, NOT_AWAITED } from "../guest/text.ts";
import type { Outputs } from "../outputs.ts";
import { desiredMemory } from "../plan/desired.ts";
import { describeNotOnlined } from "../plan/dimms/repair-text.ts";
import type { Observed } from "../plan/observed.ts";
import { planSeverity } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { describeHalted } from "../plan/power.ts";
import { formatList, formatVcpus, NO_LONGER_EXISTS } from "../plan/text.ts";
import type { Session } from "../session.ts";
import { formatWholeMib } from "../units/size.ts";

/** A resource whose program or domain may have changed. */
export interface Difference {
  session: Session;
  id: string;
  /** The outputs that the state has. */
  state: Outputs;
  /** The inputs that the state echoes. */
  before: Inputs;
  news: Inputs;
}

/** What each preview of an unchanged program mentions. */
export async function logUnchanged(difference: Difference): Promise<void> {
  await logHalted(difference, difference.state.__observed);
  await logNotOnlinedDimms(difference);
  await logNotAwaited(difference);
}

/** The headline is the first line: a terminal shows it on the row, and all lines under Diagnostics. */
export async function logPlan({ session, news }: Difference, plan: UpdatePlan, text: string): Promise<void> {
  await session.log.message(news.__urn, planSeverity(plan), text);
}

/**
 * Only a warning: a domain whose create failed during a replace doesn't exist either, and the engine repeats that
 * create only if diff succeeds.
 */
export async function logGone({ session, id, state, news }: Difference): Promise<void> {
  const text = `domain ${state.name} (${id}) ${NO_LONGER_EXISTS} ${state.uri}\nrun pulumi refresh and preview again, unless this run continues an interrupted replace`;
  await session.log.message(news.__urn, "warning", text);
}

export async function logWaiting({ session, state, news }: Difference): Promise<void> {
  const { missing, speaker = "agent" } = state.__guest ?? {};
  const vcpus = state.__guestVcpus?.missing;
  const online = hotplugSetting("online", news, session.defaults);
  const texts = [
    ...(missing === undefined
      ? []
      : [
          `it lacks ${formatWholeMib(missing.added)} of the attached memory; ${describeRemedy(speaker, online)}`,
        ]),
    ...(vcpus === undefined
      ? []
      : [`it lacks ${formatVcpus(vcpus)} of its domain; ${describeRemedy("agent", online, "vcpus")}`]),
  ];
  const why = texts.length === 0 ? ["its virtio-mem size still differs from the requested size"] : texts;
  for (const text of why)
    await session.log.message(news.__urn, "info", redact(`waiting again for the guest: ${text}`, news));
}

/** A guest that an error halted is mentioned in each preview. */
export async function logHalted({ session, news }: Difference, observed: Observed): Promise<void> {
  for (const text of describeHalted(observed)) await session.log.message(news.__urn, "warning", text);
}

/** Memory that the guest lacks and that no update waits for is mentioned in each preview. */
async function logNotAwaited({ session, state, news }: Difference): Promise<void> {
  const { missing } = state.__guest ?? {};
  const vcpus = state.__guestVcpus?.missing;
  const lacking = [
    ...(missing === undefined ? [] : [`${formatWholeMib(missing.added)} of its attached memory`]),
    ...(vcpus === undefined ? [] : [`${formatVcpus(vcpus)} of its domain`]),
  ];
  if (lacking.length === 0) return;
  const text = `the guest lacks ${formatList(lacking)}; ${NOT_AWAITED}`;
  await session.log.message(news.__urn, "info", redact(text, news));
}

/** DIMMs that the guest rejected and that stay are mentioned in each preview. */
async function logNotOnlinedDimms({ session, state, news }: Difference): Promise<void> {
  const desired = desiredMemory(news, session.defaults);
  const { live } = state.__observed;
  if (desired === undefined || live === undefined) return;
  for (const text of describeNotOnlined(desired, live))
    await session.log.message(news.__urn, "info", redact(text, news));
}
