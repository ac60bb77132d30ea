import type { Inputs } from "../args/inputs.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import type { Observed } from "../plan/observed.ts";
import { planUpdate, type UpdatePlan } from "../plan/plan-update.ts";
import type { Session } from "../session.ts";

/** Plans the update of one resource for its domain as observed: the same in diff, update and read. */
export type Planner = (observed: Observed) => UpdatePlan;

/** The planner of a resource by its state. */
export function plannerFor({ defaults }: Session, state: Outputs, news: Inputs): Planner {
  const input = {
    inputs: news,
    before: echoedInputs(state),
    recorded: state.__observed.nextBoot?.memory,
    defaults,
    adopted: state.__adopted === true,
  };
  return (observed) => planUpdate({ ...input, observed });
}
