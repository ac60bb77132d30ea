import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { ALWAYS_SECRET } from "../../sdk/secret-arguments.ts";
import { isRecord } from "../is-record.ts";
import { withoutWaits } from "./addresses.ts";
import { definedDisks } from "./disk-images.ts";
import { FIELD_NAMES, FIELDS, type FieldName, isField } from "./fields.ts";
import type { Inputs } from "./inputs.ts";
import { type SecretMarked, secretArguments, secretPaths } from "./secrets.ts";

/**
 * The arguments that a definition was written with, as its mark has them: what an interrupted update left there is known by
 * them, whatever the program sets next. Of a secret argument, and of `xml`, there is only a digest.
 */
type WrittenArguments = Partial<Record<FieldName, unknown>>;

/** The arguments that a mark has, besides those of the memory, which the definition itself shows. */
const NEEDS_MARK: ReadonlySet<string> = new Set(["devices", "graphics", "nextBoot", "definition", "replace"]);

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
  const secret = secretArguments(withoutPasswords(news));
  const values = fields.map((name) => {
    const value = inMark(name, news[name]);
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
    const isSame =
      known === undefined || isDeepStrictEqual(inMark(name, known.value), inMark(name, before[name]));
    return isSame ? [] : [[name, known.value]];
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
      (inputs) => inputs[name] !== undefined && digest(inMark(name, inputs[name])) === value,
    );
    // A value that neither of them has.
    return { value: same === undefined ? (name === "xml" ? value : undefined) : same[name] };
  }
  if (name === "graphics") return knownGraphics(value, before, news);
  const { data, success } = FIELDS[name].schema.safeParse(value);
  return success ? { value: data } : undefined;
}

/**
 * What a mark has of an argument: the part that the definition has, and of a password only whether there is one, since anyone who may
 * read the domain sees the mark.
 */
function inMark(name: FieldName, value: unknown): unknown {
  if (name === "graphics") return withoutPassword(value);
  return name === "disks" ? definedDisks(value as Inputs["disks"]) : withoutWaits(name, value);
}

/**
 * Whether the running domain was started with the graphics of its definition, as far as their marks tell: the one that it was
 * started with, and that of the definition. A password that was changed since isn't in a mark.
 */
export function hasDefinedGraphics(started: string | undefined, defined: string | undefined): boolean {
  return isDeepStrictEqual(parsed(started).graphics, parsed(defined).graphics);
}

/** Whether a change leaves no mark: only the password differs. */
export function isOnlyPassword(name: FieldName, before: Partial<Inputs>, news: Partial<Inputs>): boolean {
  return (
    name === "graphics" && isDeepStrictEqual(withoutPassword(before.graphics), withoutPassword(news.graphics))
  );
}

function withoutPassword(value: unknown): unknown {
  return isRecord(value) && value.password !== undefined ? { ...value, password: true } : value;
}

/** Stands for a password that isn't known. No program can set it. */
const ANY_PASSWORD = "";

/** The graphics of a mark, with the password of the arguments that have the same ones otherwise. */
function knownGraphics(
  value: unknown,
  before: Partial<Inputs>,
  news: Partial<Inputs>,
): { value: unknown } | undefined {
  const same = [before, news].find(({ graphics }) => isDeepStrictEqual(withoutPassword(graphics), value));
  if (same !== undefined) return { value: same.graphics };
  if (!isRecord(value)) return undefined;
  const { password, ...rest } = value;
  const { data, success } = FIELDS.graphics.schema.safeParse(rest);
  if (!success || !isRecord(data)) return undefined;
  return { value: { ...data, ...(password === true && { password: ANY_PASSWORD }) } };
}

/** What is secret besides passwords, of which a mark has nothing in any case. */
function withoutPasswords(carrier: SecretMarked): SecretMarked {
  const paths = secretPaths(carrier);
  if (paths === undefined) return carrier;
  return { ...carrier, __secrets: paths.filter((path) => !ALWAYS_SECRET.some((one) => one === path)) };
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
