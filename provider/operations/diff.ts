import { PREVIEW } from "../acceptance/hosted-domains.ts";
import { unlessUnanswered } from "../acceptance/unanswered.ts";
import { resizedDisks } from "../args/disk-images.ts";
import { FIELDS } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { hotplugSetting } from "../args/settings.ts";
import type { DomainState } from "../domain/state.ts";
import { UserError } from "../errors.ts";
import type { Observation } from "../observe/observe.ts";
import { echoedInputs, hasNoPorts, type Outputs } from "../outputs.ts";
import { waitsFor } from "../plan/addresses.ts";
import { changedFields } from "../plan/changed-fields.ts";
import { MEMORY_FIELDS } from "../plan/desired.ts";
import { laggingRequests } from "../plan/devices.ts";
import { withRecorded } from "../plan/observed.ts";
import { isMoreDisruptive, noChange, planMessage } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { plannedOutcome } from "../plan/planned-outcome.ts";
import { previewedPlan } from "../plan/preview-contract.ts";
import { FROM_STATE_ONLY } from "../plan/text.ts";
import { VCPU_FIELDS } from "../plan/vcpus/desired.ts";
import type { LookupResult, Session } from "../session.ts";
import { withLeftOffline } from "./left-offline.ts";
import { lookWithImages } from "./look-with-images.ts";
import { NOT_OWNED_WAY_OUT, notOwned } from "./ownership.ts";
import { refusePlan } from "./plan-refusal.ts";
import { plannerFor } from "./planner.ts";
import {
  type Difference,
  logGone,
  logHalted,
  logPlan,
  logUnchanged,
  logWaiting,
} from "./preview-messages.ts";
import { replacementRefusals, replaceRefused } from "./replacement-refusal.ts";
import { uriChange } from "./uri-change.ts";

export interface DiffResult {
  /** Undefined: the engine compares the inputs itself, and shows their difference. */
  changes?: boolean;
  replaces?: string[];
  deleteBeforeReplace: true;
}

/**
 * Classifies a change, logs its plan on the resource's row, and passes the plan on to update.
 *
 * The new domain of a replace has the UUID of the old one, so the old one is deleted first. The engine doesn't call diff for
 * `--replace`, `--target-replace` or a tainted resource; there the class sets the same.
 */
export async function diff(session: Session, id: string, state: Outputs, news: Inputs): Promise<DiffResult> {
  const known = withLeftOffline(state, news, session.defaults);
  const answer = await classify({ session, id, state: known, before: echoedInputs(state), news });
  return { ...answer, deleteBeforeReplace: true };
}

type Classification = Omit<DiffResult, "deleteBeforeReplace">;

async function classify(difference: Difference): Promise<Classification> {
  const { session, id, state, before, news } = difference;
  const notes = session.run.of(news.__urn);
  notes.state = state;
  if (notes.isInProgram) notes.uri = state.uri;
  const moved = await uriChange(session, id, state, news);
  const fromState = plannerFor(session, state, { before, news })(state.__observed);
  const isWaiting = isGuestAwaited(difference) || isAddressAwaited(difference);
  const isChanged = moved || differsFrom(before, news);
  if (!isChanged && fromState.outcome === "none" && !isWaiting && state.__unread !== true) {
    // The engine may call update all the same, after an update that failed in part.
    notes.announced = fromState;
    if (notes.isInProgram) await logUnchanged(difference);
    return { changes: false };
  }
  // A refresh calls diff only to display differences, and records what exists, whether or not that can be changed. It doesn't
  // know the program, whose ignoreChanges may leave the difference: what follows is said by the next preview.
  if (!notes.isInProgram)
    return fromState.outcome !== "refuse" && isDisplayed(difference, moved) ? {} : { changes: true };

  const uri = moved && news.uri !== undefined ? news.uri : state.uri;
  const look = await lookIfNeeded(difference, fromState, uri);
  if (look?.kind === "gone" && fromState.outcome !== "replace") {
    notes.announced = { ...noChange(), settings: [] };
    await logGone(difference);
    return { changes: true };
  }
  const announced = announcedPlan(difference, fromState, look);
  notes.announced = announced;
  if (look?.kind === "found") notes.seen = look.observation;
  const message = redact(planMessage(withFailedLook(announced, look)), before, news);
  if (announced.outcome === "refuse") throw new UserError(message, { code: announced.reasons[0]?.code });
  if (look?.kind === "found") await refuseImpossible(difference, announced, look.observation, uri);
  await logHalted(difference, look?.kind === "found" ? look.observation.observed : state.__observed);
  if (announced.headline !== "") await logPlan(difference, announced, message);
  if (isWaiting && isWaitedFor(announced, state)) await logWaiting(difference);
  if (announced.outcome === "replace") {
    notes.replacement = plannedOutcome(announced, announced.headline);
    return { changes: true, replaces: replacedFields(announced) };
  }
  return isDisplayed(difference, moved) ? {} : { changes: true };
}

