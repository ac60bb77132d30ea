import { describe, expect, test } from "vitest";
import { hangingIndent, paint, wrap } from "../../provider/command/terminal.ts";

describe("text for a terminal", () => {
  test("is broken at its blanks, but never within a word", () => {
    expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
    expect(wrap("a urn:pulumi:dev::shop b", 8)).toEqual(["a", "urn:pulumi:dev::shop", "b"]);
  });

  test("is indented below its mark", () => {
    expect(hangingIndent("1. ", "one two three", 10)).toEqual(["1. one two", "   three"]);
  });

  test("has colour only where that is wanted", () => {
    expect(paint("red", "no", { columns: 80, color: false })).toBe("no");
    expect(paint("red", "no", { columns: 80, color: true })).toBe("\x1b[31mno\x1b[39m");
    expect(paint("red", "", { columns: 80, color: true })).toBe("");
  });
});
