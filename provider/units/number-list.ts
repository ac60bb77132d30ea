/** Reads libvirt's list of vCPUs or host nodes, such as "0-1,4,^0" (virBitmapParse). */
export function readNumbers(list: string): number[] {
  const numbers = new Set<number>();
  for (const part of list.split(",")) {
    const isExcluded = part.startsWith("^");
    const [first = 0, last = first] = part.replace("^", "").split("-").map(Number);
    for (let number = first; number <= last; number++)
      isExcluded ? numbers.delete(number) : numbers.add(number);
  }
  return [...numbers];
}