/** The domain as it is now; undefined where the plan doesn't depend on that. */
async function lookIfNeeded(
  { session, id, state, before, news }: Difference,
  fromState: UpdatePlan,
  uri: string,
): Promise<LookupResult | undefined> {
  const isNeeded = state.__unread === true || needsLook(fromState, before, news);
  return isNeeded ? lookWithImages(session, { uri, uuid: id, before, news }) : undefined;
}

/**
 * The plan that the preview shows.
 *
 * @throws UserError where the domain that was found isn't the resource's
 */
function announcedPlan(
  difference: Difference,
  fromState: UpdatePlan,
  look: LookupResult | undefined,
): UpdatePlan {
  if (look?.kind !== "found") return previewedPlan(fromState, undefined);
  const { session, state, before, news } = difference;
  const { definition, observed } = look.observation;
  refuseNotOwned(difference, definition);
  const fromLook = plannerFor(session, state, { before, news })(withRecorded(observed, state.__observed));
  // The state doesn't describe a domain that an interrupted replace has made.
  const isUnfinished = definition.ownership?.creating === true;
  // Nor does that of an earlier version describe its ports.
  const isBlind = hasNoPorts(state) && changesDevices(before, news);
  const isByLook = state.__unread === true || isUnfinished || isBlind;
  return isByLook ? fromLook : previewedPlan(fromState, fromLook);
}

/** Refuses what the domain that was found, or its host, rules out. */
async function refuseImpossible(
  difference: Difference,
  announced: UpdatePlan,
  seen: Observation,
  uri: string,
): Promise<void> {
  const { session, id, state, before, news } = difference;
  if (announced.outcome === "replace") await refuseImpossibleReplace(difference, announced, uri);
  const domain = { name: seen.definition.name, uuid: id, id: -1 };
  const adopted = state.__adopted === true;
  await refusePlan(announced, { session, uri, domain, before, news, seen, adopted });
}

/**
 * Whether the engine itself sees and displays a difference. It compares the news with its own inputs, which may have the same
 * sizes from a refresh already.
 */
function isDisplayed({ state, before, news }: Difference, moved: boolean): boolean {
  return moved || differsFrom({ ...before, ...state.__drift }, news);
}

function refuseNotOwned({ state, before, news }: Difference, found: DomainState): void {
  const reason = notOwned(found, state, news.__urn);
  if (reason === undefined) return;
  const text = `refused: ${reason.text}\n${NOT_OWNED_WAY_OUT}`;
  throw new UserError(redact(text, before, news), { code: reason.code });
}

function differsFrom(before: Inputs, news: Inputs): boolean {
  return changedFields(before, news).some((name) => name !== "uri");
}

function changesDevices(before: Inputs, news: Inputs): boolean {
  return changedFields(before, news).some((name) => FIELDS[name].change === "devices");
}

/** Whether the guest has yet to take or to release memory that an earlier update waited for. */
function isGuestAwaited({ session, state, news }: Difference): boolean {
  if (hotplugSetting("awaitGuest", news, session.defaults) === false) return false;
  const device = hotplugSetting("device", news, session.defaults);
  return lacks(state) || laggingRequests(state.__observed.live, device).length > 0;
}

/** The guest lacks memory or vCPUs that it was asked for last. */
function lacks({ __guest: memory, __guestVcpus: vcpus }: Outputs): boolean {
  return memory?.missing !== undefined || vcpus?.missing !== undefined;
}

/** Whether an earlier create or update waited for an address in vain. */
function isAddressAwaited({ state, news }: Difference): boolean {
  const awaited = state.__awaitedAddresses ?? [];
  return news.running !== false && awaited.some((mac) => waitsFor(mac, news));
}

/**
 * Whether the plan depends on the domain. A setting doesn't. Any other change does: the update looks too, and refuses to
 * overwrite what somebody else set in the meantime.
 */
function needsLook(fromState: UpdatePlan, before: Inputs, news: Inputs): boolean {
  const fields: string[] = [...MEMORY_FIELDS, ...VCPU_FIELDS, "running", "discardSavedState"];
  return (
    fromState.steps.length > 0 ||
    resizedDisks(before, news).length > 0 ||
    changedFields(before, news).some((name) => fields.includes(name))
  );
}

/** The update asks the guest again. A resize of virtio-mem describes that itself. */
function isWaitedFor({ outcome }: UpdatePlan, state: Outputs): boolean {
  return outcome === "none" || (lacks(state) && !isMoreDisruptive(outcome, "nextBoot"));
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
  const reasons = await unlessUnanswered(replacementRefusals(session, uri, id, state, news, PREVIEW), []);
  const refused = replaceRefused(reasons, state, news, `planned: "${headline}"`);
  if (refused !== undefined) throw refused;
}

function withFailedLook(plan: UpdatePlan, look: LookupResult | undefined): UpdatePlan {
  if (look?.kind !== "failed") return plan;
  const detail = `${FROM_STATE_ONLY}: ${look.reason}`;
  return { ...plan, details: [...plan.details, detail] };
}
