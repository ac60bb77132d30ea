import type { Failure } from "./failure.ts";
import { FIELD_NAMES, FIELDS, isField } from "./fields.ts";
import { fillIn, type NewDomain } from "./fill-in.ts";
import { type Inputs, OUTCOME_INPUTS } from "./inputs.ts";
import { propertyPath } from "./property-path.ts";
import { type Field, type Issue, readObject } from "./read-object.ts";
import { mask } from "./redact.ts";
import { crossFieldFailures } from "./rules.ts";
import { secretValues } from "./secrets.ts";
import { DEFAULTS, type Defaults } from "./settings.ts";
import { UNKNOWN } from "./unknown.ts";

export interface Checked {
  inputs: Partial<Inputs>;
  failures: Failure[];
}

/** More than a person reads at once. Secrets are looked for in each of them. */
const MOST_FAILURES = 100;

/** The arguments that a program may set. Which of them it must set depends on the others. */
const ARGUMENTS: Readonly<Record<string, Field>> = Object.fromEntries(
  FIELD_NAMES.filter((name) => FIELDS[name].change !== "identity").map((name) => [
    name,
    { schema: FIELDS[name].schema },
  ]),
);

const FORM = { key: "argument of Domain", otherwise: "must be an object of arguments" };

const COMPUTED = "is computed from the resource's URN and can't be set";

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
  const given = Object.fromEntries(Object.entries(withoutNulls(news)).filter(([key]) => !HIDDEN.has(key)));
  const { uuid, ...args } = given;
  const { values: valid, issues } = readObject(args, ARGUMENTS, FORM);
  const failures = issues.map(({ path, message }) => ({ property: propertyPath(path), reason: message }));
  if (uuid !== undefined) failures.push({ property: "uuid", reason: COMPUTED });
  if (!Object.hasOwn(given, "memory") && !Object.hasOwn(given, "numa"))
    failures.push({ property: "memory", reason: 'is required, e.g. "4GiB"' });
  const inputs = fillIn(olds, news, valid, defaults, domain);
  failures.push(
    ...invalidDefaultName(inputs, failures),
    ...crossFieldFailures(
      fillIn(olds, news, { ...valid, ...partlyValid(args, issues) }, defaults, domain),
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

/**
 * What the rules between arguments can still be asked about, so that one wrong value hides no other: unknown keys are left out, and
 * any other wrong value counts as one that isn't known yet.
 */
function partlyValid(args: Record<string, unknown>, issues: readonly Issue[]): Record<string, unknown> {
  const ofArguments = issues.filter(({ path: [name] }) => isField(String(name)));
  const names = new Set(ofArguments.map(({ path: [name] }) => String(name)));
  const wrong = Object.fromEntries(Object.entries(args).filter(([name]) => names.has(name)));
  return readObject(withoutWrong(wrong, ofArguments), ARGUMENTS, FORM).values;
}

function withoutWrong(args: Record<string, unknown>, issues: readonly Issue[]): Record<string, unknown> {
  const copy = structuredClone(args);
  for (const { path, isUnknownKey } of issues) {
    const last = path.at(-1) ?? "";
    const parent: unknown = path
      .slice(0, -1)
      .reduce((at: unknown, step) => Reflect.get(Object(at), step), copy);
    // A value outside of it is wrong too.
    if (typeof parent !== "object" || parent === null) continue;
    if (isUnknownKey) Reflect.deleteProperty(parent, last);
    else Reflect.set(parent, last, UNKNOWN);
  }
  return copy;
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

/** The default of `name` is the resource's name, which need not be a valid domain name. */
function invalidDefaultName(inputs: Partial<Inputs>, failures: Failure[]): Failure[] {
  if (failures.some((failure) => failure.property === "name")) return [];
  const issues = FIELDS.name.schema.safeParse(inputs.name).error?.issues ?? [];
  return issues.slice(0, 1).map(({ message }) => ({ property: "name", reason: message }));
}
