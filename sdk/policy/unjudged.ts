import type { PolicyDomain } from "./domain.ts";
import type { Figure } from "./properties.ts";
import { ALLOWED, type Stage, type Verdict } from "./rule.ts";

const NO_ROUTE = "not judged without a route to the host";

/** Why an outcome isn't known. */
export function outcomeUnknown(domain: PolicyDomain): Verdict {
  const names = domain.unknownArguments;
  if (names.length === 0) return { kind: "unknown", text: `${NO_ROUTE}: what the change does isn't known` };
  return onlyDuringUp(names.join(", "), names.length > 1);
}

/** Why a rule can't judge by this argument. */
export function argumentUnknown(domain: PolicyDomain, name: string, { kind }: Figure<unknown>): Verdict {
  if (kind === "secret") return secret(domain, /memory/i.test(name) ? "the size" : name);
  if (kind === "unknown") return onlyDuringUp(name);
  return { kind: "unknown", text: `not judged: the domain has no ${name}` };
}

/**
 * Why a rule can't judge by what is read back from the domain.
 *
 * @param what of the domain, such as "free slots"
 */
export function outputUnknown(
  domain: PolicyDomain,
  what: string,
  { kind }: Figure<unknown>,
  stage: Stage,
): Verdict {
  if (kind === "secret") return secret(domain, "the size");
  // Only the outputs have it.
  if (stage === "inputs") return ALLOWED;
  const unknown = domain.unknownArguments;
  if (unknown.length > 0) return outcomeUnknown(domain);
  // check knows the outcome for a new domain, and where only a setting changes, without asking the host.
  if (domain.isDynamic && domain.outcome("change") !== "unknown")
    return {
      kind: "unknown",
      text: `not judged: the preview doesn't show its ${what} after the change; pulumi up judges them after the update`,
    };
  return { kind: "unknown", text: `${NO_ROUTE}: its ${what} after the change aren't known` };
}

function onlyDuringUp(names: string, isPlural = false): Verdict {
  return {
    kind: "unknown",
    text: `not judged: ${names} ${isPlural ? "are" : "is"} only known during pulumi up`,
  };
}

function secret({ showsSecrets }: PolicyDomain, what: string): Verdict {
  const why = showsSecrets
    ? `${what} is secret`
    : "whether the size is secret isn't known, since another copy or version of @pulumi/policy is in use";
  return { kind: "unknown", text: `not judged: ${why}` };
}
