import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { errorReply, procedures } from "../../provider/libvirt/procedures.ts";
import {
  array,
  decode,
  encode,
  int,
  optional,
  prose,
  string,
  struct,
  u64,
  uint,
  uuid,
  type Xdr,
  XdrError,
} from "../../provider/libvirt/xdr.ts";
import { cases } from "../support/properties.ts";

const domain = struct({ name: string, uuid, id: int });
const everything = struct({
  flag: int,
  flags: uint,
  big: u64,
  text: string,
  maybe: optional(string),
  domains: array(domain, 100),
});

const aString = fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"));
const anInt = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const aDomain = fc.record({ name: aString, uuid: fc.uuid(), id: anInt });
const aValue = fc.record({
  flag: anInt,
  flags: fc.nat(0xffff_ffff),
  big: fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
  text: aString,
  maybe: fc.option(aString),
  domains: fc.array(aDomain, { maxLength: 3 }),
});

describe("encoding, byte by byte (RFC 4506)", () => {
  test.each<[string, Buffer, string]>([
    ["int -1", encode(int, -1), "ffffffff"],
    ["uint 2^32-1", encode(uint, 0xffff_ffff), "ffffffff"],
    ["unsigned hyper 2^33", encode(u64, 2n ** 33n), "0000000200000000"],
    ["string 'web' padded to 4", encode(string, "web"), "00000003" + "77656200"],
    ["string of 4 without padding", encode(string, "web1"), "00000004" + "77656231"],
    ["string counted in bytes, not characters", encode(string, "é"), "00000002" + "c3a90000"],
    ["empty string", encode(string, ""), "00000000"],
    ["absent pointer", encode(optional(int), null), "00000000"],
    ["present pointer", encode(optional(int), 7), "00000001" + "00000007"],
    ["array", encode(array(int, 9), [1, 2]), "00000002" + "00000001" + "00000002"],
    ["UUID", encode(uuid, "00112233-4455-6677-8899-AABBCCDDEEFF"), "00112233445566778899aabbccddeeff"],
  ])("%s", (_, bytes, hex) => expect(bytes.toString("hex")).toBe(hex));
});

property.prop([aValue])("what was encoded decodes to the same value", (value) => {
  expect(decode(everything, encode(everything, value))).toEqual(value);
});

property.prop([aValue], cases(30))(
  "cut short at any byte it is an error, and so is a byte too many",
  (value) => {
    const bytes = encode(everything, value);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(everything, bytes.subarray(0, length))).toThrow(XdrError);
    }
    expect(() => decode(everything, Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(XdrError);
  },
);

/** Any type of the protocol's kind with one of its values. */
const { typed } = fc.letrec<{ typed: [Xdr<unknown>, unknown]; leaf: [Xdr<unknown>, unknown] }>((tie) => ({
  leaf: fc.oneof(
    anInt.map((value): [Xdr<unknown>, unknown] => [int as Xdr<unknown>, value]),
    fc.nat(0xffff_ffff).map((value): [Xdr<unknown>, unknown] => [uint as Xdr<unknown>, value]),
    fc
      .bigInt(0n, 0xffff_ffff_ffff_ffffn)
      .map((value): [Xdr<unknown>, unknown] => [u64 as Xdr<unknown>, value]),
    aString.map((value): [Xdr<unknown>, unknown] => [string as Xdr<unknown>, value]),
    fc.uuid().map((value): [Xdr<unknown>, unknown] => [uuid as Xdr<unknown>, value]),
  ),
  typed: fc.oneof(
    { maxDepth: 4 },
    tie("leaf"),
    fc
      .tuple(tie("typed"), fc.boolean())
      .map(([[type, value], isThere]): [Xdr<unknown>, unknown] => [
        optional(type) as Xdr<unknown>,
        isThere ? value : null,
      ]),
    fc
      .tuple(tie("typed"), fc.nat(3))
      .map(([[type, value], count]): [Xdr<unknown>, unknown] => [
        array(type, 3) as Xdr<unknown>,
        Array.from({ length: count }, () => value),
      ]),
    fc
      .dictionary(fc.constantFrom("a", "b", "c", "d"), tie("typed"), { maxKeys: 4, noNullPrototype: true })
      .map((fields): [Xdr<unknown>, unknown] => {
        const of = (index: 0 | 1) =>
          Object.fromEntries(Object.entries(fields).map(([key, pair]) => [key, pair[index]]));
        return [struct(of(0) as Record<string, Xdr<unknown>>) as Xdr<unknown>, of(1)];
      }),
  ),
}));

