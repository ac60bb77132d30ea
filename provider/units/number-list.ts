/** Reads libvirt's list of vCPUs or host nodes, such as "0-1,4,^0" (virBitmapParse). Empty for an empty list. */
export function readNumbers(list: string): number[] {
  const numbers = new Set<number>();
  for (const part of list === "" ? [] : list.split(",")) {
    const isExcluded = part.startsWith("^");
    const [first = 0, last = first] = part.replace("^", "").split("-").map(Number);
    for (let number = first; number <= last; number++)
      isExcluded ? numbers.delete(number) : numbers.add(number);
  }
  return [...numbers];
}

/** Why libvirt refuses a list in this notation, or what is wrong with it otherwise, as a predicate; undefined where nothing is. */
export function numbersProblem(list: string): string | undefined {
  for (const part of list.split(",")) {
    const [first = "", last = first] = part.split("-");
    if (Number(last) < Number(first))
      return 'has a range that ends before it starts; write "2-5" instead of "5-2"';
  }
  return readNumbers(list).length === 0 ? "lists nothing: every number is excluded again" : undefined;
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
