import type { Kib } from "./kib.ts";
import { formatSize, readCanonicalSize } from "./size.ts";

/** The size of a disk, for libvirt's storage API; a whole number, exact up to 8 PiB. */
export type Bytes = number;

const BYTES_PER_KIB = 1024;

/** The bytes of a size in canonical form ("1259MiB"). */
export function readBytes(text: string): Bytes {
  return readCanonicalSize(text) * BYTES_PER_KIB;
}

/** The size of a disk in messages: "20 GiB", "1003 MiB", and "512 bytes" where it isn't whole KiB. */
export function formatBytes(bytes: Bytes): string {
  const kib: Kib = bytes / BYTES_PER_KIB;
  return Number.isInteger(kib) && kib > 0 ? formatSize(kib) : `${bytes} bytes`;
}

/** "20 → 40 GiB": the unit once where it is the same. */
export function formatGrowth(from: Bytes, to: Bytes): string {
  const [first, second] = [formatBytes(from), formatBytes(to)];
  const [number, unit] = first.split(" ");
  return second.endsWith(` ${unit}`) ? `${number} → ${second}` : `${first} → ${second}`;
}
