import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test, vi } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { forUser, PartialError, UserError } from "../../provider/errors.ts";
import { foreignText, messageText } from "../../provider/foreign-text.ts";
import { LibvirtError } from "../../provider/libvirt/errors.ts";
import { parseUri } from "../../provider/libvirt/uri.ts";
import { messageOf } from "../../provider/message-of.ts";
import { parseScaled } from "../../provider/units/scale.ts";

/** The longest message, with the note that it was cut. */
const LONGEST = 10_050;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function thrown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc
    .constantFrom("\u001b[2J", "\u202e", "\u0000", "\r", "\u2028", "\u009b31m", "\ud800")
    .map((text) => text.repeat(50)),
);

property.prop([hostile])("a text of the other side is one line that a terminal shows as it is", (text) => {
  const shown = foreignText(text);
  expect(shown).not.toMatch(CONTROL);
  expect(shown.isWellFormed()).toBe(true);
});

property.prop([fc.string({ unit: "grapheme-ascii" })])("plain text stays what it is", (text) => {
  expect(messageText(text)).toBe(text);
  expect(foreignText(text)).toBe(text.trim());
});

property.prop([hostile])(
  "a whole message keeps its line breaks, and nothing else that isn't text",
  (text) => {
    const shown = messageText(`first\n${text}`);
    expect(shown.replaceAll("\n", "")).not.toMatch(CONTROL);
    expect(shown.split("\n")).toHaveLength(text.split("\n").length + 1);
  },
);

describe("however long the other side makes it, a message is short", () => {
  const long = "9".repeat(3_900_000);
  const libvirtError = new LibvirtError({
    code: 1,
    domain: 10,
    level: 2,
    message: `${long}\u001b[2J`,
    str1: null,
    str2: null,
    str3: null,
  });
  test.each<[string, () => unknown]>([
    ["libvirt's error", () => libvirtError],
    ["any error", () => new Error(long)],
    ["an error for the user", () => new UserError(`Unable to start: ${long}`)],
    ["a partial error", () => new PartialError(long, "id", {}, undefined)],
    ["a number in a domain's XML", () => readDomain(`<domain><memory>${long}</memory></domain>`)],
    ["a unit", () => readDomain(`<domain><memory unit='${long}'>1</memory></domain>`)],
    ["another root", () => readDomain(`<d${long}/>`)],
    ["no number", () => readDomain(`<domain><memory>${long}x</memory></domain>`)],
  ])("%s", (_, run) => expect(messageOf(thrown(run)).length).toBeLessThan(LONGEST));
});

test.each<[string, () => unknown]>([
  ["a URI that is invalid", () => parseUri("xen:///system")],
  ["XML that can't be read", () => readDomain(`<domain><memory>${"9".repeat(100_000)}</memory></domain>`)],
])("%s is shown without a stack, and short", (_, run) => {
  const shown = forUser(thrown(run));
  expect(shown).toBeInstanceOf(UserError);
  expect(messageOf(shown).length).toBeLessThan(LONGEST);
});

describe("a size in XML", () => {
  // A large number takes more than linear time to read.
  test("of millions of digits is refused unread", () => {
    const read = vi.spyOn(globalThis, "BigInt");
    expect(() => parseScaled("<memory>", "9".repeat(1_000_000), "KiB")).toThrow(REFUSED);
    expect(read.mock.calls.filter(([digits]) => String(digits).length > 20)).toEqual([]);
    read.mockRestore();
  });

  const REFUSED = /exceeds libvirt's largest size/;
  test.each([
    ["9007199254740991", "KiB", 9007199254740991],
    [`${"0".repeat(1000)}1024`, "KiB", 1024],
    ["9223372036854774784", "b", 9007199254740991],
  ])("%s %s is read", (digits, unit, kib) => expect(parseScaled("<memory>", digits, unit)).toBe(kib));
  test.each([
    ["9007199254740992", "KiB"],
    ["9223372036854774785", "b"],
    ["9".repeat(20), "b"],
    ["9".repeat(21), "b"],
  ])("%s %s exceeds what libvirt takes", (digits, unit) =>
    expect(() => parseScaled("<memory>", digits, unit)).toThrow(REFUSED),
  );
});
