import type { PolicyDomain } from "./domain.ts";
import { ALLOWED, type Rule, type RuleArgs, type RuleOptions, rule, type Verdict } from "./rule.ts";
import { strings } from "./settings.ts";
import { argumentUnknown } from "./unjudged.ts";

/** The settings of `adoptedStayAdopted`. */
export interface AdoptedStayAdoptedArgs extends RuleArgs {
  /** Names of resources whose domains were adopted: they must stay in the stack, with `adopt: true`. Default: none. */
  domains?: string[];
}

/**
 * A domain that was adopted is neither replaced nor deleted by the program. The rule `adopted-stay-adopted`: for a domain with
 * `adopt: true`, `change` must not be `"replace"` and `onDelete` must not be `"delete"`. A domain in `domains` must be in the stack, with
 * `adopt: true`.
 *
 * @throws Error with all failures of the settings at once
 */
export function adoptedStayAdopted(args: AdoptedStayAdoptedArgs = {}, options?: RuleOptions): Rule {
  return rule<{ domains?: string[] }>(
    {
      name: "adopted-stay-adopted",
      displayName: "Adopted domains stay adopted",
      description: "A virtual machine that was adopted must not be replaced or deleted by a program.",
      remedy: "Keep adopt: true, without onDelete: delete.",
      settings: {
        domains: {
          schema: strings("names of resources"),
          describe: {
            type: "array",
            items: { type: "string", minLength: 1 },
            description:
              "Names of resources whose domains were adopted: they must stay in the stack, with adopt: true.",
          },
        },
      },
      judge: (domain, { domains = [] }) => judged(domain, domains.includes(domain.name)),
      judgeStack: (all, { domains = [] }, isExcepted) =>
        domains
          .filter((name) => !isExcepted(name) && !all.some((domain) => domain.name === name))
          .map((name) => ({
            names: [name],
            kind: "violated",
            text: `${name}: the stack no longer has this domain, so it would no longer be managed. Put it back into the program, with adopt: true.`,
          })),
    },
    { ...args },
    options,
  );
}

function judged(domain: PolicyDomain, isListed: boolean): Verdict {
  const adopt = domain.flag("adopt");
  if (adopt.kind === "unknown" || adopt.kind === "secret") return argumentUnknown(domain, "adopt", adopt);
  const isAdopted = adopt.kind === "known" && adopt.value;
  if (!isAdopted && !isListed) return ALLOWED;
  if (!isAdopted) return { kind: "violated", text: "it was adopted, but adopt isn't true. Set adopt: true." };
  if (domain.outcome("change") === "replace")
    return {
      kind: "violated",
      text: 'it is adopted, but change is "replace". Set hotplug.whenNotPossible to "restart", "nextBoot" or "error".',
    };
  const onDelete = domain.text("onDelete");
  if (onDelete.kind === "unknown" || onDelete.kind === "secret")
    return argumentUnknown(domain, "onDelete", onDelete);
  if (onDelete.kind === "known" && onDelete.value === "delete")
    return {
      kind: "violated",
      text: 'it is adopted, but onDelete is "delete": pulumi destroy would delete it from its host. Remove onDelete.',
    };
  return ALLOWED;
}
