import { desiredMemory } from "../plan/desired.ts";
import type { Observed } from "../plan/observed.ts";
import type { Step } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import type { UpdateContext } from "./context.ts";

export function isLiveBalloon(step: Step): boolean {
  return step.kind === "balloon" && step.where === "live";
}

/**
 * What the balloon of the running domain was told and has not reached, where nothing waited for it: by this change, or as
 * the state had it.
 */
export function pendingBalloonTarget(
  { news, session, change, adopted, observation }: UpdateContext,
  { live }: Observed,
): Kib | undefined {
  const currentMemory = desiredMemory(news, session.defaults, adopted)?.currentMemory;
  if (currentMemory === undefined || live === undefined) return undefined;
  const isTold = change.steps.some((step) => isLiveBalloon(step) || step.kind === "start");
  const told = isTold ? Math.min(currentMemory, live.memory) : observation.observed.told;
  return unreachedBalloonTarget(told, { live });
}

/** What the balloon was told, as long as it has not got there. */
export function unreachedBalloonTarget(
  told: Kib | undefined,
  { live }: Pick<Observed, "live">,
): Kib | undefined {
  return live === undefined || live.currentMemory === told ? undefined : told;
}
