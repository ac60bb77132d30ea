import { ALLOWED, type Rule, type RuleArgs, type RuleOptions, rule, type Verdict } from "./rule.ts";
import { outcomeUnknown } from "./unjudged.ts";

/** The settings of `noUnknownOutcome`. */
export interface NoUnknownOutcomeArgs extends RuleArgs {
  /**
   * `"allow"`: an outcome may depend on values that are only known during `pulumi up`. The host must still be reachable.
   * Default: `"deny"`.
   */
  onUnknown?: "allow" | "deny";
}

/**
 * The outcome of every change is known in the preview. The rule `no-unknown-outcome`: neither `change` nor `memoryChange` may be
 * `"unknown"`.
 *
 * @throws Error with all failures of the settings at once
 */
export function noUnknownOutcome(args: NoUnknownOutcomeArgs = {}, options?: RuleOptions): Rule {
  return rule(
    {
      name: "no-unknown-outcome",
      displayName: "No unknown outcome",
      description: "A preview must show what a change does to a virtual machine.",
      remedy: "Run the preview where the host can be reached, and with values that are known.",
      settings: {},
      judge: (domain): Verdict => {
        const outcomes = (["change", "memoryChange"] as const).filter(
          (name) => domain.outcome(name) === "unknown",
        );
        if (outcomes.length === 0) return ALLOWED;
        if (domain.unknownArguments.length > 0) return outcomeUnknown(domain);
        const names = outcomes.join(" and ");
        const remedy = "Run the preview on a machine with a route to the host.";
        return {
          kind: "violated",
          text: `${names} ${outcomes.length === 1 ? "is" : "are"} "unknown". ${remedy}`,
        };
      },
    },
    { ...args },
    options,
  );
}
