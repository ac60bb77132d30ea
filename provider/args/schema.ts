import { z } from "zod";
import type { Kib } from "../units/kib.ts";
import { canonicalSize, isZero, parsePageSize, parseSize } from "../units/size.ts";
import { UNKNOWN } from "./unknown.ts";

/**
 * Lets Pulumi's marker for «not known yet» through in place of any value: a preview may have it at any depth.
 * Issues of the schema inside keep their paths.
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

/** A memory size in canonical form («1259MiB»). */
export const size = orUnknown(canonical(parseSize));

/** The same, and 0 for a NUMA node without memory («0MiB»). */
export const sizeOrNone = orUnknown(canonical((value) => (isZero(value) ? 0 : parseSize(value))));

/** A page size, which may be less than a MiB («2MiB», «64KiB»). */
export const pageSize = orUnknown(canonical(parsePageSize));

function canonical(parse: (value: unknown) => Kib) {
  return z.unknown().transform((value, context): string => {
    try {
      return canonicalSize(parse(value));
    } catch (error) {
      context.issues.push({ code: "custom", input: value, message: (error as Error).message });
      return z.NEVER;
    }
  });
}

/** A whole number within limits; the message names both. */
export function integer(least: number, most: number, unit = "") {
  const message = `must be a whole number from ${least} to ${most}${unit && ` ${unit}`}`;
  return orUnknown(z.number(message).int(message).min(least, message).max(most, message));
}

export const flag = orUnknown(z.boolean("must be true or false"));

export function oneOf<const T extends readonly [string, ...string[]]>(...values: T) {
  return orUnknown(z.enum(values, `must be one of ${values.map((value) => `"${value}"`).join(", ")}`));
}

/** XML 1.0 has no way to write other characters (XML 1.0, 2.2 Char), so they can't reach a definition. */
function fitsXml(value: string): boolean {
  return Array.from(value, (character) => character.codePointAt(0) ?? 0).every(
    (code) =>
      code === 0x9 ||
      code === 0xa ||
      code === 0xd ||
      (code >= 0x20 && code < 0xd800) ||
      (code > 0xdfff && code < 0xfffe) ||
      code > 0xffff,
  );
}

const XML_MESSAGE =
  "has a character that XML can't hold (NUL, another control character or half a surrogate pair)";

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

/** An object whose unknown keys are named, with the keys that it has. */
export function shape<T extends z.ZodRawShape>(fields: T) {
  const keys = Object.keys(fields).join(", ");
  return z.strictObject(fields, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `has no ${issue.keys.map((key) => `"${key}"`).join(", ")}; it has ${keys}`
        : `must be an object with ${keys}`,
  });
}