property.prop([typed, fc.uint8Array({ maxLength: 40 }), fc.nat()], cases(200))(
  "every type reads what it wrote, in whole words, and of anything else it reads a value or refuses",
  ([type, value], noise, place) => {
    const bytes = encode(type, value);
    expect(bytes.length % 4).toBe(0);
    expect(decode(type, bytes)).toEqual(value);
    const changed = Buffer.from(bytes);
    changed.set(
      noise.subarray(0, Math.max(0, changed.length - (place % (changed.length + 1)))),
      place % (changed.length + 1),
    );
    for (const hostile of [changed, Buffer.from(noise)]) {
      try {
        decode(type, hostile);
      } catch (error) {
        expect(error).toBeInstanceOf(XdrError);
      }
    }
  },
);

property.prop([fc.uint8Array({ maxLength: 300 })], cases(100))(
  "arbitrary bytes give a value or an XdrError, for every reply of the protocol",
  (bytes) => {
    const types: Xdr<unknown>[] = [errorReply, ...Object.values(procedures).map((each) => each.reply)];
    for (const type of types) {
      try {
        decode(type, Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(XdrError);
      }
    }
  },
);

describe("false claims", () => {
  const claim = (count: number, ...rest: number[]) => {
    const bytes = Buffer.alloc(4 + rest.length);
    bytes.writeUInt32BE(count);
    bytes.set(rest, 4);
    return bytes;
  };
  test.each<[string, Xdr<unknown>, Buffer, string]>([
    [
      "a string of 4 GiB",
      string,
      claim(0xffff_ffff),
      "a string claims 4294967295 bytes, but at most 4194304",
    ],
    [
      "a string longer than what came",
      string,
      claim(8, 65, 66, 67, 68),
      "8 bytes expected at offset 4, but 4 are left",
    ],
    ["an array of 4 billion", array(int, 16384), claim(0xffff_ffff), "an array claims 4294967295 elements"],
    [
      "an array longer than what came",
      array(int, 16384),
      claim(16384, 0, 0, 0, 1),
      "4 bytes expected at offset 8",
    ],
    ["a pointer that is neither present nor NULL", optional(int), claim(2), "must be 0 or 1"],
    ["a string that is not UTF-8", string, claim(1, 0xff, 0, 0, 0), "not UTF-8"],
  ])("%s is an error", (_, type, bytes, text) => expect(() => decode(type, bytes)).toThrow(text));

  test("text for people is made readable instead", () => {
    expect(decode(prose, claim(2, 0xff, 0x41, 0, 0))).toBe("\ufffdA");
  });
});

describe("values that have no encoding", () => {
  test.each<[string, () => Buffer]>([
    ["int 2^31", () => encode(int, 2 ** 31)],
    ["int 1.5", () => encode(int, 1.5)],
    ["uint -1", () => encode(uint, -1)],
    ["uint NaN", () => encode(uint, Number.NaN)],
    ["u64 2^64", () => encode(u64, 2n ** 64n)],
    ["u64 -1", () => encode(u64, -1n)],
    ["a string with NUL, which libvirt would cut there", () => encode(string, "web\0x")],
    ["an unpaired surrogate", () => encode(string, "\ud800")],
    ["a string of 4 MiB and a byte", () => encode(string, "a".repeat(4 * 1024 * 1024 + 1))],
    ["no UUID", () => encode(uuid, "web-1")],
    ["too many elements", () => encode(array(int, 1), [1, 2])],
  ])("%s", (_, run) => expect(run).toThrow(XdrError));
});
