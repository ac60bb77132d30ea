import type { Outcome } from "./plan.ts";
import type { UpdatePlan } from "./plan-update.ts";

/** The computed inputs that say what this run does to a domain: to people, and to policies and CI. */
export interface PlannedOutcome {
  /** The headline of the latest change of the memory. */
  memoryPlan: string;
  /** What happens to the whole resource. */
  change: Outcome;
  /** What happens to its memory. */
  memoryChange: Outcome;
}

/** An unchanged domain, or a new one: no existing domain is affected. */
export const NO_CHANGE = { change: "none", memoryChange: "none" } as const;

/** @param otherwise the `memoryPlan` of a plan without a change of the memory */
export function plannedOutcome(plan: UpdatePlan, otherwise: string): PlannedOutcome {
  const { memory } = plan;
  return {
    memoryPlan: (memory ?? plan).headline || otherwise,
    change: plan.outcome,
    memoryChange: memory?.outcome ?? "unknown",
  };
}
