import type { Kib } from "../domain/state.ts";
import { askedMemory } from "../plan/asked.ts";
import type { Observed } from "../plan/observed.ts";
import type { Step } from "../plan/plan.ts";
import type { Execution } from "./execution.ts";

export function isLiveBalloon(step: Step): boolean {
  return step.kind === "balloon" && step.where === "live";
}

/**
 * What the balloon of the running domain was told and has not reached, where nothing waited for it: by this change, or as
 * the state had it.
 */
export function toldBalloon(
  { news, session, change, adopted, sighting }: Execution,
  { live }: Observed,
): Kib | undefined {
  const currentMemory = askedMemory(news, session.defaults, adopted)?.currentMemory;
  if (currentMemory === undefined || live === undefined) return undefined;
  const isTold = change.steps.some((step) => isLiveBalloon(step) || step.kind === "start");
  const told = isTold ? Math.min(currentMemory, live.memory) : sighting.observed.told;
  return stillTold(told, { live });
}

/** What the balloon was told, as long as it has not got there. */
export function stillTold(told: Kib | undefined, { live }: Pick<Observed, "live">): Kib | undefined {
  return live === undefined || live.currentMemory === told ? undefined : told;
}
