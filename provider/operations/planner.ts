import type { Inputs } from "../args/inputs.ts";
import type { Outputs } from "../outputs.ts";
import type { Observed } from "../plan/observed.ts";
import { planInput, planUpdate, type UpdatePlan } from "../plan/plan-update.ts";
import type { Session } from "../session.ts";

/** Plans the update of one resource for its domain as observed: the same in diff, update and read. */
export type Planner = (observed: Observed) => UpdatePlan;

/**
 * The planner of a resource by its state.
 *
 * @param before the inputs that the state echoes
 */
export function plannerFor(
  { defaults }: Session,
  state: Outputs,
  { before, news }: { before: Inputs; news: Inputs },
): Planner {
  return (observed) => planUpdate(planInput(state, { inputs: news, before, observed, defaults }));
}
