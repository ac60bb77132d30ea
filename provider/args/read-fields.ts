import type { Failure } from "./failure.ts";
import { propertyPath } from "./property-path.ts";
import { type Field, type ObjectForm, readObject } from "./read-object.ts";

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
  const { values, issues } = readObject(given, fields, { ...form, mustBeKnown: true });
  return { values, failures: issues.map(({ path, message }) => ({ property: at(path), reason: message })) };
}
