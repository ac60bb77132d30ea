import { isMoreDisruptive } from "./plan.ts";
import type { UpdatePlan } from "./plan-update.ts";
import type { ReasonCode } from "./reason-codes.ts";

/**
 * The plan that a preview shows, from the one that follows from the state and the one that a look at the domain
 * gives. A look can make a plan milder or turn it into a refusal; it never makes a shutdown of what the state calls
 * live, so a preview without a route to the hypervisor and an update with one don't differ in kind.
 *
 * @param looked undefined when the domain could not be looked at
 */
export function previewedPlan(fromState: UpdatePlan, looked: UpdatePlan | undefined): UpdatePlan {
  if (looked === undefined || looked.outcome === "unknown") return fromState;
  if (!isMoreDisruptive(looked.outcome, fromState.outcome) || isNonDisruptive(looked)) return looked;
  return refusal(looked, `the state promises «${fromState.headline || "no change"}»`);
}

/**
 * The plan that update may carry out, which is the one that it makes of what it sees, unless that asks more of the
 * domain than the preview of the same run said.
 *
 * @param announced undefined when no preview was made in this process
 */
export function permittedPlan(announced: UpdatePlan | undefined, now: UpdatePlan): UpdatePlan {
  if (announced === undefined || announced.outcome === "unknown")
    return interrupts(now) ? refusal(now, "nothing was previewed", "not-previewed") : now;
  const isGraverThanSaid = isMoreDisruptive(now.outcome, announced.outcome) && !isNonDisruptive(now);
  const isUnannounced = isNonDisruptive(announced) && removesMemory(now) && !removesMemory(announced);
  return isGraverThanSaid || isUnannounced
    ? refusal(now, `the preview said «${announced.headline || "no change"}»`)
    : now;
}

/** A guest that has to give memory up may suffer from it, so that is never a surprise. */
function removesMemory({ steps }: UpdatePlan): boolean {
  return steps.some(
    (step) =>
      step.kind === "detach" ||
      (step.kind === "resize" && step.device.requested < step.device.from) ||
      (step.kind === "balloon" && step.takes),
  );
}

/** None of these touches what runs, so the difference between them needs no second look by a person. */
function isNonDisruptive(change: UpdatePlan): boolean {
  return change.outcome === "none" || change.outcome === "live" || change.outcome === "nextBoot";
}

/** A stop without a start is the program's own word, `running: false`. */
function interrupts(change: UpdatePlan): boolean {
  return (
    change.outcome === "replace" ||
    (change.outcome === "restart" && change.steps.some((step) => step.kind === "start"))
  );
}

function refusal(change: UpdatePlan, before: string, code: ReasonCode = "domain-changed"): UpdatePlan {
  if (change.outcome === "refuse") return change;
  const text = `the domain changed: ${before}, and now it is «${change.headline}»`;
  return {
    ...change,
    outcome: "refuse",
    headline: `${text}; nothing was done: refresh and preview again`,
    details: [],
    steps: [],
    reasons: [{ code, text }, ...change.reasons],
  };
}
