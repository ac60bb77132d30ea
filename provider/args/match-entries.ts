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
  /** Pairs what has the same key; of several earlier ones the one at the same place, so that nothing moves without need. */
  const pair = (keyOf: (entry: ListEntry) => string | undefined) => {
    const left = [...earlier.entries()].filter(([old]) => !taken.has(old));
    const named = placesByKey(left, (entry) => (entry.name === undefined ? undefined : keyOf(entry)));
    const unnamed = placesByKey(left, (entry) => (entry.name === undefined ? keyOf(entry) : undefined));
    for (const [index, entry] of entries.entries()) {
      const key = found[index] === undefined ? keyOf(entry) : undefined;
      if (key === undefined) continue;
      const candidates = [unnamed.get(key), entry.name === undefined ? named.get(key) : undefined];
      const place = candidates.find((all) => all?.has(index)) ?? candidates.find((all) => all?.size);
      if (place === undefined) continue;
      const [first = index] = place;
      const old = place.has(index) ? index : first;
      place.delete(old);
      take(index, old);
    }
  };
  const byName = new Map(earlier.map(({ name }, old) => [name, old]));
  for (const [index, { name }] of entries.entries()) {
    const old = name === undefined ? undefined : byName.get(name);
    if (old !== undefined && !taken.has(old)) take(index, old);
  }
  // Disks may have one file if all of them only read it.
  pair(({ identity, content }) => (identity === undefined ? undefined : JSON.stringify([identity, content])));
  pair(({ identity }) => identity);
  pair(({ content }) => content);
  for (const [index, entry] of entries.entries())
    if (found[index] === undefined && !taken.has(index) && isUnnamedPair(entry, earlier[index]))
      take(index, index);
  return found;
}

/** The places of the entries that have a key, by it. */
function placesByKey(
  entries: readonly [number, ListEntry][],
  keyOf: (entry: ListEntry) => string | undefined,
): Map<string, Set<number>> {
  const places = new Map<string, Set<number>>();
  for (const [place, entry] of entries) {
    const key = keyOf(entry);
    if (key !== undefined) places.set(key, (places.get(key) ?? new Set()).add(place));
  }
  return places;
}

/** Two entries with different names are different. */
function isUnnamedPair(entry: ListEntry, old: ListEntry | undefined): boolean {
  return old !== undefined && (entry.name === undefined || old.name === undefined);
}
