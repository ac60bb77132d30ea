import fc from "fast-check";
import { expect, test } from "vitest";
import { suggestCatalogue } from "../../provider/sizes/suggest.ts";
import { suggestionText } from "../../provider/sizes/suggestion-text.ts";
import { MIB } from "../support/scene.ts";

/** Characters with the columns that a terminal draws them in. */
const CHARACTERS: readonly [text: string, columns: number][] = [
  ["a", 1],
  ["-", 1],
  ["ß", 1],
  ["é", 1],
  ["e\u0301", 1],
  ["я", 1],
  ["🚀", 2],
  ["👍🏽", 2],
  ["❤\uFE0F", 2],
  ["🇩🇪", 2],
  ["日", 2],
  ["サ", 2],
  ["한", 2],
  ["１", 2],
];

const character = fc.constantFrom(...CHARACTERS);

function nameOf(characters: readonly (readonly [string, number])[]) {
  return {
    // A flag is two characters: a separator keeps the next one out of it.
    name: characters.map(([text]) => text).join("."),
    columns: characters.reduce((sum, [, columns]) => sum + columns, characters.length - 1),
  };
}

/** The rows of the table in the comments, without their names. */
function rowsOf(names: readonly string[]): string[] {
  const vms = names.map((name) => ({ name, memory: 1024 * MIB, vcpus: 1 }));
  const lines = suggestionText(suggestCatalogue(vms, { count: 6 })).split("\n");
  return names.map((name, index) => {
    const line = lines[index + 2] ?? "";
    expect(line.startsWith(`# ${name}  `)).toBe(true);
    return line.slice(2 + name.length);
  });
}

test("the sizes of the VMs are in one column, whatever characters the names have", () => {
  const name = fc.array(character, { minLength: 1, maxLength: 13 }).map(nameOf);
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 6 }), (names) => {
      const rows = rowsOf(names.map((one) => one.name));
      const columns = rows.map((row, index) => (names[index]?.columns ?? 0) + row.indexOf("1 GiB"));
      expect(new Set(columns)).toEqual(new Set([Math.max(...names.map((one) => one.columns)) + 2]));
    }),
  );
});

test("a long name doesn't move the sizes of the other VMs", () => {
  const [short, long] = rowsOf(["web-1", "x".repeat(200)]);
  expect([short, long]).toEqual(["  1 GiB, 1 vCPU  small", "  1 GiB, 1 vCPU  small"]);
});
