import leven from "leven";

/** No name of an argument or a setting is half as long. */
const LONGEST_MISSPELLED = 40;

/** What to write instead of a name that doesn't exist. A third of the letters may be wrong: "memry", "maxMemroy". */
export function suggestion(name: string, names: readonly string[]): string {
  const all = `expected one of ${names.join(", ")}`;
  if (name.length > LONGEST_MISSPELLED) return all;
  const [closest] = names
    .map((other) => ({ other, distance: leven(name.toLowerCase(), other.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return closest !== undefined && closest.distance <= Math.max(1, Math.floor(name.length / 3))
    ? `did you mean "${closest.other}"?`
    : all;
}
