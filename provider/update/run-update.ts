import { Cancelled, UserError } from "../errors.ts";
import { messageOf } from "../message-of.ts";
import { observe } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import { isDefine, type Step } from "../plan/plan.ts";
import type { Confirm } from "./action.ts";
import { isLiveBalloon } from "./actions/balloon.ts";
import {
  keptRecord,
  keptVcpuRecord,
  type NewDefinition,
  type Progress,
  refuseUpdate,
  type UpdateContext,
  updateLog,
} from "./context.ts";
import { newDefinition, readDefinition, requireAcceptable, requireAttachable } from "./definition.ts";
import { lackingAddresses, updateAddresses } from "./find-addresses.ts";
import { requirePlanned } from "./postconditions.ts";
import { dropLeftovers, isRestart, keepBeforeRestart, putBack } from "./put-back.ts";
import {
  cancelledUpdate,
  failedStep,
  finalOutputs,
  guestShortfall,
  interrupted,
  unplannedEnd,
} from "./record-outputs.ts";
import { currentDetaching } from "./removal.ts";
import { requireGuestMemory, requireHostMemory } from "./require-memory.ts";
import { carriedOut, prepareConfirmations, runStep } from "./run-step.ts";

/**
 * Carries out an update step by step.
 *
 * @throws UserError when nothing was changed
 * @throws PartialError when a step failed after others were done, the run was cancelled, or the guest doesn't have what it should
 * have: with what was read back, so that the next run goes on from there
 */
export async function runUpdate(context: UpdateContext): Promise<Outputs> {
  const progress = start(context);
  try {
    return await carryOut(context, progress);
  } catch (error) {
    throw error instanceof Cancelled
      ? await cancelledUpdate(context, progress)
      : await interrupted(error, context, progress);
  }
}

async function carryOut(context: UpdateContext, progress: Progress): Promise<Outputs> {
  context.session.signal.throwIfAborted();
  await requireHostMemory(context, progress);
  progress.definition = await acceptedDefinition(context);
  const [wakingSteps, otherSteps] = aroundAwake(context.plan.steps);
  for (const step of wakingSteps) await run(step, context, progress);
  const awake = asAwake(context, progress);
  const confirms = await askGuest(awake, progress, wakingSteps.at(-1));
  await keepBeforeRestart(awake, progress);
  const [steps, balloonSteps] = aroundConfirmation(otherSteps);
  for (const step of steps) await run(step, awake, progress);
  progress.guest = keptRecord(awake);
  progress.guestVcpus = keptVcpuRecord(awake);
  for (const confirm of confirms) await confirmWith(confirm, awake, progress);
  for (const step of balloonSteps) await run(step, awake, progress);
  await requireEnd(context, progress);
  await dropLeftovers(awake);
  await recordAddresses(awake, progress);
  return finalOutputs(awake, progress);
}

/** Steps after which the guest runs and can be asked, which are the first ones. */
const WAKES: ReadonlySet<Step["kind"]> = new Set(["restore", "resume", "wake"]);

function aroundAwake(steps: Step[]): [waking: Step[], others: Step[]] {
  const end = steps.findIndex(({ kind }) => !WAKES.has(kind));
  return end === -1 ? [steps, []] : [steps.slice(0, end), steps.slice(end)];
}

/** The update of the domain as it is once its guest runs. libvirt numbers each start. */
function asAwake(context: UpdateContext, { done, now }: Progress): UpdateContext {
  if (done.length === 0) return context;
  const id = now.observed.live?.domainId ?? context.domain.id;
  return { ...context, domain: { ...context.domain, id }, observation: now };
}

/** What the guest must have for the update, and what it has before it. */
async function askGuest(
  context: UpdateContext,
  progress: Progress,
  waking: Step | undefined,
): Promise<Confirm[]> {
  const { steps, withheld } = context.plan;
  // Memory that was found, but not announced, isn't brought online either.
  if (withheld !== undefined && steps.length === 0) return [];
  try {
    await requireGuestMemory(context, progress);
    return await prepareConfirmations(context);
  } catch (error) {
    if (waking === undefined) throw error;
    throw await failedStep({ step: waking, hasBegun: true, error, context, progress });
  }
}

function start({ observation, domain, state }: UpdateContext): Progress {
  const detaching = currentDetaching(state?.__detaching, domain.id, observation);
  const unanswered = new Set(detaching?.aliases);
  return { done: [], now: observation, isReadBack: false, unanswered, isGuestAwaited: false };
}

