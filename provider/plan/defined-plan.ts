import { formatSize } from "../units/size.ts";
import type { Observed } from "./observed.ts";
import type { Plan, Step } from "./plan.ts";
import { savedStateFirst } from "./power.ts";
import { headline, NEXT_BOOT, refusal } from "./text.ts";

/**
 * Nothing runs, so only the definition changes.
 *
 * @param what changes
 */
export function definedWhileOff(what: string, observed: Observed, steps: Step[], notes: string[] = []): Plan {
  const { live, saved, power } = observed;
  if (live === undefined && saved !== undefined)
    return {
      outcome: "nextBoot",
      headline: headline(
        "nextBoot",
        `${what} in the definition (the saved state of ${formatSize(saved.memory)} comes first)`,
        `${what} in the definition (the saved state comes first)`,
      ),
      details: savedStateFirst(observed),
      steps,
      reasons: [],
    };
  const when = power === "off" ? "the domain is off" : "once the domain is off";
  return {
    outcome: "live",
    headline: headline("live", `${what} in the definition (${when})`),
    details: notes,
    steps,
    reasons: [],
  };
}

/** The running domain stays as it is, and its definition changes. */
export function definedForNextBoot(what: string, steps: Step[], notes: string[] = []): Plan {
  return {
    outcome: "nextBoot",
    headline: headline("nextBoot", `${what}, after a shutdown and start`),
    details: [`the change ${NEXT_BOOT}`, ...notes],
    steps,
    reasons: [],
  };
}

/** The running domain has its size, but its definition differs: an update was interrupted, or somebody else changed it. */
export function definedAfterwards(
  what: string,
  steps: Step[],
  { applyOn, notes }: { applyOn: "now" | "nextBoot"; notes: string[] },
): Plan {
  const outcome = applyOn === "nextBoot" ? "nextBoot" : "live";
  return {
    outcome,
    headline: headline(outcome, `${what} in the definition (the running domain already has it)`),
    details: notes,
    steps,
    reasons: [],
  };
}

/** The user defers all changes to the next boot, which a transient domain doesn't have. */
export function deferredForever(): Plan {
  const text = 'hotplug.applyOn is "nextBoot", but the domain is transient and has no next boot';
  const option = 'hotplug.applyOn "now" changes the running domain';
  return refusal({ code: "transient-domain", text }, text, option);
}
