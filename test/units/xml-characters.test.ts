import { describe, expect, test } from "vitest";
import { fitsXml, forbiddenCharacter } from "../../provider/units/xml-characters.ts";

// XML 1.0, 2.2, Char: the ends of its ranges, and their neighbours outside.
const ALLOWED = [0x9, 0xa, 0xd, 0x20, 0x7f, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x10ffff];
const FORBIDDEN = [0x0, 0x8, 0xb, 0xc, 0xe, 0x1f, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xfffe, 0xffff];

describe("the characters that XML", () => {
  test.each(ALLOWED)("can represent: %i", (code) => {
    const text = `a${String.fromCodePoint(code)}`;
    expect([fitsXml(text), forbiddenCharacter(text)]).toEqual([true, undefined]);
  });

  test.each(FORBIDDEN)("can't represent: %i", (code) => {
    const text = `a${String.fromCodePoint(code)}`;
    const name = `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    expect([fitsXml(text), forbiddenCharacter(text)]).toEqual([false, { index: 1, name }]);
  });
});
