import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { hotplugSetting } from "../args/settings.ts";
import { UserError } from "../errors.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import { changedFields } from "../plan/changed-fields.ts";
import { desiredMemory, MEMORY_FIELDS } from "../plan/desired.ts";
import { lagging } from "../plan/devices.ts";
import { describeNotOnlined } from "../plan/dimms/repair-text.ts";
import { withRecorded } from "../plan/observed.ts";
import { planMessage } from "../plan/plan.ts";
import { planUpdate, type UpdatePlan } from "../plan/plan-update.ts";
import { previewedPlan } from "../plan/preview-contract.ts";
import type { LookupResult, Session } from "../session.ts";
import { replacementRefusals } from "./replacement-refusal.ts";
import { uriChange } from "./uri-change.ts";

export interface DiffResult {
  /** Undefined: the engine compares the inputs itself, and shows their difference. */
  changes?: boolean;
  replaces?: string[];
  deleteBeforeReplace: true;
}

/**
 * Classifies a change, says it in words on the resource's row, and announces the plan to update.
 *
 * Whatever makes the engine replace a domain (this answer, `--target-replace`, a replace that was interrupted), the new
 * one has the old one's UUID: deleting the old one last would delete the new one.
 */
export async function diff(session: Session, id: string, state: Outputs, news: Inputs): Promise<DiffResult> {
  return { ...(await classified(session, id, state, news)), deleteBeforeReplace: true };
}

async function classified(
  session: Session,
  id: string,
  state: Outputs,
  news: Inputs,
): Promise<Omit<DiffResult, "deleteBeforeReplace">> {
  const before = echoedInputs(state);
  const moved = await uriChange(session, id, state, news);
  const recorded = state.__observed.nextBoot?.memory;
  const adopted = state.__adopted === true;
  const situation = { inputs: news, before, recorded, defaults: session.defaults, adopted };
  const fromState = planUpdate({ ...situation, observed: state.__observed });
  const isOther = (than: Inputs) => changedFields(than, news).some((name) => name !== "uri");
  const differs = moved || isOther(before);
  const owed = isOwed(session, state, news);
  if (!differs && fromState.outcome === "none" && !owed) {
    if (session.checked.has(news.__urn)) await logNotOnlinedDimms(session, state, news);
    return { changes: false };
  }

  const uri = moved && news.uri !== undefined ? news.uri : state.uri;
  const look = needsLook(fromState, before, news) ? await session.look(uri, id) : undefined;
  if (look !== undefined && "gone" in look && fromState.outcome !== "replace") {
    // No error: a domain whose create failed in a replace is gone too, and the engine goes on with that create only
    // when it has an answer here.
    const text = `domain ${state.name} (${id}) is not on ${state.uri} any more: run refresh, then preview again, unless this goes on with a replace that was interrupted`;
    await session.log.message(news.__urn, "warning", text);
    return { changes: true };
  }
  const looked =
    look !== undefined && "found" in look
      ? planUpdate({ ...situation, observed: withRecorded(look.found.observed, state.__observed) })
      : undefined;
  const change = previewedPlan(fromState, looked);
  session.announced.set(id, change);
  const said = `${redact(planMessage(change), before, news)}${blindness(look)}`;
  // A refresh asks too, for its display alone. It records what there is, whether or not that can be changed.
  if (change.outcome === "refuse" && !session.checked.has(news.__urn)) return { changes: true };
  if (change.outcome === "none" && owed && session.checked.has(news.__urn))
    await session.log.message(
      news.__urn,
      "info",
      state.__guest?.missing === undefined
        ? "the guest is waited for again: it has more or less than is requested of its virtio-mem"
        : "the guest is asked again for memory that it had not taken",
    );
  if (change.headline !== "") await logPlan(session, news.__urn, change, said);
  if (change.outcome === "refuse") throw new UserError(said);
  if (change.outcome === "replace") {
    // A refresh asks for its display only, and has to succeed.
    const isAsked = look !== undefined && "found" in look && session.checked.has(news.__urn);
    const refusals = isAsked ? await replacementRefusals(session, uri, state, news) : [];
    if (refusals.length > 0) {
      const why = redact(`${change.headline}; but ${refusals.join("; ")}`, before, news);
      throw new UserError(`${why}: domain ${state.name} is left alone`);
    }
    session.replacing.set(news.__urn, change.memory?.headline || change.headline);
    const replaces = change.steps.flatMap((step) => (step.kind === "replace" ? step.fields : []));
    return { changes: true, replaces };
  }
  // The engine compares with its inputs, where a refresh may have put the very size that is asked now.
  return moved || isOther({ ...before, ...state.__drift }) ? {} : { changes: true };
}

/** The guest has not taken, or not given back, what an earlier update waited for. */
function isOwed({ defaults }: Session, { __guest, __observed }: Outputs, news: Inputs): boolean {
  if (hotplugSetting("awaitGuest", news, defaults) === false) return false;
  return __guest?.missing !== undefined || lagging(__observed.live).length > 0;
}

/** A change that leaves the memory alone needs no look: it follows from the arguments. */
function needsLook(fromState: UpdatePlan, before: Inputs, news: Inputs): boolean {
  const memoryChanged = changedFields(before, news).some((name) =>
    [...MEMORY_FIELDS, "running"].includes(name),
  );
  return (
    memoryChanged || fromState.steps.some((step) => step.kind !== "redefine" && step.kind !== "autostart")
  );
}

/** DIMMs that the guest never took and that stay so: what nobody changes is said all the same. */
async function logNotOnlinedDimms(session: Session, state: Outputs, news: Inputs): Promise<void> {
  const desired = desiredMemory(news, session.defaults);
  const { live } = state.__observed;
  if (desired === undefined || live === undefined) return;
  for (const text of describeNotOnlined(desired, live))
    await session.log.message(news.__urn, "info", redact(text, news));
}

function blindness(look: LookupResult | undefined): string {
  return look !== undefined && "failed" in look
    ? ` (planned from the state alone, since the hypervisor can't be reached: ${look.failed})`
    : "";
}

async function logPlan(session: Session, urn: string, { outcome }: UpdatePlan, text: string): Promise<void> {
  const severity = outcome === "replace" || outcome === "restart" ? "warning" : "info";
  await session.log.message(urn, severity, text);
}
