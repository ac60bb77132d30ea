import type { z } from "zod";
import { isRecord } from "../is-record.ts";
import type { Failure } from "./failure.ts";
import { propertyPath } from "./property-path.ts";
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
  /** The path of a property inside of the object. Default: as at the top. */
  at?: (path: readonly PropertyKey[]) => string;
}

/**
 * Reads an object of untyped values, from a file, a program or a configuration.
 *
 * @returns the valid values, and all failures at once, each at its property's path
 */
export function readFields(
  given: unknown,
  fields: Record<string, Field>,
  { key, otherwise, at = (path) => (path.length === 0 ? "" : propertyPath(path)) }: ObjectForm,
): { values: Record<string, unknown>; failures: Failure[] } {
  if (!isRecord(given)) {
    const reason = given === UNKNOWN ? MUST_BE_KNOWN : otherwise;
    return { values: {}, failures: [{ property: at([]), reason }] };
  }
  const names = Object.keys(fields);
  const failures = Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => ({ property: at([name]), reason: `is not a ${key}; ${suggestion(name, names)}` }));
  const values: [string, unknown][] = [];
  for (const [name, { schema, required }] of Object.entries(fields)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined && required === undefined) continue;
    if (value === undefined || value === null) {
      const reason =
        required === undefined ? "is empty; set a value, or leave it out" : `is required${required}`;
      failures.push({ property: at([name]), reason });
      continue;
    }
    if (value === UNKNOWN) {
      failures.push({ property: at([name]), reason: MUST_BE_KNOWN });
      continue;
    }
    const { success, data, error } = schema.safeParse(value);
    if (success) values.push([name, data]);
    else
      failures.push(
        ...error.issues.map(({ path, message }) => ({ property: at([name, ...path]), reason: message })),
      );
  }
  return { values: Object.fromEntries(values), failures };
}

const MUST_BE_KNOWN = "must be known in a preview";
