import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { FIELD_NAMES, FIELDS, type FieldName, isField } from "./fields.ts";
import type { Inputs } from "./inputs.ts";
import { secretArguments } from "./secrets.ts";

/**
 * The arguments that a definition was written with, as its mark has them: what an interrupted update left there is known by
 * them, whatever the program sets next. Of a secret argument, and of `xml`, there is only a digest.
 */
type WrittenArguments = Partial<Record<FieldName, unknown>>;

/** The arguments that a mark has, besides those of the memory, which the definition itself shows. */
const NEEDS_MARK: ReadonlySet<string> = new Set(["devices", "nextBoot", "definition", "replace"]);

/** Arguments of other kinds whose earlier value a plan depends on. */
const ALSO: ReadonlySet<FieldName> = new Set(["numa", "currentMemory", "autostart"]);

/** The arguments that the mark of a new domain has. */
export const MARKED_FIELDS = FIELD_NAMES.filter(
  (name) => NEEDS_MARK.has(FIELDS[name].change) || ALSO.has(name),
);

/** Merges the present values of some arguments into those that a mark has. */
export function markedArguments(
  present: string | undefined,
  fields: readonly FieldName[],
  news: Inputs,
): string | undefined {
  if (fields.length === 0) return present;
  const secret = secretArguments(news);
  const values = fields.map((name) => {
    const value = news[name];
    const isHidden = name === "xml" || secret.has(name);
    return [name, value === undefined ? null : isHidden ? digest(value) : value] as const;
  });
  return JSON.stringify({ ...parsed(present), ...Object.fromEntries(values) });
}

/**
 * The arguments as the definition has them: those that the state recorded, except where an update that the state doesn't record
 * has written others.
 *
 * @param before the arguments that the state recorded
 */
export function withWritten<Recorded extends Partial<Inputs>>(
  before: Recorded,
  news: Partial<Inputs>,
  written: string | undefined,
): Recorded {
  const found = Object.entries(parsed(written)).flatMap(([name, value]) => {
    if (!isField(name) || !MARKED_FIELDS.includes(name)) return [];
    const known = knownValue(name, value, before, news);
    return known === undefined || isDeepStrictEqual(known.value, before[name]) ? [] : [[name, known.value]];
  });
  return found.length === 0 ? before : { ...before, ...Object.fromEntries(found) };
}

/** Undefined: not known. Anyone may edit the metadata. */
function knownValue(
  name: FieldName,
  value: unknown,
  before: Partial<Inputs>,
  news: Partial<Inputs>,
): { value: unknown } | undefined {
  if (value === null) return { value: undefined };
  if (typeof value === "string" && value.startsWith(DIGEST)) {
    const same = [before, news].find(
      (inputs) => inputs[name] !== undefined && digest(inputs[name]) === value,
    );
    // A value that neither of them has.
    return { value: same === undefined ? (name === "xml" ? value : undefined) : same[name] };
  }
  const { data, success } = FIELDS[name].schema.safeParse(value);
  return success ? { value: data } : undefined;
}

function parsed(written: string | undefined): WrittenArguments {
  if (written === undefined) return {};
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}

const DIGEST = "sha256:";

/** Passwords in XML are left out: libvirt doesn't show them to a client that may only read a domain. */
function digest(value: unknown): string {
  const text = JSON.stringify(value).replace(/\bpasswd=(\\?["']).*?\1/g, "");
  return `${DIGEST}${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}
