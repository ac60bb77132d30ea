import type { Kib } from "./kib.ts";

/** The largest size that libvirt accepts (virDomainParseMemory); also the largest integer that a number holds exactly. */
const maxKib = BigInt(Number.MAX_SAFE_INTEGER);

/** Of the largest size in bytes. */
const MOST_DIGITS = String(maxKib * 1024n).length;

const prefixes = "kmgtpe";

/**
 * The bytes in a unit as libvirt reads it (virScaleInteger), in any case: b, byte, bytes; k, m, g, t, p, e with or
 * without iB are powers of 1024, with B powers of 1000. Undefined for any other text.
 */
export function bytesPerUnit(unit: string): bigint | undefined {
  const lower = unit.toLowerCase();
  if (lower === "b" || lower === "byte" || lower === "bytes") return 1n;
  const [, prefix, suffix] = /^([kmgtpe])(|ib|b)$/.exec(lower) ?? [];
  if (prefix === undefined) return undefined;
  return (suffix === "b" ? 1000n : 1024n) ** BigInt(prefixes.indexOf(prefix) + 1);
}

/**
 * Reads a size as libvirt reads it from XML: in KiB where no unit is given, and rounded up to whole KiB. Like libvirt
 * it accepts leading white space, a leading + and leading zeros.
 *
 * @param what the element, for the error
 * @throws RangeError for anything else
 */
export function parseScaled(what: string, digits: string, unit: string | undefined): Kib {
  const [, number] = /^[ \t\n\v\f\r]*\+?([0-9]+)$/.exec(digits) ?? [];
  if (number === undefined) throw new RangeError(`${what}: ${JSON.stringify(digits)} is not a whole number`);
  const scale = unit === undefined || unit === "" ? 1024n : bytesPerUnit(unit);
  if (scale === undefined) {
    throw new RangeError(
      `${what}: ${JSON.stringify(unit)} is not a unit that libvirt knows (b, KiB, MiB, GiB, TiB, KB, MB, …)`,
    );
  }
  const significant = number.replace(/^0+/, "");
  // Reading a number takes more than linear time.
  const kib = significant.length > MOST_DIGITS ? undefined : (BigInt(significant) * scale + 1023n) / 1024n;
  if (kib === undefined || kib > maxKib)
    throw new RangeError(`${what}: ${number} ${unit ?? "KiB"} exceeds libvirt's largest size`);
  return Number(kib);
}
