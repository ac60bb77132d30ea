import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { hotplugSetting } from "../args/settings.ts";
import type { DomainState } from "../domain/state.ts";
import { UserError } from "../errors.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import { changedFields } from "../plan/changed-fields.ts";
import { desiredMemory, MEMORY_FIELDS } from "../plan/desired.ts";
import { lagging } from "../plan/devices.ts";
import { describeNotOnlined } from "../plan/dimms/repair-text.ts";
import { type Observed, withRecorded } from "../plan/observed.ts";
import { isDefine, noChange, planMessage } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { plannedOutcome } from "../plan/planned-outcome.ts";
import { describeHalted } from "../plan/power.ts";
import { previewedPlan } from "../plan/preview-contract.ts";
import type { LookupResult, Session } from "../session.ts";
import { NOT_OWNED_WAY_OUT, notOwned } from "./ownership.ts";
import { refusePlan } from "./plan-refusal.ts";
import { plannerFor } from "./planner.ts";
import { replacementRefusals, replaceRefused } from "./replacement-refusal.ts";
import { uriChange } from "./uri-change.ts";

export interface DiffResult {
  /** Undefined: the engine compares the inputs itself, and shows their difference. */
  changes?: boolean;
  replaces?: string[];
  deleteBeforeReplace: true;
}

/** A resource whose program or domain may have changed. */
interface Difference {
  session: Session;
  id: string;
  /** The outputs that the state has. */
  state: Outputs;
  /** The inputs that the state echoes. */
  before: Inputs;
  news: Inputs;
}

/**
 * Classifies a change, logs its plan on the resource's row, and passes the plan on to update.
 *
 * Whatever makes the engine replace a domain (this answer, `--target-replace`, a replace that was interrupted), the new
 * domain has the UUID of the old one: deleting the old one last would delete the new one.
 */
export async function diff(session: Session, id: string, state: Outputs, news: Inputs): Promise<DiffResult> {
  const answer = await classify({ session, id, state, before: echoedInputs(state), news });
  return { ...answer, deleteBeforeReplace: true };
}

type Classification = Omit<DiffResult, "deleteBeforeReplace">;

async function classify(difference: Difference): Promise<Classification> {
  const { session, id, state, before, news } = difference;
  const notes = session.run.of(news.__urn);
  if (notes.isInProgram) session.run.domain(id).successor = news;
  const moved = await uriChange(session, id, state, news);
  const plan = plannerFor(session, state, { before, news });
  const fromState = plan(state.__observed);
  const isWaiting = isGuestAwaited(difference);
  const isChanged = moved || differsFrom(before, news);
  if (!isChanged && fromState.outcome === "none" && !isWaiting) {
    // The engine may call update all the same, after an update that failed in part.
    notes.announced = fromState;
    if (notes.isInProgram) {
      await logHalted(difference, state.__observed);
      await logNotOnlinedDimms(difference);
    }
    return { changes: false };
  }

  const uri = moved && news.uri !== undefined ? news.uri : state.uri;
  const look = needsLook(fromState, before, news) ? await session.look(uri, id) : undefined;
  if (look?.kind === "gone" && fromState.outcome !== "replace") {
    notes.announced = { ...noChange(), settings: [] };
    await logGone(difference);
    return { changes: true };
  }
  if (look?.kind === "found") refuseNotOwned(difference, look.observation.definition);
  const fromLook =
    look?.kind === "found" ? plan(withRecorded(look.observation.observed, state.__observed)) : undefined;
  const announced = previewedPlan(fromState, fromLook);
  notes.announced = announced;
  // A refresh calls diff only to display differences. It records what exists, whether or not that can be changed.
  if (announced.outcome === "refuse" && !notes.isInProgram) return { changes: true };
  const message = redact(planMessage(withFailedLook(announced, look)), before, news);
  if (announced.outcome === "refuse") throw new UserError(message, { code: announced.reasons[0]?.code });
  if (announced.outcome === "replace" && look?.kind === "found" && notes.isInProgram)
    await refuseImpossibleReplace(difference, announced, uri);
  if (look?.kind === "found" && notes.isInProgram) {
    const domain = { name: look.observation.definition.name, uuid: id, id: -1 };
    await refusePlan(announced, { session, uri, domain, before, news, adopted: state.__adopted === true });
  }
  if (announced.outcome === "none" && isWaiting && notes.isInProgram) await logWaiting(difference);
  if (notes.isInProgram)
    await logHalted(difference, look?.kind === "found" ? look.observation.observed : state.__observed);
  if (announced.headline !== "") await logPlan(session, news.__urn, announced, message);
  if (announced.outcome === "replace") {
    notes.replacement = plannedOutcome(announced, announced.headline);
    return { changes: true, replaces: replacedFields(announced) };
  }
  // The engine compares the news with its own inputs, which may have the same sizes from a refresh already.
  return moved || differsFrom({ ...before, ...state.__drift }, news) ? {} : { changes: true };
}

