import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import type { Observed } from "../plan/observed.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { type Announced, announcedBy, isPlanOf } from "./announced.ts";
import type { ComparedArguments } from "./compared-arguments.ts";
import type { Known, ReviewContext } from "./domain-review.ts";
import type { DomainStep } from "./domain-steps.ts";
import { type Planned, planFromOutputs, planFromState } from "./plan-again.ts";
import { type Decided, decide, isForcedReplace, keptBy } from "./verdict.ts";

/** What the plan made again, and the one that the run announced, tell of a domain. */
export interface Replanned {
  decided: Decided;
  announced: Announced | undefined;
  /** Why the domain stays on its host; see `keptBy`. */
  kept: string | undefined;
  state: Planned["state"];
  /** The domain that the plan is made from. */
  observed: Observed | undefined;
  /** The plan that is carried out, if it is the one made again. A plan that isn't carried out raises no question. */
  followed: UpdatePlan | undefined;
  /** The run saw another domain than the recorded one. */
  hasChanged: boolean;
  /** The recorded domain is secret. */
  isHidden: boolean;
  /** What is known of the recorded domain: nothing, if the run saw another one. */
  recorded: Pick<Known, "state" | "planned">;
  /** Why there is no plan. */
  problems: string[];
}

/** @param clean removes secrets from a text */
export function replanned(
  step: DomainStep,
  given: ComparedArguments,
  stack: ReviewContext,
  clean: (text: string) => string,
): Replanned {
  const { olds, isSecret } = given;
  const announced = announcedBy(step, stack.isOver);
  const isHidden = olds.__observed === UNKNOWN;
  const planned = planOf(step, given, stack, announced, isHidden);
  const isFollowed =
    planned.plan !== undefined && (announced === undefined || isPlanOf(planned.plan, announced, clean));
  // What only the outputs tell of the domain isn't enough to plan from, unless the run came to the same plan.
  const { state, plan, observed } = isHidden && !isFollowed ? {} : planned;
  const kept = keptBy(step, olds.onDelete, (state ?? olds).__adopted === true);
  const decided = decide(step, { plan, announced, isSecret, kept, isFollowed });
  const isCarriedOut = plan?.outcome === decided.verdict;
  const hasChanged =
    plan !== undefined &&
    !isFollowed &&
    announced?.outcome === decided.verdict &&
    !isForcedReplace(decided.verdict, plan);
  return {
    ...{ decided, announced, kept, state, observed, hasChanged, isHidden, problems: planned.problems },
    followed: isFollowed && isCarriedOut ? plan : undefined,
    recorded: hasChanged ? {} : defined({ state, planned: planned.input }),
  };
}

function planOf(
  step: DomainStep,
  { now, before, isSecret }: ComparedArguments,
  { defaults }: ReviewContext,
  announced: Announced | undefined,
  isHidden: boolean,
): Planned {
  if (isSecret) return { problems: [] };
  return isHidden
    ? planFromOutputs(step, now, before, defaults, announced)
    : planFromState(step, now, before, defaults);
}
