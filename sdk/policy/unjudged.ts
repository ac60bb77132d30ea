import type { PolicyDomain } from "./domain.ts";
import type { Figure } from "./properties.ts";
import { ALLOWED, type Stage, type Verdict } from "./rule.ts";

/** Why an outcome isn't known. */
export function outcomeUnknown(domain: PolicyDomain): Verdict {
  const names = domain.unknownArguments;
  if (names.length === 0)
    return { kind: "unknown", text: "without a route to the host, what the change does isn't known" };
  return {
    kind: "unknown",
    text: `${names.join(", ")} ${names.length === 1 ? "is" : "are"} only known during pulumi up`,
  };
}

/** Why a rule can't judge by this argument. */
export function argumentUnknown(domain: PolicyDomain, name: string, { kind }: Figure<unknown>): Verdict {
  if (kind === "secret") return secret(domain, name);
  if (kind === "unknown") return { kind: "unknown", text: `${name} is only known during pulumi up` };
  return { kind: "unknown", text: `the domain has no ${name}` };
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
  if (kind === "secret") return secret(domain, "a size");
  // Only the outputs have it.
  if (stage === "inputs") return ALLOWED;
  const unknown = domain.unknownArguments;
  if (unknown.length > 0) return outcomeUnknown(domain);
  return { kind: "unknown", text: `without a route to the host, its ${what} after the change aren't known` };
}

function secret({ showsSecrets }: PolicyDomain, name: string): Verdict {
  const why = showsSecrets
    ? `${name === "a size" ? "the size" : name} is secret`
    : "whether the size is secret isn't known, since more than one copy of @pulumi/policy is loaded";
  return { kind: "unknown", text: why };
}
