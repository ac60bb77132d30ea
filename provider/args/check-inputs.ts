import leven from "leven";
import { DEFAULTS, type Defaults } from "./settings.ts";
import type { Failure } from "./failure.ts";
import { FIELD_NAMES, FIELDS, isField } from "./fields.ts";
import { fillIn } from "./fill-in.ts";
import type { Inputs } from "./inputs.ts";
import { redact } from "./redact.ts";
import { crossFieldFailures } from "./rules.ts";

export interface Checked {
  inputs: Partial<Inputs>;
  failures: Failure[];
}

/** Set by the class or by check itself; never an argument. */
const HIDDEN = new Set(["__provider", "__urn", "__secret", "memoryPlan"]);

/**
 * Checks the program's arguments and makes them canonical: all failures at once, each at its property's path;
 * computed identity is kept from `olds`. Pure: nothing is looked up.
 */
export function checkInputs(
  olds: Record<string, unknown>,
  news: Record<string, unknown>,
  defaults: Defaults = DEFAULTS,
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
    failures.push({ property: "memory", reason: 'is required: a size such as "4GiB"' });
  const inputs = fillIn(olds, news, valid, defaults);
  failures.push(...nameIsNoDomainName(inputs, failures), ...crossFieldFailures(inputs, defaults));
  return {
    inputs,
    failures: failures.map(({ property, reason }) => ({ property, reason: redact(reason, inputs) })),
  };
}

/** A secret that holds nothing arrives as null (sdk/nodejs/runtime/rpc.ts), at any depth: nothing was said. */
function withoutNulls<T>(value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const said = Object.entries(value).filter(([, inner]) => inner !== null);
  // The same object with fewer of its keys; all that is read from it is checked.
  return Object.fromEntries(said.map(([key, inner]) => [key, withoutNulls(inner)])) as T;
}

function nameFailure(key: string): Failure[] {
  if (key === "uuid")
    return [{ property: key, reason: "is computed from the resource's URN and can't be given" }];
  if (isField(key)) return [];
  return [{ property: key, reason: `is no argument of a Domain${suggestion(key, FIELD_NAMES)}` }];
}

/** The default of `name` is the resource's name, which may be no domain name. */
function nameIsNoDomainName(inputs: Partial<Inputs>, failures: Failure[]): Failure[] {
  if (failures.some((failure) => failure.property === "name")) return [];
  const parsed = FIELDS.name.schema.safeParse(inputs.name);
  return parsed.success
    ? []
    : [{ property: "name", reason: parsed.error.issues[0]?.message ?? "is no domain name" }];
}

/** A third of the word may be wrong: «memry», «maxMemroy». */
function suggestion(key: string, names: readonly string[]): string {
  const closest = names
    .map((name) => ({ name, distance: leven(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return closest !== undefined && closest.distance <= Math.max(1, Math.floor(key.length / 3))
    ? `; did you mean "${closest.name}"?`
    : `; it has ${names.join(", ")}`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`))
    .join("");
}
