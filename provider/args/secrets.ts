import { posix } from "node:path";
import { ALWAYS_SECRET, affectsSizes, argumentOf, isFormerSize } from "../../sdk/secret-arguments.ts";
import { CHOICES } from "./schema.ts";
import { UNKNOWN } from "./unknown.ts";

/** Inputs or outputs that may have secret arguments. */
export interface SecretMarked {
  /** A size is secret, or what sizes may come from: messages contain no figures. */
  __secret?: boolean;
  /** The paths of all secret arguments, such as `hotplug.before.command[1]`. States of earlier versions have none. */
  __secrets?: string[];
  /** What was secret in earlier programs, and may still be in the domain. */
  __formerSecrets?: FormerSecrets;
}

/** Values that were secret, by their argument. `__secrets` has a path for each of the arguments. */
export type FormerSecrets = Record<string, (string | number)[]>;

/** What `__secret` may mean without `__secrets`, in states of earlier versions. */
const SECRET_SIZES = ["memory", "maxMemory", "currentMemory", "xml"];

/** Arguments whose default follows from others, or from the program's XML. */
const FOLLOWS: [name: string, from: string[]][] = [
  ["memory", ["numa"]],
  ["maxMemory", ["memory", "numa", "xml"]],
  ["memorySlots", ["xml"]],
  ["maxVcpus", ["vcpus", "numa", "cpuTopology", "xml"]],
];

/** The paths that are noted. A state that was edited, and the state that a program gives to `get`, may have anything there. */
export function secretPaths({ __secrets: noted }: SecretMarked): string[] | undefined {
  const given: unknown = noted;
  return Array.isArray(given) ? given.filter((path) => typeof path === "string") : undefined;
}

/** Whether a size of the domain may follow from one that was secret. */
export function hasFormerSize(carrier: SecretMarked): boolean {
  return secretPaths(carrier)?.some(isFormerSize) === true;
}

/** The marks of inputs that have some arguments of other ones. */
export function marksWith(inputs: SecretMarked, other: SecretMarked, names: readonly string[]): SecretMarked {
  const added = (secretPaths(other) ?? []).filter((path) => names.includes(argumentOf(path)));
  if (added.length === 0) return {};
  return {
    __secrets: [...new Set([...(secretPaths(inputs) ?? []), ...added])],
    ...(added.some(affectsSizes) && { __secret: true }),
  };
}

/** The arguments whose value has a secret in it, or may follow from one. */
export function secretArguments(carrier: SecretMarked): ReadonlySet<string> {
  const paths = secretPaths(carrier);
  if (paths === undefined) return new Set(carrier.__secret === true ? SECRET_SIZES : []);
  const names = new Set(paths.map(argumentOf));
  for (const [name, from] of FOLLOWS) if (from.some((other) => names.has(other))) names.add(name);
  return names;
}

/** The secret values of one or more sets of arguments. */
export interface SecretValues {
  /** Texts, which no message may quote. */
  texts: ReadonlySet<string>;
  /** A number or a size is secret: no message may have figures. */
  hasFigures: boolean;
}

export function secretValues(...carriers: SecretMarked[]): SecretValues {
  const texts = new Set<string>();
  let hasFigures = false;
  for (const carrier of carriers) {
    if (carrier.__secret === true) hasFigures = true;
    for (const path of secretPaths(carrier) ?? [])
      for (const leaf of leaves(valueAt(carrier, path))) {
        // A password of digits is a text: no figure in a message comes from it.
        if (typeof leaf === "number" || (!isPassword(path) && isFigure(leaf))) hasFigures = true;
        else if (typeof leaf === "string") for (const text of quotable(leaf)) texts.add(text);
      }
  }
  return { texts, hasFigures };
}

/** What messages may quote of a text. */
function quotable(text: string): string[] {
  return isQuotable(text) ? [text, ...partsOf(text)].filter((part) => part.trim() !== "") : [];
}

function isQuotable(text: string): boolean {
  return text.trim() !== "" && text !== UNKNOWN && !CHOICES.has(text);
}

/** The value at a path; undefined where there is none. */
export function valueAt(carrier: object, path: string): unknown {
  let value: unknown = carrier;
  for (const [key] of path.matchAll(/[^.[\]]+/g)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

/** The values that a secret one consists of, where a message could quote them. */
export function quotableLeaves(value: unknown): (string | number)[] {
  return leaves(value).filter(
    (leaf) => typeof leaf === "number" || (typeof leaf === "string" && isQuotable(leaf)),
  ) as (string | number)[];
}

function isPassword(path: string): boolean {
  return ALWAYS_SECRET.some((one) => one === path);
}

function leaves(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [value];
}

/** A size, a number, or a list of numbers: as text it would mask other figures by chance only. */
export function isFigure(value: unknown): boolean {
  return typeof value === "string" && /\d/.test(value) && /^[\d\s.,^+-]*(?:[kmgtp]i?b?)?\s*$/i.test(value);
}

/** Words that XML and URIs have in common with messages. */
const COMMON = new Set([
  ...["agent", "block", "bridge", "boot", "default", "destroy", "dimm", "disk", "domain", "file", "guest"],
  ...["host", "live", "memory", "network", "node", "none", "preserve", "qemu", "qemu+ssh", "restart"],
  ...["running", "serial", "session", "size", "slot", "socket", "static", "system", "unix", "user"],
  ...["virtio", "virtio-mem"],
]);

/** Parts that messages quote on their own: the words of a text with special characters, the values in XML, the names in a URI. */
function partsOf(text: string): string[] {
  // Where a message writes some of its characters in another way, the mask of the whole text doesn't fit.
  const words = /[\p{Cc}<>&'"\\]/u.test(text) ? text.split(/[\s\p{Cc}<>&'"\\]+/u) : [];
  const inXml = text.includes("<")
    ? [...text.matchAll(/>([^<>]+)<|=[ \t\n]*"([^"]*)"|=[ \t\n]*'([^']*)'/g)].flatMap((match) =>
        [match[1], match[2], match[3]].flatMap((value) => (value === undefined ? [] : [value.trim()])),
      )
    : [];
  const inUri = text.includes("://") ? text.split(/[^\p{L}\p{N}._%+-]+/u) : [];
  // Messages write a path without "//" and "/./". Where a file can't be created, libvirt's error names its folder.
  const paths = [text, ...inXml].filter((one) => one.startsWith("/"));
  const spellings = paths.flatMap((path) => [path, posix.normalize(path)]);
  const folders = spellings.map((path) => path.slice(0, path.lastIndexOf("/")));
  const parts = [...words, ...inXml, ...inUri, ...spellings.slice(1), ...folders].filter(
    (part) => part.length >= 4 && !COMMON.has(part),
  );
  return parts.filter((part) => !isFigure(part));
}
