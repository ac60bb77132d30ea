import { KIB_PER_GIB, KIB_PER_MIB, type Kib } from "./kib.ts";
import { bytesPerUnit } from "./scale.ts";

/** libvirt's largest size, 2^53-1 KiB (virDomainParseMemory), in whole MiB. */
const LARGEST_MIB = 8796093022207n;

/** The units that a program may use: up to PiB, since no host has an EiB of memory. */
const PROGRAM_UNIT = /^(b|[kmgtp](i?b)?)$/i;

const FORM = /^\s*(\d+)(?:\.(\d+))?\s*([a-z]{1,4})\s*$/i;
const EXAMPLES = '"4GiB", "1003MiB" or 4096 (MiB)';
const INVALID = `is not a valid size; use e.g. ${EXAMPLES}`;
const TOO_SMALL = `must be greater than 0, e.g. ${EXAMPLES}`;

/**
 * Reads a size from a program: text with a binary (KiB, MiB, GiB, TiB, PiB or K, M, G, T, P) or decimal (kB, MB, GB,
 * TB, PB) unit in any case, or a number of MiB.
 *
 * @returns the size in KiB: a whole number of MiB, at least 1 MiB
 * @throws Error whose message is a predicate that follows the property's path, with sizes that would work
 */
export function parseSize(value: unknown): Kib {
  const [numerator, denominator] = bytesOf(value);
  const mib = 1024n * 1024n * denominator;
  const below = numerator / mib;
  if (numerator === 0n) throw new Error(TOO_SMALL);
  if (below > LARGEST_MIB)
    throw new Error(`exceeds libvirt's largest size, ${LARGEST_MIB} MiB; use e.g. ${EXAMPLES}`);
  if (below * mib !== numerator) {
    const nearest = [below, below + 1n].filter((size) => size > 0n && size <= LARGEST_MIB);
    const named = nearest.map((size) => `"${size}MiB"`).join(" or ");
    throw new Error(`is not a whole number of MiB; use ${named}`);
  }
  return Number(below) * KIB_PER_MIB;
}

/** Whether a size is 0, with or without a unit: the share of a NUMA node without memory. */
export function isZero(value: unknown): boolean {
  return value === 0 || (typeof value === "string" && /^\s*0+\s*([kmgtp](i?b)?|b)?\s*$/i.test(value));
}

/**
 * Reads a page size: a power of two of at least 4 KiB, the smallest page of the supported architectures.
 *
 * @throws Error whose message is a predicate that follows the property's path
 */
export function parsePageSize(value: unknown): Kib {
  const [numerator, denominator] = bytesOf(value);
  const kib = Number(numerator) / Number(denominator) / 1024;
  if (!Number.isSafeInteger(kib) || kib < 4 || !Number.isInteger(Math.log2(kib)))
    throw new Error('is not a valid page size, a power of two of at least 4 KiB; use e.g. "2MiB" or "1GiB"');
  return kib;
}

/** The number of bytes as a fraction, so that "1.5GiB" is exact. */
function bytesOf(value: unknown): [bigint, bigint] {
  if (typeof value === "number") {
    if (Number.isNaN(value) || !Number.isFinite(value))
      throw new Error(`is ${value}, not a valid size; use e.g. ${EXAMPLES}`);
    if (value < 0) throw new Error(TOO_SMALL);
    // Any fraction between the two neighbours will do: none is a whole number of MiB.
    if (!Number.isInteger(value)) return [(2n * BigInt(Math.floor(value)) + 1n) * 1024n * 1024n, 2n];
    return [BigInt(value) * 1024n * 1024n, 1n];
  }
  if (typeof value !== "string") throw new Error(INVALID);
  const match = FORM.exec(value);
  if (match === null) {
    if (/^\s*-/.test(value)) throw new Error(TOO_SMALL);
    if (/^\s*\d+\s*$/.test(value)) throw new Error(`has no unit; did you mean "${value.trim()}MiB"?`);
    throw new Error(INVALID);
  }
  const [, whole = "", fraction = "", unitText = ""] = match;
  const unit = PROGRAM_UNIT.test(unitText) ? bytesPerUnit(unitText) : undefined;
  if (unit === undefined)
    throw new Error(
      `has the unknown unit "${unitText}"; use one of KiB, MiB, GiB, TiB, PiB, kB, MB, GB, TB, PB`,
    );
  return [BigInt(whole + fraction) * unit, 10n ** BigInt(fraction.length)];
}

/** The canonical form in inputs and outputs: "1259MiB", or KiB where a size isn't whole MiB (a DIMM attached by another tool). */
export function canonicalSize(size: Kib): string {
  return Number.isInteger(size / KIB_PER_MIB) ? `${size / KIB_PER_MIB}MiB` : `${size}KiB`;
}

const CANONICAL = /^(\d+)(MiB|KiB)$/;

export function isCanonicalSize(value: unknown): value is string {
  return typeof value === "string" && CANONICAL.test(value);
}

/** The size in KiB of an untyped property; undefined where it isn't a size in canonical form. */
export function sizeIn(value: unknown): Kib | undefined {
  return isCanonicalSize(value) ? readCanonicalSize(value) : undefined;
}

/** Reads what `canonicalSize` wrote. */
export function readCanonicalSize(text: string): Kib {
  const match = CANONICAL.exec(text);
  if (match === null) throw new Error(`"${text}" is not a canonical size such as "1259MiB"`);
  return Number(match[1]) * (match[2] === "MiB" ? KIB_PER_MIB : 1);
}

/** A size in messages: in GiB where that is whole, else in MiB, else in KiB: "8 GiB", "1259 MiB". */
export function formatSize(size: Kib): string {
  if (size !== 0 && size % KIB_PER_GIB === 0) return `${size / KIB_PER_GIB} GiB`;
  return formatMib(size);
}

/** A size in messages that compare sizes: in MiB where that is whole, else in KiB: "8192 MiB", "1003 MiB". */
export function formatMib(size: Kib): string {
  return size % KIB_PER_MIB === 0 ? `${size / KIB_PER_MIB} MiB` : `${size} KiB`;
}

/** Rounded down to MiB: what guests and hosts report need not be whole MiB. */
export function wholeMib(size: Kib): Kib {
  return size - (size % KIB_PER_MIB);
}

/** A size in messages, rounded down to MiB. */
export function formatWholeMib(size: Kib): string {
  return formatSize(wholeMib(size));
}
