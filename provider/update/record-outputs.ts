import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { marksWith } from "../args/secrets.ts";
import { defined } from "../defined.ts";
import { Cancelled, PartialError, reasonCodeOf, UserError } from "../errors.ts";
import { type AddressRecord, recordedAddresses } from "../guest/address-record.ts";
import { currentRecord } from "../guest/record.ts";
import { messageOf } from "../message-of.ts";
import { withGuest } from "../observe/guest.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { type Outputs, outputs, partialOutputs, unreadOutputs } from "../outputs.ts";
import { mayChangeAddresses } from "../plan/addresses.ts";
import { type ObservedDevice, withoutTaken, withRecordedTaken } from "../plan/observed.ts";
import { attachedDimms, type Step } from "../plan/plan.ts";
import { VCPU_FIELDS } from "../plan/vcpus/desired.ts";
import type { Kib } from "../units/kib.ts";
import { isLiveBalloon, pendingBalloonTarget } from "./actions/balloon.ts";
import { interruptedVcpuRecord } from "./awaited-vcpus.ts";
import type { Progress, UpdateContext } from "./context.ts";
import { interruptedRecord } from "./guest-record.ts";
import { queryGuest } from "./query-guest.ts";
import { stillDetaching } from "./removal.ts";
import { afterFailure } from "./run-step.ts";

/** The outputs of an update that did everything. */
export async function finalOutputs(context: UpdateContext, progress: Progress): Promise<Outputs> {
  const target = pendingBalloonTarget(context, progress.now.observed);
  // What the balloon driver reported is MemTotal, which the balloon has changed since; the agent's blocks stay online.
  const isStale = context.plan.steps.some(isLiveBalloon) && progress.guest?.speaker !== "agent";
  if (isStale) progress.guest = await queryGuest(context, progress.now);
  return record(context.news, context, progress, target);
}

interface FailedStep {
  step: Step;
  /** False where a cancelled run ended before the step. */
  hasBegun: boolean;
  error: unknown;
  context: UpdateContext;
  progress: Progress;
}

/**
 * The error of an update in which a step failed. If nothing has changed the old state stays; otherwise what was read
 * back is recorded, even if the guest may still complete a request.
 */
export async function failedStep({ step, hasBegun, error, context, progress }: FailedStep): Promise<Error> {
  const { hypervisor, domain, before, news, plan, state, observation } = context;
  const { done } = progress;
  const seen = await observe(hypervisor, domain).catch(() => undefined);
  const latest = seen ?? progress.now;
  const changed =
    hasBegun || step.kind === "detach" ? await afterFailure(step, context, progress, latest) : undefined;
  // What can't be read back may have changed, and a guest that was asked to shut down may still do so.
  const isSettled = seen !== undefined && !(hasBegun && step.kind === "stop");
  // A step that libvirt confirmed but didn't do, or did differently, has changed something; and the guest may have gone off.
  const isUntouched =
    done.length === 0 &&
    changed === undefined &&
    isSettled &&
    latest.observed.power === observation.observed.power &&
    reasonCodeOf(error) !== "postcondition-failed";
  const isCancelled = error instanceof Cancelled;
  const when = hasBegun ? `while trying to ${step.sentence}` : `before it could ${step.sentence}`;
  const message = redact(
    isCancelled ? describeCancelled(context, when, done) : describeFailure(error, done),
    before,
    news,
  );
  if (isUntouched && progress.unanswered.size === 0)
    return new UserError(message, { cause: error, code: reasonCodeOf(error) });
  progress.now = changed ?? latest;
  progress.isGuestAwaited = false;
  progress.guest ??= isUntouched
    ? currentRecord(state?.__guest, domain.id)
    : interruptedRecord(context, done);
  progress.guestVcpus ??= interruptedVcpuRecord(context, done);
  const isCarriedOut = done.length > 0 || (hasBegun && plan.steps.slice(0, 1).some(isLiveBalloon));
  const inputs = isCarriedOut ? appliedInputs(before, news, plan.steps, done) : before;
  const recorded = await record(inputs, context, progress);
  const properties = partialOutputs(isSettled ? recorded : unreadOutputs(recorded));
  return new PartialError(message, domain.uuid, properties, error);
}

/**
 * The error of an update that has carried out steps, or kept a definition, and then lost its connection between them or after
 * the last one.
 *
 * @returns the error itself where nothing was done, or where it records what was
 */
export async function interrupted(
  error: unknown,
  context: UpdateContext,
  progress: Progress,
): Promise<unknown> {
  const { domain, before, news, plan } = context;
  const { done } = progress;
  if (error instanceof UserError || (done.length === 0 && progress.keepsDefinition !== true)) return error;
  progress.isGuestAwaited = false;
  const inputs = done.length === 0 ? before : appliedInputs(before, news, plan.steps, done);
  const recorded = partialOutputs(await record(inputs, context, progress));
  const message = redact(describeFailure(error, done), before, news);
  return new PartialError(message, domain.uuid, unreadOutputs(recorded), error);
}

function describeFailure(error: unknown, done: Step[]): string {
  return `${messageOf(error)}${alreadyDone(done)}`;
}

function alreadyDone(done: Step[]): string {
  return done.length === 0 ? "" : ` (already done: ${done.map(({ sentence }) => sentence).join("; ")})`;
}

