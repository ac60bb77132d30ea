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