/** A refresh records what exists, and warns of it (read). */
function refuseNotOwned({ session, state, before, news }: Difference, found: DomainState): void {
  const reason = notOwned(found, state, news.__urn);
  if (reason === undefined || !session.run.of(news.__urn).isInProgram) return;
  const text = `refused: ${reason.text}\n${NOT_OWNED_WAY_OUT}`;
  throw new UserError(redact(text, before, news), { code: reason.code });
}

function differsFrom(before: Inputs, news: Inputs): boolean {
  return changedFields(before, news).some((name) => name !== "uri");
}

/** Whether the guest has yet to take or to release memory that an earlier update waited for. */
function isGuestAwaited({ session, state, news }: Difference): boolean {
  if (hotplugSetting("awaitGuest", news, session.defaults) === false) return false;
  return state.__guest?.missing !== undefined || lagging(state.__observed.live).length > 0;
}

/** Whether the plan depends on the domain: a change that leaves its memory and its power state alone doesn't. */
function needsLook(fromState: UpdatePlan, before: Inputs, news: Inputs): boolean {
  const fields: string[] = [...MEMORY_FIELDS, "running", "discardSavedState"];
  const memoryChanged = changedFields(before, news).some((name) => fields.includes(name));
  return (
    memoryChanged ||
    fromState.steps.some(
      (step) => step.kind !== "autostart" && !(isDefine(step) && step.definition === undefined),
    )
  );
}

function replacedFields({ steps }: UpdatePlan): string[] {
  return steps.flatMap((step) => (step.kind === "replace" ? step.fields : []));
}

/** A replace deletes the old domain first, so anything that the host would refuse in the new one must be found now. */
async function refuseImpossibleReplace(
  { session, id, state, news }: Difference,
  { headline }: UpdatePlan,
  uri: string,
): Promise<void> {
  const reasons = await replacementRefusals(session, uri, id, state, news);
  const refused = replaceRefused(reasons, state, news, `planned: "${headline}"`);
  if (refused !== undefined) throw refused;
}

function withFailedLook(plan: UpdatePlan, look: LookupResult | undefined): UpdatePlan {
  if (look?.kind !== "failed") return plan;
  const detail = `planned from the state only; hypervisor unreachable: ${look.reason}`;
  return { ...plan, details: [...plan.details, detail] };
}

/** The headline is the first line: a terminal shows it on the row, and all lines under Diagnostics. */
async function logPlan(session: Session, urn: string, { outcome }: UpdatePlan, text: string): Promise<void> {
  const severity = outcome === "replace" || outcome === "restart" ? "warning" : "info";
  await session.log.message(urn, severity, text);
}

/**
 * Only a warning: a domain whose create failed during a replace doesn't exist either, and the engine repeats that
 * create only if diff succeeds.
 */
async function logGone({ session, id, state, news }: Difference): Promise<void> {
  const text = `domain ${state.name} (${id}) no longer exists on ${state.uri}\nrun pulumi refresh and preview again, unless this run continues an interrupted replace`;
  await session.log.message(news.__urn, "warning", text);
}

async function logWaiting({ session, state, news }: Difference): Promise<void> {
  const text =
    state.__guest?.missing === undefined
      ? "waiting again for the guest: its virtio-mem size still differs from the requested size"
      : "waiting again for the guest: it did not take all of the attached memory";
  await session.log.message(news.__urn, "info", text);
}

/** A guest that an error halted is mentioned in each preview. */
async function logHalted({ session, news }: Difference, observed: Observed): Promise<void> {
  for (const text of describeHalted(observed)) await session.log.message(news.__urn, "warning", text);
}

/** DIMMs that the guest rejected and that stay are mentioned in each preview. */
async function logNotOnlinedDimms({ session, state, news }: Difference): Promise<void> {
  const desired = desiredMemory(news, session.defaults);
  const { live } = state.__observed;
  if (desired === undefined || live === undefined) return;
  for (const text of describeNotOnlined(desired, live))
    await session.log.message(news.__urn, "info", redact(text, news));
}
