import { z } from "zod";
import { messageOf } from "../message-of.ts";
import { canonicalSize, formatSize, isZero, parsePageSize, parseSize } from "../units/size.ts";
import { fitsXml } from "../units/xml-characters.ts";
import { LARGEST_DISK } from "./limits.ts";
import { type Field, readObject } from "./read-object.ts";
import { UNKNOWN } from "./unknown.ts";

/**
 * Accepts Pulumi's marker for an unknown value as well, which a preview may have at any depth. Issues of the inner
 * schema keep their paths.
 */
export function orUnknown<T extends z.ZodType>(schema: T) {
  return z.unknown().transform((value, context): z.output<T> | typeof UNKNOWN => {
    if (value === UNKNOWN) return UNKNOWN;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues)
      context.issues.push({ ...issue, code: "custom", input: value, message: issue.message });
    return z.NEVER;
  });
}

/** A memory size; its canonical form is "1259MiB". */
export const size = orUnknown(parsed((value) => canonicalSize(parseSize(value))));

/** The size of a disk; its canonical form is "20480MiB". */
export const diskSize = orUnknown(
  parsed((value) => {
    const kib = parseSize(value);
    if (kib > LARGEST_DISK)
      throw new Error(`exceeds the largest size of a qcow2 image, ${formatSize(LARGEST_DISK)}`);
    return canonicalSize(kib);
  }),
);

/** A memory size, or 0 for a NUMA node without memory ("0MiB"). */
export const sizeOrZero = orUnknown(parsed((value) => canonicalSize(isZero(value) ? 0 : parseSize(value))));

/** A page size, which may be less than a MiB; its canonical form is "2MiB" or "64KiB". */
export const pageSize = orUnknown(parsed((value) => canonicalSize(parsePageSize(value))));

/** Transforms a value with a function; an error that it throws becomes the failure. */
export function parsed<T>(parse: (value: unknown) => T) {
  return z.unknown().transform((value, context): T => {
    try {
      return parse(value);
    } catch (error) {
      context.issues.push({ code: "custom", input: value, message: messageOf(error) });
      return z.NEVER;
    }
  });
}

/** A whole number within limits, which the message gives. */
export function wholeNumber(least: number, most: number, unit = "") {
  const message = `must be a whole number from ${least} to ${most}${unit && ` ${unit}`}`;
  // One check: a number that fails several has one failure.
  return z
    .number(message)
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, message);
}

export function integer(least: number, most: number, unit = "") {
  return orUnknown(wholeNumber(least, most, unit));
}

export const flag = orUnknown(z.boolean("must be true or false"));

/** The values of all arguments with a fixed choice: a message that has one of them quotes no argument. */
export const CHOICES = new Set(["pty", "spread", "host-passthrough", "host-model", "maximum"]);

export function oneOf<const T extends readonly [string, ...string[]]>(...values: T) {
  for (const value of values) CHOICES.add(value);
  return orUnknown(z.enum(values, `must be one of ${values.map((value) => `"${value}"`).join(", ")}`));
}

const XML_MESSAGE =
  "contains a character that XML can't represent (a control character or an unpaired surrogate)";

export function text(what: string) {
  return orUnknown(z.string(`must be ${what}, as a string`).refine(fitsXml, XML_MESSAGE));
}

export function pattern(form: RegExp, message: string) {
  return orUnknown(z.string(message).regex(form, message));
}

/** A path on the host where libvirt runs. */
export const path = orUnknown(
  z
    .string("must be an absolute path on the host where libvirt runs")
    .regex(/^\//, "must be an absolute path on the host where libvirt runs")
    .refine(fitsXml, XML_MESSAGE),
);

/** The same keys, none of which is required. */
export function optional<T extends Record<string, z.ZodType>>(fields: T) {
  return z.object(fields).partial().shape;
}

/** An object with these keys only. `what`: what messages call it, e.g. "a disk". */
export function shape<T extends Record<string, z.ZodType>>(what: string, fields: T) {
  const table = Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, field(schema)]));
  const form = {
    key: `field of ${what}`,
    otherwise: `must be an object with ${Object.keys(fields).join(", ")}`,
  };
  return z.unknown().transform((given, context): z.output<z.ZodObject<T, z.core.$strict>> => {
    const { values, issues } = readObject(given, table, form);
    // The schemas of its fields have made them.
    if (issues.length === 0) return values as z.output<z.ZodObject<T, z.core.$strict>>;
    for (const { path, message, isUnknownKey } of issues)
      context.issues.push({ code: "custom", input: given, path, message, params: { isUnknownKey } });
    return z.NEVER;
  });
}

/** A field whose schema refuses an absent value is required; why it does follows. */
function field(schema: z.ZodType): Field {
  const [issue] = schema.safeParse(undefined).error?.issues ?? [];
  return issue === undefined ? { schema } : { schema, required: ` and ${issue.message}` };
}
