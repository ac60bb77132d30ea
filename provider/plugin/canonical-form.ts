import { FIELDS, isField } from "../args/fields.ts";

/**
 * An input in the form that check returns: sizes in MiB, MAC addresses in lower case. A state may have another form, from an
 * import or an edit by hand; a value that isn't valid stays unchanged.
 */
export function canonicalForm(name: string, value: unknown): unknown {
  if (value === undefined || !isField(name)) return value;
  const read = FIELDS[name].schema.safeParse(value);
  return read.success ? read.data : value;
}
