/** A part of a list: a number, or the first and the last of a range; with a circumflex they are excluded. */
interface Part {
  first: number;
  last: number;
  isIncluded: boolean;
}

/**
 * Reads libvirt's list of vCPUs or host nodes, such as "0-1,4,^0" (virBitmapParse). A later part overrides an earlier one;
 * an empty list has none.
 *
 * @returns the numbers in ascending order
 */
export function readNumbers(list: string): number[] {
  const parts = list === "" ? [] : list.split(",").map(readPart);
  const included: number[] = [];
  // From the last part to the first, each number is decided once, however much the ranges overlap.
  const undecided = new Undecided();
  for (const { first, last, isIncluded } of parts.reverse()) {
    for (let number = undecided.from(first); number <= last; number = undecided.from(number)) {
      if (isIncluded) included.push(number);
      undecided.decide(number);
    }
  }
  return included.sort((a, b) => a - b);
}

function readPart(part: string): Part {
  const [first = 0, last = first] = part.replace("^", "").split("-").map(Number);
  return { first, last, isIncluded: !part.startsWith("^") };
}

/** The numbers that no part has decided yet. */
class Undecided {
  /** For each decided number one that is larger, and not above the next undecided one. */
  readonly #next = new Map<number, number>();

  decide(number: number): void {
    this.#next.set(number, number + 1);
  }

  /** The smallest undecided number that isn't below this one. */
  from(number: number): number {
    const passed: number[] = [];
    let found = number;
    for (let next = this.#next.get(found); next !== undefined; next = this.#next.get(found)) {
      passed.push(found);
      found = next;
    }
    for (const one of passed) this.#next.set(one, found);
    return found;
  }
}

/** Why libvirt refuses a list in this notation, or what is wrong with it otherwise, as a predicate; undefined where nothing is. */
export function numbersProblem(list: string): string | undefined {
  const parts = list.split(",").map(readPart);
  if (parts.some(({ first, last }) => last < first))
    return 'has a range that ends before it starts; write "2-5" instead of "5-2"';
  // Each excluded part is a single number. Most lists have more numbers, which then need not be counted.
  const excluded = parts.filter(({ isIncluded }) => !isIncluded).length;
  if (parts.some(({ first, last, isIncluded }) => isIncluded && last - first + 1 > excluded))
    return undefined;
  return readNumbers(list).length === 0 ? "is empty: every number in it is excluded" : undefined;
}

/** The same numbers in libvirt's notation, in ascending order: "0-1,4". */
export function writeNumbers(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join();
}

/** Whether a list has a number, without reading all of it: a list of somebody else may have any range. */
export function listsNumber(list: string, number: number): boolean {
  let isListed = false;
  for (const part of list.split(",")) {
    const [first = Number.NaN, last = first] = part.replace("^", "").split("-").map(Number);
    if (number >= first && number <= last) isListed = !part.startsWith("^");
  }
  return isListed;
}
