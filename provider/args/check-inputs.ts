import type { Failure } from "./failure.ts";
import { FIELD_NAMES, FIELDS, isField } from "./fields.ts";
import { fillIn, type NewDomain } from "./fill-in.ts";
import { type Inputs, OUTCOME_INPUTS } from "./inputs.ts";
import { propertyPath } from "./property-path.ts";
import { mask } from "./redact.ts";
import { crossFieldFailures } from "./rules.ts";
import { secretValues } from "./secrets.ts";
import { DEFAULTS, type Defaults } from "./settings.ts";
import { suggestion } from "./suggestion.ts";
import { UNKNOWN } from "./unknown.ts";

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
  ...[
    "__provider",
    "__urn",
    "__secret",
    "__secrets",
    "__formerSecrets",
    "__configured",
    "__adopted",
    "__unsettled",
    "__hosts",
  ],
  ...[...OUTCOME_INPUTS, "headroom"],
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
  const partlyValid: Record<string, unknown> = {};
  for (const [key, value] of given) {
    if (!isField(key) || key === "uuid") continue;
    const { schema } = FIELDS[key];
    const parsed = schema.safeParse(value);
    if (parsed.success) {
      valid[key] = parsed.data;
      continue;
    }
    const { issues } = parsed.error;
    failures.push(
      ...issues.map(({ path, message }) => ({ property: propertyPath([key, ...path]), reason: message })),
    );
    const { success, data } = schema.safeParse(withoutWrong(value, issues));
    if (success) partlyValid[key] = data;
  }
  if (!given.some(([key]) => key === "memory" || key === "numa"))
    failures.push({ property: "memory", reason: 'is required, e.g. "4GiB"' });
  const inputs = fillIn(olds, news, valid, defaults, domain);
  failures.push(
    ...invalidDefaultName(inputs, failures),
    ...crossFieldFailures(
      fillIn(olds, news, { ...valid, ...partlyValid }, defaults, domain),
      defaults,
      olds.uuid !== undefined,
    ),
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

/** Zod's issue; one about unknown keys has these, also where it comes from an inner schema (schema.ts). */
interface Issue {
  path: PropertyKey[];
  keys?: string[];
}

/**
 * What the rules between arguments can still be asked about, so that one wrong value hides no other: unknown keys are left out, and
 * any other wrong value counts as one that isn't known yet.
 */
function withoutWrong(value: unknown, issues: readonly Issue[]): unknown {
  const holder = { value: structuredClone(value) };
  for (const { path, keys } of issues) {
    const steps = ["value", ...path];
    const last = steps.pop() ?? "value";
    const parent: unknown = steps.reduce((at: unknown, step) => Reflect.get(Object(at), step), holder);
    // A value outside of it is wrong too.
    if (typeof parent !== "object" || parent === null) continue;
    if (keys === undefined) Reflect.set(parent, last, UNKNOWN);
    else for (const key of keys) Reflect.deleteProperty(Object(Reflect.get(parent, last)), key);
  }
  return holder.value;
}

/** A secret without a value arrives as null, at any depth (sdk/nodejs/runtime/rpc.ts): the argument is absent. */
function withoutNulls<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  // What is absent from a list would move what follows.
  if (Array.isArray(value)) return value.map(withoutNulls) as T;
  const present = Object.entries(value).filter(([, inner]) => inner !== null);
  // The same object with fewer keys. Whatever is read from it is checked.
  return Object.fromEntries(present.map(([key, inner]) => [key, withoutNulls(inner)])) as T;
}

function nameFailure(key: string): Failure[] {
  if (key === "uuid")
    return [{ property: key, reason: "is computed from the resource's URN and can't be set" }];
  if (isField(key)) return [];
  return [{ property: key, reason: `is not an argument of Domain; ${suggestion(key, ARGUMENTS)}` }];
}

/** The default of `name` is the resource's name, which need not be a valid domain name. */
function invalidDefaultName(inputs: Partial<Inputs>, failures: Failure[]): Failure[] {
  if (failures.some((failure) => failure.property === "name")) return [];
  const issues = FIELDS.name.schema.safeParse(inputs.name).error?.issues ?? [];
  return issues.slice(0, 1).map(({ message }) => ({ property: "name", reason: message }));
}
