import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";
import { z } from "zod";
import type { Failure } from "../../provider/args/failure.ts";
import { propertyPath } from "../../provider/args/property-path.ts";
import { type Field, readFields } from "../../provider/args/read-fields.ts";
import { parsed } from "../../provider/args/schema.ts";
import { withoutPassword } from "../../provider/libvirt/uri-password.ts";
import { parseSize } from "../../provider/units/size.ts";
import { type Exception, exceptionsSchema, exceptionsSetting } from "./exceptions.ts";

/** One setting of a rule: what a value must be, and how Pulumi describes it. */
export interface Setting extends Field {
  describe: PolicyConfigJSONSchema;
}

export type SettingsTable = Record<string, Setting>;

/** The settings that every rule has. */
export interface CommonSettings {
  /** Whether a domain that can't be judged violates the rule. */
  onUnknown: "allow" | "deny";
  exceptions: Exception[];
}

const ON_UNKNOWN = z.enum(["allow", "deny"], 'must be "allow" or "deny"');

export const COMMON: SettingsTable = {
  onUnknown: {
    schema: ON_UNKNOWN,
    describe: {
      type: "string",
      enum: ["allow", "deny"],
      default: "deny",
      description: "Whether a domain that can't be judged is allowed or violates the rule.",
    },
  },
  exceptions: { schema: exceptionsSetting, describe: exceptionsSchema },
};

/** A memory size in KiB: "4GiB", or a number of MiB. */
export const sizeSetting = parsed(parseSize);

const SIZE_FORM: PolicyConfigJSONSchema = { type: ["string", "number"] };

export function sizeSchema(description: string): PolicyConfigJSONSchema {
  return { ...SIZE_FORM, description: `${description} A size such as "4GiB", or a number of MiB.` };
}

export function count(least: number): z.ZodType<number> {
  const message = `must be a whole number of at least ${least}`;
  return z.number(message).int(message).min(least, message);
}

export function strings(what: string): z.ZodType<string[]> {
  const message = `must be a list of ${what}`;
  return z.array(z.string(message).min(1, message), message);
}

/** Sizes by name, as `catalogue` and `catalogueFile` return them, or written out. Arguments besides these three aren't looked at. */
export const sizesSetting = z
  .record(
    z.string(),
    z.object(
      {
        memory: sizeSetting,
        vcpus: count(1).optional(),
        maxMemory: sizeSetting.optional(),
      },
      "must be an object with memory, and optionally vcpus and maxMemory",
    ),
    'must be an object of sizes by name, e.g. { small: { memory: "2GiB", vcpus: 1 } }',
  )
  .refine((sizes) => Object.keys(sizes).length > 0, "has no size; add one, or pass what catalogue() returns")
  .transform((sizes) =>
    Object.entries(sizes)
      .map(([name, size]) => ({ name, ...size }))
      .toSorted((a, b) => a.memory - b.memory || (a.vcpus ?? 0) - (b.vcpus ?? 0)),
  );

export const sizesSchema: PolicyConfigJSONSchema = {
  type: "object",
  minProperties: 1,
  additionalProperties: {
    type: "object",
    required: ["memory"],
    properties: {
      memory: SIZE_FORM,
      vcpus: { type: "integer", minimum: 1 },
      maxMemory: SIZE_FORM,
    },
  },
  description: "The sizes by name. Arguments other than memory, vcpus and maxMemory aren't looked at.",
};

function withoutPasswordIn(step: PropertyKey): PropertyKey {
  return typeof step === "string" ? withoutPassword(step) : step;
}

/** Reads settings; all failures at once, each at its property's path. */
export function readSettings(
  table: SettingsTable,
  given: Record<string, unknown>,
): { values: Record<string, unknown>; failures: Failure[] } {
  return readFields(given, table, {
    key: "setting of this rule",
    otherwise: "must be an object of settings",
    // A key may be a URI.
    at: (path) => propertyPath(path.map(withoutPasswordIn)),
  });
}
