import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";
import { z } from "zod";
import { shape } from "../../provider/args/schema.ts";

/** A domain to which a rule doesn't apply up to and including a day. */
export interface Exception {
  /** The name of the resource, which isn't necessarily the name of the domain. At most one exception for each name. */
  name: string;
  /** Why the rule doesn't apply. At least one character that isn't white space. */
  reason: string;
  /**
   * The last day of the exception, as `YYYY-MM-DD`, in UTC. After it, messages about the domain mention that the exception has
   * ended.
   */
  until: string;
}

const DAY = 'must be a day of the calendar as YYYY-MM-DD, e.g. "2027-03-31"';
const [NAME, REASON] = ["must be the name of a resource", "must be the reason for the exception, in words"];

export const exceptionsSetting = z
  .array(
    shape("an exception", {
      name: z.string(NAME).min(1, NAME),
      reason: z.string(REASON).regex(/\S/, REASON),
      until: z.string(DAY).refine(isDay, DAY),
    }),
    "must be a list of exceptions, each with name, reason and until",
  )
  .check(({ value, issues }) => {
    value.forEach(({ name }, index) => {
      const first = value.findIndex((other) => other.name === name);
      if (first === index) return;
      const message = `is "${name}", as in exceptions[${first}]; keep one of them`;
      issues.push({ code: "custom", input: name, path: [index, "name"], message });
    });
  });

export const exceptionsSchema: PolicyConfigJSONSchema = {
  type: "array",
  items: {
    type: "object",
    required: ["name", "reason", "until"],
    additionalProperties: false,
    properties: {
      name: { type: "string", minLength: 1 },
      reason: { type: "string", minLength: 1 },
      until: { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" },
    },
  },
  description:
    "Domains to which the rule doesn't apply: the name of the resource, the reason, and the last day (YYYY-MM-DD, UTC).",
};

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

/** Whether the exception holds: through its last day, in UTC. */
export function holds({ until }: Exception, now: Date): boolean {
  return now.toISOString().slice(0, 10) <= until;
}
