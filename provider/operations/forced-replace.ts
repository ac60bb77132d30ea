import { PREVIEW } from "../acceptance/hosted-domains.ts";
import { unlessUnanswered } from "../acceptance/unanswered.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import type { UserError } from "../errors.ts";
import type { PlannedOutcome } from "../plan/planned-outcome.ts";
import { replacePower, savedStateLost } from "../plan/power.ts";
import { headline, REPLACE_COSTS } from "../plan/text.ts";
import type { Session } from "../session.ts";
import { notOwned } from "./ownership.ts";
import { isAdopted } from "./planned-change.ts";
import {
  adoptedRefusals,
  type Replaced,
  replacementRefusals,
  replaceRefused,
  stopRefusals,
} from "./replacement-refusal.ts";

/**
 * What a replace that diff didn't plan does to the domain, or why it is refused: an option of the resource asks for it, such as
 * `replaceOnChanges`. The engine then calls check a second time, without old inputs.
 *
 * @returns undefined where nothing will be deleted, since an earlier run began the replace; and in the first check of the resource
 */
export async function forcedReplace(
  session: Session,
  news: Inputs,
): Promise<{ outcome: PlannedOutcome; refusal?: UserError } | undefined> {
  const state = replacedState(session, news.__urn);
  if (state === undefined) return undefined;
  const look = await session.look(state.uri, state.uuid);
  if (look.kind === "gone") return undefined;
  const line = headline("replace", FORCED);
  const outcome: PlannedOutcome = { memoryPlan: line, change: "replace", memoryChange: "replace" };
  const reasons = adoptedRefusals(state);
  const details = [...(isPlanShown(session, news.__urn) ? [PLAN_WITHDRAWN] : []), REPLACE_COSTS];
  if (look.kind === "found") {
    const { definition, observed } = look.observation;
    const isBegun = definition.replacing !== undefined || definition.ownership?.creating === true;
    if (isBegun || notOwned(definition, state, news.__urn) !== undefined) return undefined;
    reasons.push(
      ...stopRefusals(observed, news),
      ...(await unlessUnanswered(
        replacementRefusals(session, state.uri, state.uuid, state, news, PREVIEW),
        [],
      )),
    );
    details.push(...replacePower(observed, news).notes, ...savedStateLost(observed));
  }
  const refusal = replaceRefused(reasons, state, news, `planned: "${line}"`);
  if (refusal !== undefined) return { outcome, refusal };
  const message = redact([line, ...details].join("\n"), state, news);
  await session.log.message(news.__urn, "warning", message);
  return { outcome };
}

/** The engine doesn't call diff where another option of the resource asks for the replace. */
function replacedState(session: Session, urn: string): Replaced | undefined {
  const { state, recorded } = session.run.of(urn);
  if (state !== undefined || recorded === undefined) return state;
  const { uuid = "", name = "", __urn = urn } = recorded;
  const uri = recorded.uri ?? session.uriFor({ __urn });
  return { ...recorded, uri, uuid, name, __urn, __adopted: isAdopted(recorded) };
}

/** diff has shown what an update would do. It can't know that the engine replaces the resource all the same. */
export function isPlanShown(session: Session, urn: string): boolean {
  const { announced } = session.run.of(urn);
  return announced !== undefined && announced.headline !== "";
}

export const PLAN_WITHDRAWN = "the plan above is not carried out: the new domain has all changes";

const FORCED =
  "the domain is deleted and recreated (requested by a resource option such as replaceOnChanges)";
