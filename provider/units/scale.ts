import type { Kib } from "./kib.ts";

/** libvirt's own ceiling (virDomainParseMemory), which is also the largest integer a JS number holds exactly. */
const maxKib = BigInt(Number.MAX_SAFE_INTEGER);

const prefixes = "kmgtpe";

/**
 * Bytes in one of a libvirt unit (virScaleInteger), whatever its case: nothing, b, byte or bytes; k, m, g, t, p, e
 * alone or with iB (powers of 1024), with B (powers of 1000).
 */
function bytesPerUnit(unit: string): bigint | undefined {
  const lower = unit.toLowerCase();
  if (lower === "b" || lower === "byte" || lower === "bytes") return 1n;
  const [, prefix, suffix] = /^([kmgtpe])(|ib|b)$/.exec(lower) ?? [];
  if (prefix === undefined) return undefined;
  return (suffix === "b" ? 1000n : 1024n) ** BigInt(prefixes.indexOf(prefix) + 1);
}

/**
 * A size as libvirt reads it from its XML, in whole KiB: bytes are rounded up. KiB when there is no unit. Leading
 * white space, a leading + and leading zeros pass, as they do there; anything else throws a RangeError that begins
 * with `what`.
 */
export function parseScaled(what: string, digits: string, unit: string | undefined): Kib {
  const [, number] = /^[ \t\n\v\f\r]*\+?([0-9]+)$/.exec(digits) ?? [];
  if (number === undefined) throw new RangeError(`${what}: ${JSON.stringify(digits)} is not a whole number`);
  const scale = unit === undefined || unit === "" ? 1024n : bytesPerUnit(unit);
  if (scale === undefined) {
    throw new RangeError(
      `${what}: ${JSON.stringify(unit)} is no unit of libvirt's (b, KiB, MiB, GiB, TiB, KB, MB, …)`,
    );
  }
  const kib = (BigInt(number) * scale + 1023n) / 1024n;
  if (kib > maxKib)
    throw new RangeError(`${what}: ${number} ${unit ?? "KiB"} is above libvirt's largest size`);
  return Number(kib);
}
