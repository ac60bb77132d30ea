import leven from "leven";
import type { Failure } from "./failure.ts";
import { FIELD_NAMES, FIELDS, isField } from "./fields.ts";
import { fillIn, type NewDomain } from "./fill-in.ts";
import type { Inputs } from "./inputs.ts";
import { mask } from "./redact.ts";
import { crossFieldFailures } from "./rules.ts";
import { secretValues } from "./secrets.ts";
import { DEFAULTS, type Defaults } from "./settings.ts";

export interface Checked {
  inputs: Partial<Inputs>;
  failures: Failure[];
}

/** More than a person reads at once. Secrets are looked for in each of them. */
const MOST_FAILURES = 100;

/** The arguments that a program may set. */
const ARGUMENTS = FIELD_NAMES.filter((name) => FIELDS[name].change !== "identity");

/** Inputs that the class or check sets. They are not arguments. */
const HIDDEN = new Set([
  ...["__provider", "__urn", "__secret", "__secrets", "__adopted", "__unsettled", "__hosts"],
  ...["memoryPlan", "change", "memoryChange"],
]);

/**
 * Checks the program's arguments and makes them canonical. It looks nothing up.
 *
 * @param olds the inputs of the last check, whose identity, ceiling and slots are kept
 * @returns all failures at once, each at its property's path
 */
export function checkInputs(
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
  defaults: Defaults = DEFAULTS,
  domain: NewDomain = {},
): Checked {
  const given = Object.entries(withoutNulls(news)).filter(([key]) => !HIDDEN.has(key));
  const failures = given.flatMap(([key]) => nameFailure(key));
  const valid: Record<string, unknown> = {};
  for (const [key, value] of given) {
    if (!isField(key) || key === "uuid") continue;
    const parsed = FIELDS[key].schema.safeParse(value);
    if (parsed.success) valid[key] = parsed.data;
    else
      failures.push(
        ...parsed.error.issues.map((issue) => ({
          property: pathText([key, ...issue.path]),
          reason: issue.message,
        })),
      );
  }
  if (!given.some(([key]) => key === "memory" || key === "numa"))
    failures.push({ property: "memory", reason: 'is required, e.g. "4GiB"' });
  const inputs = fillIn(olds, news, valid, defaults, domain);
  failures.push(
    ...invalidDefaultName(inputs, failures),
    ...crossFieldFailures(inputs, defaults, olds.uuid !== undefined),
  );
  const secrets = secretValues(inputs);
  const more = failures.length - MOST_FAILURES;
  const shown =
    more > 0
      ? [...failures.slice(0, MOST_FAILURES), { property: "", reason: `${more} more failures` }]
      : failures;
  return {
    inputs,
    failures: shown.map(({ property, reason }) => ({ property, reason: mask(reason, secrets) })),
  };
}

/** A secret without a value arrives as null, at any depth (sdk/nodejs/runtime/rpc.ts): the argument is absent. */
function withoutNulls<T>(value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const present = Object.entries(value).filter(([, inner]) => inner !== null);
  // The same object with fewer keys. Whatever is read from it is checked.
  return Object.fromEntries(present.map(([key, inner]) => [key, withoutNulls(inner)])) as T;
}

function nameFailure(key: string): Failure[] {
  if (key === "uuid")
    return [{ property: key, reason: "is computed from the resource's URN and can't be set" }];
  if (isField(key)) return [];
  return [{ property: key, reason: `is not an argument of Domain${suggestion(key)}` }];
}

/** The default of `name` is the resource's name, which need not be a valid domain name. */
function invalidDefaultName(inputs: Partial<Inputs>, failures: Failure[]): Failure[] {
  if (failures.some((failure) => failure.property === "name")) return [];
  const issues = FIELDS.name.schema.safeParse(inputs.name).error?.issues ?? [];
  return issues.slice(0, 1).map(({ message }) => ({ property: "name", reason: message }));
}

/** No argument's name is half as long. */
const LONGEST_MISSPELLED = 40;

/** A third of the letters may be wrong: "memry", "maxMemroy". */
function suggestion(key: string): string {
  if (key.length > LONGEST_MISSPELLED) return `; expected one of ${ARGUMENTS.join(", ")}`;
  const closest = ARGUMENTS.map((name) => ({
    name,
    distance: leven(key.toLowerCase(), name.toLowerCase()),
  })).sort((a, b) => a.distance - b.distance)[0];
  return closest !== undefined && closest.distance <= Math.max(1, Math.floor(key.length / 3))
    ? `; did you mean "${closest.name}"?`
    : `; expected one of ${ARGUMENTS.join(", ")}`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`))
    .join("");
}
