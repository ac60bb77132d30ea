import type { Defaults } from "../args/settings.ts";
import { afterStep } from "../plan/after-step.ts";
import type { Observed } from "../plan/observed.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import type { DomainStep } from "./domain-steps.ts";
import { newDomain } from "./new-domain.ts";
import type { Properties } from "./properties.ts";
import { withoutSecrets } from "./secret-properties.ts";
import { shownDomain } from "./shown-domain.ts";
import type { Verdict } from "./verdict.ts";

/** The domain once the update is over, and what waits for a restart has happened. */
export function domainAfter(
  step: DomainStep,
  inputs: Properties,
  observed: Observed | undefined,
  plan: UpdatePlan | undefined,
  verdict: Verdict,
  defaults: Defaults,
): Observed | undefined {
  const { op } = step;
  if (op === "delete" || op === "refuse" || verdict === "refuse" || verdict === "unknown") return undefined;
  // What an adopted domain has beside the arguments isn't in the output.
  if (verdict === "create" && inputs.__adopted === true) return undefined;
  if (verdict === "create" || verdict === "replace") return newDomain(inputs, observed, defaults);
  const previewed = step.new?.outputs && shownDomain(withoutSecrets(step.new.outputs).properties, defaults);
  if (observed === undefined || plan === undefined) return previewed;
  try {
    return plan.steps.reduce(afterStep, observed);
  } catch {
    return undefined;
  }
}

/** The running domain, or else its definition. */
export function present({ live, nextBoot }: Observed) {
  return live ?? nextBoot;
}