/** The error of an update that was cancelled outside of its steps: before them, or while it waited for the guest. */
export async function cancelledUpdate(context: UpdateContext, progress: Progress): Promise<Error> {
  const { domain, before, news, plan, state } = context;
  const { done } = progress;
  const when = done.length < plan.steps.length ? "before its first step" : "while waiting for the guest";
  const message = redact(describeCancelled(context, when, done), before, news);
  if (done.length === 0 && plan.steps.length > 0) return new Cancelled(message);
  progress.isGuestAwaited = false;
  progress.guest ??=
    done.length === 0 ? currentRecord(state?.__guest, domain.id) : interruptedRecord(context, done);
  progress.guestVcpus ??= interruptedVcpuRecord(context, done);
  const inputs = appliedInputs(before, news, plan.steps, done);
  const properties = partialOutputs(await record(inputs, context, progress));
  return new PartialError(message, domain.uuid, properties, new Cancelled());
}

function describeCancelled({ domain }: UpdateContext, when: string, done: Step[]): string {
  return `Domain ${domain.name}: cancelled ${when}${alreadyDone(done)}; the next update continues`;
}

/** The error of an update that carried out its steps, but whose domain isn't as planned at the end. */
export async function unplannedEnd(
  error: unknown,
  context: UpdateContext,
  progress: Progress,
): Promise<Error> {
  const { domain, before, news } = context;
  const properties = partialOutputs(await record(news, context, progress));
  const message = redact(`Domain ${domain.name}: ${messageOf(error)}`, before, news);
  return new PartialError(message, domain.uuid, properties, error);
}

/** The error of an update that carried out its steps, but whose guest hasn't followed: the next run waits again. */
export async function guestShortfall(
  message: string,
  context: UpdateContext,
  progress: Progress,
): Promise<Error> {
  const { domain, before, news, plan } = context;
  const inputs = appliedInputs(before, news, plan.steps, progress.done);
  const properties = partialOutputs(await record(inputs, context, progress));
  return new PartialError(redact(message, before, news), domain.uuid, properties, undefined);
}

/** The outputs for the progress of the update so far. A size that is pending for the next boot is now our own. */
async function record(
  inputs: Inputs,
  context: UpdateContext,
  progress: Progress,
  told?: Kib,
): Promise<Outputs> {
  const { session, uri, domain, adopted, plan, state } = context;
  const observation = await withGuestReport(context, progress);
  // What was found and left alone isn't ours.
  const pending =
    plan.withheld === undefined ? observation.observed.nextBoot?.memory : state?.__observed.pending;
  const detaching = stillDetaching(domain.id, progress.unanswered, observation);
  return outputs(
    { ...inputs, uuid: domain.uuid },
    {
      uri,
      observation,
      defaults: session.defaults,
      adopted,
      pending,
      told,
      guest: progress.guest,
      guestVcpus: progress.guestVcpus,
      vcpuRemoval: progress.vcpuRemoval ?? observation.observed.vcpuRemoval,
      detaching,
      addresses: progress.addresses ?? keptAddresses(context),
    },
  );
}

/** Those of the state, unless the update was interrupted between steps after which the guest may have others. */
function keptAddresses({ state, plan }: UpdateContext): AddressRecord | undefined {
  return mayChangeAddresses(plan.steps) ? undefined : recordedAddresses(state);
}

/** The arguments that the completed steps have applied. */
function appliedInputs(before: Inputs, news: Inputs, steps: Step[], done: Step[]): Inputs {
  const missing = steps.filter((step) => !done.includes(step));
  const kept = missing.flatMap(argumentsOf);
  // Once the program has set currentMemory, it stays recorded until the memory is given back, even if the program no
  // longer sets it.
  const isBallooned = !missing.some(({ kind }) => kind === "balloon");
  const currentMemory = news.currentMemory ?? (isBallooned ? undefined : before.currentMemory);
  return {
    ...news,
    ...Object.fromEntries(kept.map((name) => [name, Reflect.get(before, name)])),
    ...defined({ currentMemory }),
    ...marksWith(news, before, news.currentMemory === undefined ? [...kept, "currentMemory"] : kept),
  };
}

/** The arguments that a step applies, besides those of the memory. */
function argumentsOf(step: Step): readonly string[] {
  switch (step.kind) {
    case "define":
      return step.vcpus === undefined ? step.fields : [...step.fields, ...VCPU_FIELDS];
    case "plugVcpus":
    case "unplugVcpus":
      return VCPU_FIELDS;
    case "autostart":
      return ["autostart"];
    case "resizeDisk":
    case "deleteImage":
      return ["disks"];
    default:
      return [];
  }
}

/** The domain as it was read back last, with the guest's report on its DIMMs. */
async function withGuestReport(context: UpdateContext, progress: Progress): Promise<Observation> {
  const { hypervisor, domain, session, plan, observation: before } = context;
  const { now, isGuestAwaited } = progress;
  const isChanged = plan.steps.some(({ kind }) => kind === "attach" || kind === "detach");
  const isAsked = (isGuestAwaited || isChanged) && !session.signal.aborted;
  const asked = isAsked ? await withGuest(hypervisor, domain, now, session.clock) : now;
  const after = isGuestAwaited ? asked : withoutEarlyRefusal(asked, plan.steps);
  return { ...after, observed: withRecordedTaken(after.observed, before.observed) };
}

/**
 * If nothing waited for the guest, it hasn't rejected memory that was attached a moment ago, and may still online it.
 */
function withoutEarlyRefusal(observation: Observation, steps: Step[]): Observation {
  const isEarly = ({ taken, alias }: ObservedDevice) =>
    taken === false && attachedDimms(steps).some((dimm) => dimm.alias === alias);
  return { ...observation, observed: withoutTaken(observation.observed, isEarly) };
}
