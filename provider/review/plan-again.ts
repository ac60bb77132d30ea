import type { Inputs } from "../args/inputs.ts";
import type { Defaults } from "../args/settings.ts";
import { reasonCodeOf } from "../errors.ts";
import { messageOf } from "../message-of.ts";
import { echoedInputs, type Outputs } from "../outputs.ts";
import type { Observed } from "../plan/observed.ts";
import { planInput, planUpdate, type UpdatePlan, type UpdatePlanInput } from "../plan/plan-update.ts";
import { readState } from "../state-format.ts";
import type { Announced } from "./announced.ts";
import type { DomainStep } from "./domain-steps.ts";
import type { Properties } from "./properties.ts";
import { shownDomain } from "./shown-domain.ts";

/** A plan made again, and what it was made from. */
export interface Planned {
  state?: Outputs;
  /** The domain that it was planned from. */
  observed?: Observed;
  plan?: UpdatePlan;
  /** What the plan was made from. */
  input?: UpdatePlanInput;
  /** Why there is no plan. */
  problems: string[];
}

const UNREADABLE = "the state in this preview can't be planned from";

/** Plans an update from the recorded domain, as a preview without a route to the host does. */
export function planFromState(
  step: DomainStep,
  inputs: Properties,
  olds: Properties,
  defaults: Defaults,
): Planned {
  if (step.op === "create" || step.op === "import" || step.op === "refuse" || step.old?.outputs === undefined)
    return { problems: [] };
  try {
    const state = readState(olds);
    const observed = state.__observed;
    if (observed.live === undefined && observed.nextBoot === undefined) return { problems: [UNREADABLE] };
    if (step.op === "delete" || step.new === undefined) return { state, observed, problems: [] };
    return { state, ...planned(state, inputs, defaults) };
  } catch (error) {
    const code = reasonCodeOf(error);
    return {
      problems: [code === undefined ? UNREADABLE : messageOf(error)],
    };
  }
}

/** The same where the recorded domain is secret, from what the other outputs tell of it. */
export function planFromOutputs(
  step: DomainStep,
  inputs: Properties,
  olds: Properties,
  defaults: Defaults,
  announced: Announced | undefined,
): Planned {
  if (step.op !== "update" || announced === undefined) return { problems: [] };
  const observed = shownDomain(olds, defaults);
  if (observed === undefined) return { problems: [] };
  // Which images this provider made is secret as well.
  const { __made: _, ...known } = olds;
  try {
    return planned({ ...(known as unknown as Outputs), __observed: observed }, inputs, defaults);
  } catch {
    return { problems: [] };
  }
}

function planned(state: Outputs, inputs: Properties, defaults: Defaults): Planned {
  const { __observed: observed } = state;
  const before = echoedInputs(state);
  const input = planInput(state, { inputs: inputs as unknown as Inputs, before, observed, defaults });
  return { observed, plan: planUpdate(input), input, problems: [] };
}
