import type { Kib } from "../../units/kib.ts";

/**
 * Chooses sizes that add up to a total exactly: the fewest of them, and of equally few the ones that come last in the
 * list. The table has a row for each size and a column for each sum in units of the sizes' common divisor: DIMMs are
 * multiples of 128 MiB, so 256 of them in 4 TiB make one of 256 × 32768.
 *
 * @returns their indexes, ascending; undefined where no choice adds up to it
 */
export function fewestSummingTo(total: Kib, sizes: readonly Kib[]): number[] | undefined {
  const unit = sizes.reduce(greatestCommonDivisor, 0);
  if (unit === 0 || total % unit !== 0) return total === 0 ? [] : undefined;
  const columns = total / unit + 1;
  const fewest = new Uint16Array(columns).fill(NONE).fill(0, 0, 1);
  const isTaken = sizes.map((size) => {
    const width = size / unit;
    const taken = new Uint8Array(columns);
    for (let column = columns - 1; column >= width; column--) {
      const before = fewest[column - width] ?? NONE;
      // Among equals the later one wins, since it overwrites the earlier.
      if (before === NONE || before + 1 > (fewest[column] ?? NONE)) continue;
      fewest[column] = before + 1;
      taken[column] = 1;
    }
    return taken;
  });
  if (fewest[columns - 1] === NONE) return undefined;
  const chosen: number[] = [];
  for (let index = sizes.length - 1, column = columns - 1; index >= 0; index--) {
    if (isTaken[index]?.[column] !== 1) continue;
    chosen.unshift(index);
    column -= (sizes[index] ?? 0) / unit;
  }
  return chosen;
}

/** More memory devices than any domain has. */
const NONE = 0xffff;

/** All sums above 0 that some of the sizes add up to, ascending. */
export function subsetSums(sizes: readonly Kib[]): Kib[] {
  const unit = BigInt(sizes.reduce(greatestCommonDivisor, 0) || 1);
  // A bit for each sum in units: taking a size or not shifts them all.
  const bits = sizes.reduce((sums, size) => sums | (sums << (BigInt(size) / unit)), 1n);
  const digits = bits.toString(2);
  return [...digits].flatMap((_, sum) =>
    sum > 0 && digits[digits.length - 1 - sum] === "1" ? sum * Number(unit) : [],
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
