import { isMoreDisruptive, type Reason } from "./plan.ts";
import type { UpdatePlan } from "./plan-update.ts";
import { headline, OUTCOME_WORDS } from "./text.ts";

/**
 * The plan that a preview shows, from the plan based on the state and the one based on an observation. An observation
 * can make a plan less disruptive or turn it into a refusal, but never makes a live change disruptive. So a preview
 * without a route to the hypervisor and an update with one have the same kind of plan.
 *
 * @param looked undefined where the domain couldn't be observed
 */
export function previewedPlan(fromState: UpdatePlan, looked: UpdatePlan | undefined): UpdatePlan {
  if (looked === undefined || looked.outcome === "unknown") return fromState;
  if (!isMoreDisruptive(looked.outcome, fromState.outcome) || isNonDisruptive(looked)) return looked;
  return changed(looked, fromState, "since the state was recorded");
}

/**
 * The plan that update may carry out: its own, unless that is more disruptive than the preview of the same run.
 *
 * @param announced undefined where no preview was made in this process
 */
export function permittedPlan(announced: UpdatePlan | undefined, now: UpdatePlan): UpdatePlan {
  if (announced === undefined || announced.outcome === "unknown")
    return interrupts(now) ? notPreviewed(now) : now;
  const isMoreThanAnnounced = isMoreDisruptive(now.outcome, announced.outcome) && !isNonDisruptive(now);
  const isUnannounced = isNonDisruptive(announced) && removesMemory(now) && !removesMemory(announced);
  return isMoreThanAnnounced || isUnannounced ? changed(now, announced, "since the preview") : now;
}

/** Losing memory may harm a guest, so the preview must have shown it. */
function removesMemory({ steps }: UpdatePlan): boolean {
  return steps.some(
    (step) =>
      step.kind === "detach" ||
      (step.kind === "resize" && step.device.requested < step.device.from) ||
      (step.kind === "balloon" && step.takesMemory),
  );
}

/** None of these interrupts the guest, so a difference between them needs no second preview. */
function isNonDisruptive(change: UpdatePlan): boolean {
  return change.outcome === "none" || change.outcome === "live" || change.outcome === "nextBoot";
}

/** A stop without a start is what the program wants: `running: false`. */
function interrupts(change: UpdatePlan): boolean {
  return (
    change.outcome === "replace" ||
    (change.outcome === "restart" && change.steps.some((step) => step.kind === "start"))
  );
}

/** @param since when the domain was as planned before */
function changed(now: UpdatePlan, before: UpdatePlan, since: string): UpdatePlan {
  const kinds =
    before.outcome === now.outcome
      ? "memory would be removed"
      : `planned: ${OUTCOME_WORDS[before.outcome]}, now: ${OUTCOME_WORDS[now.outcome]}`;
  const text = `the domain changed ${since} (${kinds})`;
  return refused(now, { code: "domain-changed", text }, [
    `planned: "${before.headline || "no change"}"`,
    `now: "${now.headline}"`,
  ]);
}

function notPreviewed(now: UpdatePlan): UpdatePlan {
  const text = `a ${OUTCOME_WORDS[now.outcome]} wasn't previewed`;
  return refused(now, { code: "not-previewed", text }, [`now: "${now.headline}"`]);
}

function refused(now: UpdatePlan, reason: Reason, details: string[]): UpdatePlan {
  if (now.outcome === "refuse") return now;
  return {
    ...now,
    outcome: "refuse",
    headline: headline("refuse", `${reason.text}; refresh and preview again`),
    details: [...details, ...now.reasons.map(({ text }) => text), "nothing was done"],
    steps: [],
    reasons: [reason, ...now.reasons],
  };
}
