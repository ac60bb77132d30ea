import { z } from "zod";
import type { Failure } from "./failure.ts";
import { propertyPath } from "./property-path.ts";
import { type Field, type ObjectForm, readObject } from "./read-object.ts";
import { UNKNOWN } from "./unknown.ts";

export type { Field } from "./read-object.ts";

interface Form extends ObjectForm {
  /** The path of a property inside of the object. Default: as at the top. */
  at?: (path: readonly PropertyKey[]) => string;
}

/**
 * Reads an object whose values must be known, from a file, a program or a configuration.
 *
 * @returns the valid values, and all failures at once, each at its property's path
 */
export function readFields(
  given: unknown,
  fields: Readonly<Record<string, Field>>,
  { at = (path) => (path.length === 0 ? "" : propertyPath(path)), ...form }: Form,
): { values: Record<string, unknown>; failures: Failure[] } {
  if (given === UNKNOWN) return { values: {}, failures: [{ property: at([]), reason: MUST_BE_KNOWN }] };
  const known = Object.entries(fields).map(([name, field]) => [
    name,
    { ...field, schema: knownOnly(field.schema) },
  ]);
  const { values, issues } = readObject(given, Object.fromEntries(known), form);
  return { values, failures: issues.map(({ path, message }) => ({ property: at(path), reason: message })) };
}

const MUST_BE_KNOWN = "must be known in a preview";

/** Refuses Pulumi's marker for an unknown value, which the schemas of arguments accept. */
function knownOnly(schema: z.ZodType): z.ZodType {
  return z
    .unknown()
    .refine((value) => value !== UNKNOWN, MUST_BE_KNOWN)
    .pipe(schema);
}
