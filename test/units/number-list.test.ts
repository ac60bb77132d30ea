import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { readNumbers } from "../../provider/units/number-list.ts";
import { growth, MOST_GROWTH } from "../support/count-steps.ts";

const number = fc.nat({ max: 30 });
const part = fc.record({ first: number, last: fc.option(number), isIncluded: fc.boolean() });

describe("a list of numbers", () => {
  it.each<[string, number[]]>([
    ["0", [0]],
    ["0-3,^1", [0, 2, 3]],
    ["^1,0-3", [0, 1, 2, 3]],
    ["4,0-1,4-5", [0, 1, 4, 5]],
    ["0,^0", []],
    ["5-2", []],
  ])("%s", (list, numbers) => {
    expect(readNumbers(list)).toEqual(numbers);
  });

  test.prop([fc.array(part, { minLength: 1, maxLength: 8 })])(
    "means what its parts mean in order",
    (parts) => {
      const numbers = new Set<number>();
      for (const { first, last, isIncluded } of parts)
        for (let one = first; one <= (last ?? first); one++)
          isIncluded ? numbers.add(one) : numbers.delete(one);
      const list = parts.map(
        ({ first, last, isIncluded }) => `${isIncluded ? "" : "^"}${first}${last === null ? "" : `-${last}`}`,
      );
      expect(readNumbers(list.join())).toEqual([...numbers].sort((a, b) => a - b));
    },
  );

  it.each<[string, (n: number) => string]>([
    ["the same range", () => "0-9999"],
    ["ranges and exclusions by turns", (index) => (index % 2 ? "^0-9999" : "0-9998")],
    ["ranges in each other", (index) => `${index % 5000}-9999`],
    ["single numbers", (index) => String(index % 10_000)],
  ])("takes steps in proportion to its length: %s", { timeout: 60_000 }, async (_, nth) => {
    const list = (count: number) => Array.from({ length: count }, (_, index) => nth(index)).join();
    const work = (count: number) => () => readNumbers(list(count));
    expect(await growth(work, [2_000, 8_000])).toBeLessThan(MOST_GROWTH);
  });
});
