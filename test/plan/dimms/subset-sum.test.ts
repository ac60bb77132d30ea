import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { fewestSummingTo, subsetSums } from "../../../provider/plan/dimms/subset-sum.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);

/** All choices of so few sizes, the ones with later sizes first. */
function choices(sizes: number[]): number[][] {
  const all = Array.from({ length: 2 ** sizes.length }, (_, bits) =>
    sizes.flatMap((_, index) => (bits & (1 << index) ? index : [])),
  );
  return all.reverse();
}

const someSizes = fc.array(
  fc.integer({ min: 1, max: 8 }).map((n) => n * 128),
  { maxLength: 8 },
);

describe("sizes that add up to a total", () => {
  test.each<[total: number, sizes: number[], chosen: number[] | undefined]>([
    [0, [], []],
    [0, [256], []],
    [256, [256], [0]],
    [256, [256, 256, 256], [2]],
    [512, [256, 512, 256], [1]],
    [512, [512, 256, 256], [0]],
    [768, [512, 256, 512, 256], [2, 3]],
    [384, [256, 256], undefined],
    [100, [256], undefined],
    [512, [256], undefined],
    [256, [], undefined],
  ])("%d of %j: %j", (total, sizes, chosen) => {
    expect(fewestSummingTo(total, sizes)).toEqual(chosen);
  });

  property.prop([someSizes, fc.integer({ min: 0, max: 24 }).map((n) => n * 128)])(
    "are the fewest, and of equally few those that come last",
    (sizes, total) => {
      const fitting = choices(sizes).filter((one) => sum(one.map((index) => sizes[index] ?? 0)) === total);
      const fewest = Math.min(...fitting.map(({ length }) => length));
      expect(fewestSummingTo(total, sizes)).toEqual(fitting.find(({ length }) => length === fewest));
    },
  );

  property.prop([someSizes])("all sums are those of all choices", (sizes) => {
    const sums = choices(sizes).map((one) => sum(one.map((index) => sizes[index] ?? 0)));
    expect(subsetSums(sizes)).toEqual([...new Set(sums)].filter(Boolean).sort((a, b) => a - b));
  });

  test("of 256 DIMMs in 4 TiB, without trying each choice", () => {
    const sizes = Array.from({ length: 256 }, (_, index) => (index % 128) * 131_072 + 131_072);
    const total = sum(sizes) - 131_072;
    const chosen = fewestSummingTo(total, sizes) ?? [];
    expect([chosen.length, sum(chosen.map((index) => sizes[index] ?? 0))]).toEqual([255, total]);
    expect(subsetSums(sizes).length).toBe(sum(sizes) / 131_072);
  });
});
