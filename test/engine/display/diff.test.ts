import { describe, expect, test } from "vitest";
import { type Props, secret, UNKNOWN } from "../stack/values.ts";
import { differenceLines, propertyLines } from "./diff.ts";
import { diffSummary } from "./values.ts";
import { coloured } from "./words.ts";

describe("a row names what changes", () => {
  const rows: [sentence: string, olds: Props, news: Props, summary: string][] = [
    ["nothing changes", { a: 1 }, { a: 1 }, ""],
    ["updates", { b: 1, a: 1 }, { a: 2, b: 2 }, "[diff: ~a,b]"],
    ["additions and deletions", { a: 1, b: 1, c: 1 }, { b: 2, c: 1, d: 1, e: 1 }, "[diff: +d,e-a~b]"],
    ["a secret that changes", { a: secret(1) }, { a: secret(2) }, "[diff: ~a]"],
    ["a value that becomes secret", { a: 1 }, { a: secret(1) }, "[diff: ~a]"],
    ["hidden properties are not named", { __a: 1, b: { __c: 1 } }, { __a: 2, b: { __c: 2 } }, ""],
  ];
  test.each(rows)("%s", (_sentence, olds, news, summary) => {
    expect(diffSummary(olds, news)).toBe(summary);
  });
});

describe("the property diff", () => {
  test("descends to the values that differ", () => {
    const olds = { size: { cpus: 1, cells: ["a", "b"] }, same: [1] };
    const news = { size: { cpus: 2, cells: ["a", "c", "d"] }, same: [1] };
    expect(differenceLines(olds, news, "    ")).toEqual([
      "  ~ size: {",
      "      ~ cells: [",
      '          ~ [1]: "b" => "c"',
      '          + [2]: "d"',
      "        ]",
      "      ~ cpus : 1 => 2",
      "    }",
    ]);
  });

  test("shows a change of kind on one line", () => {
    const difference = differenceLines({ a: { b: 1 }, c: UNKNOWN }, { a: [1], c: { d: secret(1) } }, "");
    expect(difference).toEqual(["~ a: {b: 1} => [1]", "~ c: [unknown] => {d: [secret]}"]);
  });

  test("a new resource has its properties without signs, and never a secret or a hidden one", () => {
    const props = { __hidden: 1, list: [{ deep: secret("x") }], empty: {}, text: "x" };
    expect(propertyLines(props, "")).toEqual([
      "list    : [",
      "    [0]: {",
      "        deep: [secret]",
      "    }",
      "]",
      "empty   : {}",
      'text    : "x"',
    ]);
  });
});

describe("colours follow the sign", () => {
  const lines: [line: string, colour: number | undefined][] = [
    [" +  type name create", 32],
    ["      ~ memory: 1 => 2", 33],
    ["    +-1 to replace", 35],
    [" -- type name delete original", 31],
    ["    2 unchanged", undefined],
    ["Resources:", undefined],
  ];
  test.each(lines)("%s", (line, colour) => {
    expect(coloured(line)).toBe(colour ? `\x1b[${colour}m${line}\x1b[0m` : line);
  });
});
