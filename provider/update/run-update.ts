import type { Inputs } from "../args/inputs.ts";
import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { redact } from "../args/redact.ts";
import { hotplugSetting } from "../args/settings.ts";
import { definitionXml, domainSpec } from "../definition/domain-spec.ts";
import { editDefinition } from "../domain/edit.ts";
import { UserError } from "../errors.ts";
import type { GuestRecord } from "../guest/record.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { withGuest } from "../observe/guest.ts";
import { readHost } from "../observe/host.ts";
import { type Observation, observe } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import { type ObservedDevice, withoutTaken, withRecordedTaken } from "../plan/observed.ts";
import { attachedDimms, type DimmPlan, detachedDimms, type Step } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { isLiveBalloon, pendingBalloonTarget } from "./balloon-target.ts";
import { confirm } from "./confirm.ts";
import { prepareConfirmation, type UpdateLog } from "./confirm-dimms.ts";
import { beforeResize, growthOfDevices } from "./confirm-virtio-mem.ts";
import type { UpdateContext } from "./context.ts";
import { shortage } from "./host-memory.ts";
import { queryGuest } from "./query-guest.ts";
import { appliedInputs, failure, record, shortfallOf } from "./record-outputs.ts";
import { runStep } from "./run-step.ts";
import type { StepContext } from "./step-context.ts";
import { requireGuestHeadroom, settleDefinition, unplugContext } from "./unplug.ts";

/**
 * Carries a change out step by step, and answers the outputs.
 *
 * @throws PartialError when a step failed after others were done: with what was read back, so that the next run goes on
 */
export async function runUpdate(context: UpdateContext): Promise<Outputs> {
  const { session, hypervisor, domain, uri, before, news, change } = context;
  const say = updateLog(context);
  const place: StepContext = {
    hypervisor,
    domain,
    clock: session.clock,
    shutdownTimeout: news.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT,
    ...unplugContext(context),
    balloonTimeout: hotplugSetting("awaitGuest", news, session.defaults),
    hooks: news.hotplug ?? {},
    uri,
    warn: say.warn,
    status: say.status,
    redefinition: (present) => redefinition(session, hypervisor, before, news, present),
  };
  await hostHasMemory(change.steps, context.observation, place);
  await requireGuestHeadroom(context, place);
  const question = await prepareConfirmation(context);
  const resizing = await beforeResize(context);
  let { observation } = context;
  const done: Step[] = [];
  const carryOutAll = async (steps: Step[], guest?: GuestRecord) => {
    for (const step of steps) {
      await say.status(step.sentence);
      try {
        observation = await runStep(step, place, observation);
      } catch (error) {
        const latest = await observe(hypervisor, domain).catch(() => observation);
        const settled = await settleDefinition(step, context, place, latest);
        const seen = await withGuestReport(context, settled ?? latest);
        const isChanged = settled !== undefined || isLiveBalloon(step);
        throw failure(error as Error, context, done, seen, place, isChanged, guest);
      }
      done.push(step);
    }
  };
  // The balloon may only take of new memory what the guest has by then.
  const last = change.steps.findLastIndex((step) => !isLiveBalloon(step)) + 1;
  await carryOutAll(change.steps.slice(0, last));
  const final = await confirm({ question, resizing }, context, observation, say);
  observation = final.observation;
  const { word, shortfall } = final;
  const isAsked = question !== undefined && !("warning" in question);
  if (shortfall !== undefined) {
    const inputs = appliedInputs(before, news, change.steps, done);
    const outs = record(context, inputs, await withGuestReport(context, observation, isAsked), place, word);
    throw shortfallOf(shortfall, context, outs);
  }
  await carryOutAll(change.steps.slice(last), word);
  const told = pendingBalloonTarget(context, observation.observed);
  // What the balloon said is MemTotal, which is another one now; by the agent its blocks stay online.
  const isStale = change.steps.some(isLiveBalloon) && word?.speaker !== "agent";
  const latest = isStale ? await queryGuest(context, observation) : word;
  return record(context, news, await withGuestReport(context, observation, isAsked), place, latest, told);
}

/**
 * What was read back, with what the guest took of it.
 *
 * @param isAwaited it was asked for memory, and may have taken what it had not before
 */
async function withGuestReport(
  { hypervisor, domain, session, change, observation: before }: UpdateContext,
  after: Observation,
  isAwaited = false,
): Promise<Observation> {
  const isOther = isAwaited || change.steps.some(({ kind }) => kind === "attach" || kind === "detach");
  const desired = isOther ? await withGuest(hypervisor, domain, after, session.clock) : after;
  const observation = isAwaited ? desired : withoutEarlyRefusal(desired, change.steps);
  return { ...observation, observed: withRecordedTaken(observation.observed, before.observed) };
}

/** A guest that nobody waited for hasn't refused what was attached a moment ago: it may be about to take it. */
function withoutEarlyRefusal(observation: Observation, steps: Step[]): Observation {
  const isHaste = ({ taken, alias }: ObservedDevice) =>
    taken === false && attachedDimms(steps).some((dimm) => dimm.alias === alias);
  return { ...observation, observed: withoutTaken(observation.observed, isHaste) };
}

/** What is said on the resource's row, without figures where a size is secret. */
function updateLog({ session, before, news }: UpdateContext): UpdateLog {
  const { log } = session;
  const text = (said: string) => redact(said, before, news);
  return {
    status: (said) => log.status(news.__urn, text(said)),
    info: (said) => log.message(news.__urn, "info", text(said)),
    warn: (said) => log.message(news.__urn, "warning", text(said)),
  };
}

/** Before the first attach, so that too little is known before anything was done. */
async function hostHasMemory(
  steps: Step[],
  { definition, observed }: Observation,
  place: StepContext,
): Promise<void> {
  const out = detachedDimms(steps);
  const isAgain = ({ alias, size }: DimmPlan) =>
    out.some((dimm) => dimm.alias === alias && dimm.size === size);
  const dimms = attachedDimms(steps).filter((dimm) => !isAgain(dimm));
  const added = [...dimms, ...growthOfDevices(steps, observed.live)];
  if (added.length === 0) return;
  const found = await shortage(place.hypervisor, added, definition.pinned);
  if (found?.severity === "error")
    throw new UserError(`Unable to update domain ${place.domain.name}: ${found.text}; nothing was attached`);
  if (found !== undefined) await place.warn(found.text);
}

/** XML of the program's own that changed is the definition from now on; else only what differs is edited. */
async function redefinition(
  session: Session,
  hypervisor: Hypervisor,
  before: Inputs,
  news: Inputs,
  present: string,
): Promise<string> {
  const host = readHost(await hypervisor.capabilities());
  const type = session.configuration.domainType;
  const spec = domainSpec(news, host, type, session.defaults);
  if (before.xml === news.xml)
    return editDefinition(present, domainSpec(before, host, type, session.defaults), spec);
  return definitionXml(news, spec, type);
}