/**
 * The definition of the update, found acceptable before anything is stopped, attached or started.
 *
 * @throws UserError where it isn't
 */
async function acceptedDefinition(context: UpdateContext): Promise<NewDefinition | undefined> {
  const { steps } = context.plan;
  const step = steps.find(isDefine);
  try {
    if (step === undefined && !isRestart(context.plan)) {
      if (!context.observation.observed.persistent) await requireAttachable(context);
      return undefined;
    }
    // What the update began with: it is read once more right before the define.
    const from = context.observation.secureXml ?? (await readDefinition(context));
    if (step !== undefined) return await newDefinition(from, step, context);
    // A restart with a definition that was set before.
    await requireAcceptable({ from, xml: from }, context);
    return undefined;
  } catch (error) {
    const code = error instanceof UserError ? error.code : undefined;
    const what = step?.sentence ?? (isRestart(context.plan) ? "restart the domain" : "attach the devices");
    throw refuseUpdate(context, `unable to ${what}: ${messageOf(error)}; nothing was changed`, code);
  }
}

/**
 * The balloon can only take memory that the guest has, so its last steps on the running domain follow the confirmation.
 */
function aroundConfirmation(steps: Step[]): [before: Step[], after: Step[]] {
  const end = steps.findLastIndex((step) => !isLiveBalloon(step)) + 1;
  return [steps.slice(0, end), steps.slice(end)];
}

async function run(step: Step, context: UpdateContext, progress: Progress): Promise<void> {
  const { now } = progress;
  let hasBegun = false;
  try {
    if (!isStartingAgain(context, progress)) context.session.signal.throwIfAborted();
    await updateLog(context).status(step.sentence);
    hasBegun = true;
    progress.now = await runStep(step, context, progress);
    // A step that is already done reads nothing, and a hook runs after the DIMM was read back.
    progress.isReadBack = progress.now !== now && context.news.hotplug?.after === undefined;
  } catch (error) {
    const cause = await afterPutBack(error, context, progress);
    throw await failedStep({ step, hasBegun, error: cause, context, progress });
  }
  progress.done.push(step);
}

/** A restart that has stopped the guest ends with its start, whatever happens to the run. */
function isStartingAgain({ plan }: UpdateContext, { done }: Progress): boolean {
  return (
    isRestart(plan) && done.some(({ kind }) => kind === "stop") && !done.some(({ kind }) => kind === "start")
  );
}

/** A restart that fails ends with the domain as it ran before, where libvirt can start that. */
async function afterPutBack(error: unknown, context: UpdateContext, progress: Progress): Promise<unknown> {
  if (!context.plan.steps.some(({ kind }) => kind === "start")) return error;
  const text = await putBack(context);
  if (text === undefined) return error;
  progress.done = progress.done.filter((step) => !isDefine(step));
  return new Error(`${messageOf(error)}; ${text}`, { cause: error });
}

/** Compares the domain, as it is after the last step and the waits for the guest, with what the whole plan promised. */
async function requireEnd(context: UpdateContext, progress: Progress): Promise<void> {
  const { hypervisor, domain, plan, observation } = context;
  if (plan.steps.length === 0) return;
  const autostart = plan.steps.some(({ kind }) => kind === "autostart");
  if (!progress.isReadBack || (autostart && progress.now.autostart === undefined))
    progress.now = await observe(hypervisor, domain, { autostart });
  try {
    const steps = plan.steps.map((step) => carriedOut(step, progress));
    requirePlanned(steps, observation, progress.now);
  } catch (error) {
    throw await unplannedEnd(error, context, progress);
  }
}

/** The domain is as planned by then: an address that is missing leaves only the wait for the next update. */
async function recordAddresses(context: UpdateContext, progress: Progress): Promise<void> {
  const missing = await updateAddresses(context, progress);
  if (missing === undefined) return;
  throw await guestShortfall(lackingAddresses(context.domain.name, missing), context, progress);
}

async function confirmWith(confirm: Confirm, context: UpdateContext, progress: Progress): Promise<void> {
  const { now, guest, vcpus, isAwaited, shortfall } = await confirm(progress);
  progress.isReadBack &&= progress.now === now && !isAwaited;
  progress.now = now;
  progress.guest = guest;
  progress.guestVcpus = vcpus ?? progress.guestVcpus;
  progress.isGuestAwaited ||= isAwaited;
  if (shortfall !== undefined) throw await guestShortfall(shortfall, context, progress);
}
