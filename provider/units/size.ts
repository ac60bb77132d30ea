import { KIB_PER_GIB, KIB_PER_MIB, type Kib } from "./kib.ts";

/** 2^53-1 KiB rounded down to MiB: libvirt holds sizes up to 2^53-1 KiB (virDomainParseMemory). */
const LARGEST_MIB = 8796093022207n;

/** Bytes in each unit. One letter and XiB are binary, XB decimal, as libvirt reads them (virScaleInteger). */
const UNITS: ReadonlyMap<string, bigint> = new Map(
  ["k", "m", "g", "t", "p"]
    .flatMap((letter, index): [string, bigint][] => {
      const power = BigInt(index + 1);
      return [
        [letter, 1024n ** power],
        [`${letter}ib`, 1024n ** power],
        [`${letter}b`, 1000n ** power],
      ];
    })
    .concat([["b", 1n]]),
);

const FORM = /^\s*(\d+)(?:\.(\d+))?\s*([a-z]{1,4})\s*$/i;
const EXAMPLE = 'a size such as "4GiB" or "1003MiB", or a number of MiB such as 4096';

/**
 * Reads a size as users write it: a string with a binary (KiB, MiB, GiB, TiB, PiB or K, M, G, T, P) or
 * decimal (kB, MB, GB, TB, PB) unit, in any case, or a number of MiB.
 *
 * @returns the size in KiB, always a whole number of MiB, at least 1 MiB.
 * @throws Error whose message says what was found, and which sizes beside it would work.
 */
export function parseSize(value: unknown): Kib {
  const [numerator, denominator] = bytesOf(value);
  const mib = 1024n * 1024n * denominator;
  const below = numerator / mib;
  if (numerator === 0n) throw new Error(`is 0, which no memory size can be; give ${EXAMPLE}`);
  if (below > LARGEST_MIB)
    throw new Error(`is more than libvirt can hold (${LARGEST_MIB} MiB); give ${EXAMPLE}`);
  if (below * mib !== numerator) {
    const nearest = [below, below + 1n].filter((size) => size > 0n && size <= LARGEST_MIB);
    const named = nearest.map((size) => `"${size}MiB"`).join(" and ");
    throw new Error(
      `is not a whole number of MiB; the nearest ${nearest.length === 1 ? "is" : "are"} ${named}`,
    );
  }
  return Number(below) * KIB_PER_MIB;
}

/** True for a size of 0, with or without a unit: a NUMA node without memory. */
export function isZero(value: unknown): boolean {
  return value === 0 || (typeof value === "string" && /^\s*0+\s*([kmgtp](i?b)?|b)?\s*$/i.test(value));
}

/** Reads a page size: a power of two of at least 4 KiB, the smallest page of any architecture here. */
export function parsePageSize(value: unknown): Kib {
  const [numerator, denominator] = bytesOf(value);
  const kib = Number(numerator) / Number(denominator) / 1024;
  if (!Number.isSafeInteger(kib) || kib < 4 || !Number.isInteger(Math.log2(kib)))
    throw new Error('is no page size: a power of two of at least 4 KiB, such as "2MiB" or "1GiB"');
  return kib;
}

/** The exact number of bytes as a fraction, so that "1.5GiB" is no rounding. */
function bytesOf(value: unknown): [bigint, bigint] {
  if (typeof value === "number") {
    if (Number.isNaN(value) || !Number.isFinite(value))
      throw new Error(`is ${value}, not a size; give ${EXAMPLE}`);
    if (value < 0) throw new Error(`is negative; give ${EXAMPLE}`);
    // Which fraction it is makes no difference, since none is whole MiB.
    if (!Number.isInteger(value)) return [(2n * BigInt(Math.floor(value)) + 1n) * 1024n * 1024n, 2n];
    return [BigInt(value) * 1024n * 1024n, 1n];
  }
  if (typeof value !== "string") throw new Error(`is no size; give ${EXAMPLE}`);
  const match = FORM.exec(value);
  if (match === null) {
    if (/^\s*-/.test(value)) throw new Error(`is negative; give ${EXAMPLE}`);
    if (/^\s*\d+\s*$/.test(value)) throw new Error(`has no unit; did you mean "${value.trim()}MiB"?`);
    throw new Error(`is no size; give ${EXAMPLE}`);
  }
  const [, whole = "", fraction = "", unitText = ""] = match;
  const unit = UNITS.get(unitText.toLowerCase());
  if (unit === undefined)
    throw new Error(
      `has the unit "${unitText}", which is none of KiB, MiB, GiB, TiB, PiB, kB, MB, GB, TB, PB`,
    );
  return [BigInt(whole + fraction) * unit, 10n ** BigInt(fraction.length)];
}

/** The canonical form in inputs and outputs: whole MiB, e.g. "1259MiB". */
export function canonicalSize(size: Kib): string {
  return Number.isInteger(size / KIB_PER_MIB) ? `${size / KIB_PER_MIB}MiB` : `${size}KiB`;
}

/** Reads what `canonicalSize` wrote, which may be KiB when the size is another tool's (a hand-made DIMM). */
export function readCanonicalSize(text: string): Kib {
  const match = /^(\d+)(MiB|KiB)$/.exec(text);
  if (match === null) throw new Error(`"${text}" is no canonical size (such as "1259MiB")`);
  return Number(match[1]) * (match[2] === "MiB" ? KIB_PER_MIB : 1);
}

/** A size for people: GiB when it is whole, else MiB, else KiB: "8 GiB", "1259 MiB". */
export function formatSize(size: Kib): string {
  if (size !== 0 && size % KIB_PER_GIB === 0) return `${size / KIB_PER_GIB} GiB`;
  return formatMib(size);
}

/** A size for people in MiB, for sentences that compare sizes: "1003 MiB". */
export function formatMib(size: Kib): string {
  return size % KIB_PER_MIB === 0 ? `${size / KIB_PER_MIB} MiB` : `${size} KiB`;
}

/** What a guest or a host counts need not be whole MiB. */
export function wholeMib(size: Kib): Kib {
  return size - (size % KIB_PER_MIB);
}

/** Such a size for people, rounded down to MiB. */
export function formatWholeMib(size: Kib): string {
  return formatSize(wholeMib(size));
}
