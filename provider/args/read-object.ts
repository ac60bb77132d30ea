import type { z } from "zod";
import { isRecord } from "../is-record.ts";
import { suggestion } from "./suggestion.ts";
import { UNKNOWN } from "./unknown.ts";

/** One key of an object: what its value must be. */
export interface Field {
  schema: z.ZodType;
  /** Set where a value is required: what follows "is required", e.g. `, e.g. "4GiB"`. */
  required?: string;
}

export interface ObjectForm {
  /** What a key of the object is, e.g. "key of a size". */
  key: string;
  /** Why another value than an object is refused, e.g. "must be an object with memory and vcpus". */
  otherwise: string;
  /** Pulumi's marker for an unknown value, which the schemas of arguments accept, is refused. */
  mustBeKnown?: boolean;
}

/** Why a value, or a key, inside of an object is refused. */
export interface Issue {
  path: PropertyKey[];
  message: string;
  /** The path leads to a key that the object can't have. */
  isUnknownKey?: boolean;
}

/**
 * Reads an object of untyped values: the one place that decides which keys it may have and must have.
 *
 * @returns the valid values, and all issues at once
 */
export function readObject(
  given: unknown,
  fields: Readonly<Record<string, Field>>,
  { key, otherwise, mustBeKnown = false }: ObjectForm,
): { values: Record<string, unknown>; issues: Issue[] } {
  const isRefused = (value: unknown) => mustBeKnown && value === UNKNOWN;
  if (!isRecord(given))
    return { values: {}, issues: [{ path: [], message: isRefused(given) ? MUST_BE_KNOWN : otherwise }] };
  const issues: Issue[] = Object.keys(given)
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) => ({ path: [name], message: notAKey(name, key, Object.keys(fields)), isUnknownKey: true }));
  const values: [string, unknown][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined && field.required === undefined) continue;
    const read = isRefused(value)
      ? { issues: [{ path: [], message: MUST_BE_KNOWN }] }
      : readValue(value, field);
    if (read.issues === undefined) values.push([name, read.value]);
    else issues.push(...read.issues.map((issue) => ({ ...issue, path: [name, ...issue.path] })));
  }
  return { values: Object.fromEntries(values), issues };
}

const MUST_BE_KNOWN = "must be known in a preview";

/** Why a key is refused. `key`: what the keys with these names are. */
export function notAKey(name: string, key: string, names: readonly string[]): string {
  return `is not ${/^[aeiou]/.test(key) ? "an" : "a"} ${key}; ${suggestion(name, names)}`;
}

function readValue(value: unknown, { schema, required }: Field): { value?: unknown; issues?: Issue[] } {
  if (value === undefined || value === null) {
    const message =
      required === undefined ? "is empty; set a value, or leave it out" : `is required${required}`;
    return { issues: [{ path: [], message }] };
  }
  const { data, error } = schema.safeParse(value);
  return error === undefined ? { value: data } : { issues: issuesOf(error) };
}

function issuesOf({ issues }: z.ZodError): Issue[] {
  return issues.map(({ path, message, ...issue }) => ({
    path,
    message,
    ...(issue.code === "custom" && issue.params?.isUnknownKey === true && { isUnknownKey: true }),
  }));
}
