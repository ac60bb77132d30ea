import { describe, expect, test } from "vitest";
import {
  formatChange,
  formatNumbers,
  formatPair,
  headline,
  withArticle,
  withNote,
} from "../../provider/plan/text.ts";
import { MIB } from "../support/scene.ts";

test.each([
  [[], ""],
  [[3], "3"],
  [[1, 0], "0 and 1"],
  [[2, 0, 1], "0–2"],
  [[0, 2, 3, 4, 7, 8], "0, 2–4, 7 and 8"],
])("numbers in ascending order, three or more in a row as a range: %j", (numbers, text) => {
  expect(formatNumbers(numbers)).toBe(text);
});

test.each([
  "a 256 MiB DIMM",
  "an 8 GiB DIMM",
  "an 11 GiB DIMM",
  "an 18 MiB DIMM",
  "a 1100 MiB DIMM",
  "an 11264 MiB DIMM",
  "an 800 MiB DIMM",
  "a 12 GiB DIMM",
])("the article is the spoken one: %s", (text) => {
  expect(withArticle(text.replace(/^an? /, ""))).toBe(text);
});

test("a pair of sizes has its unit once where that is the same", () => {
  expect(formatChange(1003 * MIB, 1259 * MIB)).toBe("1003 → 1259 MiB");
  expect(formatPair(512 * MIB, " of ", 7168 * MIB)).toBe("512 of 7168 MiB");
  expect(formatChange(1003 * MIB + 4, 1259 * MIB)).toBe("1027076 KiB → 1259 MiB");
});

describe("a headline", () => {
  const [long, short] = ["x".repeat(115), "x".repeat(114)];

  test("is the first wording that fits behind the outcome, else the last one", () => {
    expect(headline("live", long, short, "y")).toBe(`live: ${short}`);
    expect(headline("nextBoot", long, short, "y")).toBe("next boot: y");
  });

  test("has a note where there is room for it", () => {
    expect(withNote("live: x", "memory live")).toBe("live: x; memory live");
    expect(withNote(`live: ${short}`, "memory live")).toBe(`live: ${short}`);
  });
});
