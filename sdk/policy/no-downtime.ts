import { z } from "zod";
import { type Rule, type RuleArgs, type RuleOptions, rule, type Verdict } from "./rule.ts";
import { outcomeUnknown } from "./unjudged.ts";

const FORBIDDEN = ["replace", "restart", "nextBoot"] as const;

type Forbidden = (typeof FORBIDDEN)[number];

/** The settings of `noDowntime`. */
export interface NoDowntimeArgs extends RuleArgs {
  /** The outcomes that violate the rule, at least one. Default: `["replace", "restart"]`. */
  outcomes?: Forbidden[];
}

const MESSAGE = `must be a list of ${FORBIDDEN.map((outcome) => `"${outcome}"`).join(", ")}`;

const WHAT: Record<Forbidden, string> = {
  replace: "would be deleted and created again",
  restart: "would be shut down",
  nextBoot: "would get the change only when it is shut down and started",
};

/**
 * No change replaces or restarts a virtual machine. The rule `no-downtime`: the planned outcome `change` must not be one of `outcomes`.
 *
 * @throws Error with all failures of the settings at once
 */
export function noDowntime(args: NoDowntimeArgs = {}, options?: RuleOptions): Rule {
  return rule<{ outcomes?: Forbidden[] }>(
    {
      name: "no-downtime",
      displayName: "No downtime",
      description: "A change must not restart or replace a virtual machine.",
      remedy: "Choose a size that works live, or set hotplug.whenNotPossible to nextBoot.",
      settings: {
        outcomes: {
          schema: z.array(z.enum(FORBIDDEN, MESSAGE), MESSAGE).min(1, MESSAGE),
          describe: {
            type: "array",
            items: { type: "string", enum: [...FORBIDDEN] },
            minItems: 1,
            description: "The outcomes that violate the rule.",
          },
        },
      },
      judge: (domain, { outcomes = ["replace", "restart"] }): Verdict => {
        const change = domain.outcome("change");
        if (change === "unknown") return outcomeUnknown(domain);
        const forbidden = outcomes.find((outcome) => outcome === change);
        if (forbidden === undefined) return { kind: "allowed" };
        const ofMemory = domain.outcome("memoryChange") === change;
        const remedy = ofMemory
          ? "Choose a size that works live, or set hotplug.whenNotPossible to another outcome."
          : "The cause is an argument other than memory: undo its change, or plan the downtime and add an exception.";
        const plan = ofMemory ? domain.memoryPlan : undefined;
        const found = plan === undefined ? "" : ` (${plan})`;
        return { kind: "violated", text: `${WHAT[forbidden]}, change is "${change}"${found}. ${remedy}` };
      },
    },
    { ...args },
    options,
  );
}
