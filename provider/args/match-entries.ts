/** An entry of a list whose entries have stable names, by what it is recognized. */
export interface ListEntry {
  /** Entries of programs of earlier versions have none. */
  name?: string | undefined;
  /** What it is besides its name: a disk's file, an interface's MAC. */
  identity?: string | undefined;
  /** Everything else about it, to recognize an entry that has neither. */
  content?: string | undefined;
}

/**
 * The earlier entry that each entry is: the one with its name; else, where one of the two has no name, the one with the same
 * identity, then the one with the same content, and last the one at its place in the list.
 *
 * @returns the index among the earlier entries; undefined for a new entry
 */
export function matchEntries(
  entries: readonly ListEntry[],
  earlier: readonly ListEntry[],
): (number | undefined)[] {
  const found: (number | undefined)[] = entries.map(() => undefined);
  const taken = new Set<number>();
  const take = (index: number, old: number) => {
    found[index] = old;
    taken.add(old);
  };
  const byKey = (keyOf: (entry: ListEntry) => string | undefined, isPair: typeof isUnnamedPair) => {
    const places = new Map<string, number[]>();
    for (const [old, entry] of earlier.entries()) {
      const key = taken.has(old) ? undefined : keyOf(entry);
      if (key !== undefined) places.set(key, [...(places.get(key) ?? []), old]);
    }
    for (const [index, entry] of entries.entries()) {
      const key = found[index] === undefined ? keyOf(entry) : undefined;
      const free =
        places.get(key ?? "")?.filter((old) => !taken.has(old) && isPair(entry, earlier[old])) ?? [];
      // Of several the one at the same place, so that nothing moves without need.
      const old = key === undefined ? undefined : free.includes(index) ? index : free[0];
      if (old !== undefined) take(index, old);
    }
  };
  byKey(
    ({ name }) => name,
    () => true,
  );
  byKey(({ identity }) => identity, isUnnamedPair);
  byKey(({ content }) => content, isUnnamedPair);
  for (const [index, entry] of entries.entries())
    if (found[index] === undefined && !taken.has(index) && isUnnamedPair(entry, earlier[index]))
      take(index, index);
  return found;
}

/** Two entries with different names are different. */
function isUnnamedPair(entry: ListEntry, old: ListEntry | undefined): boolean {
  return old !== undefined && (entry.name === undefined || old.name === undefined);
}
