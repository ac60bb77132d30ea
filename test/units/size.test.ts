import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { KIB_PER_MIB } from "../../provider/units/kib.ts";
import {
  canonicalSize,
  formatMib,
  formatSize,
  parseSize,
  readCanonicalSize,
} from "../../provider/units/size.ts";

/** 2^53-1 KiB rounded down to MiB: the most that libvirt holds. */
const LARGEST_MIB = 8796093022207;

/** The reason why a size is refused. */
function refusal(value: unknown): string {
  try {
    const size = parseSize(value);
    return `none: it is ${size} KiB`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Every way to write a number of MiB: whole, in other units, with blanks, in any case. */
const waysToWrite = (mib: number): [string, unknown][] => [
  ["a number", mib],
  ["MiB", `${mib}MiB`],
  ["M", `${mib}M`],
  ["lower case", `${mib}mib`],
  ["a blank", ` ${mib} MiB `],
  ["a fraction of 0", `${mib}.000MiB`],
  ["leading zeros", `000${mib}MiB`],
  ["KiB", `${BigInt(mib) * 1024n}KiB`],
  ["K", `${BigInt(mib) * 1024n}K`],
  ["bytes", `${BigInt(mib) * 1048576n}B`],
  ["GiB", `${gib(mib)}GiB`],
  ["G", `${gib(mib)}g`],
  ["MB", `${BigInt(mib) * 1048576n}`.replace(/(\d{6})$/, ".$1MB")],
];

/** MiB in GiB, exactly: 1/1024 has ten decimal places. */
function gib(mib: number): string {
  const digits = ((BigInt(mib) * 10n ** 10n) / 1024n).toString().padStart(11, "0");
  return `${digits.slice(0, -10)}.${digits.slice(-10)}`;
}

const anyMib = fc.integer({ min: 1, max: LARGEST_MIB });

describe("a size in a program", () => {
  test.each([
    ["4GiB", 4096],
    ["4G", 4096],
    ["4g", 4096],
    ["1.5GiB", 1536],
    ["0.5 GiB", 512],
    ["1003MiB", 1003],
    ["1003 mib", 1003],
    ["1024KiB", 1],
    ["1048576B", 1],
    ["1TiB", 1048576],
    ["1PiB", 1073741824],
    ["1048576kB", 1000],
    ["134217728MB", 128_000_000],
    ["1.048576MB", 1],
    [4096, 4096],
    [1, 1],
    [4096.0, 4096],
    ["8796093022207MiB", LARGEST_MIB],
    [LARGEST_MIB, LARGEST_MIB],
  ])("%j is %i MiB", (written, mib) => {
    expect(parseSize(written)).toBe(mib * KIB_PER_MIB);
  });

  property.prop([anyMib])("the canonical form parses to itself", (mib) => {
    const canonical = canonicalSize(mib * KIB_PER_MIB);
    expect(canonical).toBe(`${mib}MiB`);
    expect(canonicalSize(parseSize(canonical))).toBe(canonical);
    expect(readCanonicalSize(canonical)).toBe(parseSize(canonical));
  });

  property.prop([anyMib])("is equal in whatever unit it is written", (mib) => {
    for (const [how, written] of waysToWrite(mib))
      expect(canonicalSize(parseSize(written)), how).toBe(`${mib}MiB`);
  });

  property.prop([
    fc.bigInt({ min: 0n, max: 2n ** 64n }),
    fc.constantFrom("B", "KiB", "kB", "MB", "GB", "PiB"),
  ])("is a whole number of MiB that is exactly what was written, or is refused", (count, unit) => {
    const bytes =
      count * { B: 1n, KiB: 1024n, kB: 1000n, MB: 10n ** 6n, GB: 10n ** 9n, PiB: 1024n ** 5n }[unit];
    const mib = bytes / 1048576n;
    const fits = bytes > 0n && bytes % 1048576n === 0n && mib <= BigInt(LARGEST_MIB);
    const reason = refusal(`${count}${unit}`);
    expect(reason.startsWith("none")).toBe(fits);
    if (fits) expect(reason).toBe(`none: it is ${mib * 1024n} KiB`);
  });
});

describe("a size that is not whole MiB", () => {
  test.each([
    ["4GB", 'is not a whole number of MiB; use "3814MiB" or "3815MiB"'],
    ["4.5KiB", 'is not a whole number of MiB; use "1MiB"'],
    ["4.5 KiB", 'is not a whole number of MiB; use "1MiB"'],
    ["1B", 'is not a whole number of MiB; use "1MiB"'],
    ["1.3GiB", 'is not a whole number of MiB; use "1331MiB" or "1332MiB"'],
    [4.5, 'is not a whole number of MiB; use "4MiB" or "5MiB"'],
    [0.5, 'is not a whole number of MiB; use "1MiB"'],
    ["8796093022207.5MiB", 'is not a whole number of MiB; use "8796093022207MiB"'],
  ])("%j %s", (written, reason) => {
    expect(refusal(written)).toBe(reason);
  });

  property.prop([fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).filter((bytes) => bytes % 1048576n !== 0n)])(
    "is refused, and each neighbour that is named parses",
    (bytes) => {
      const neighbours = [...refusal(`${bytes}B`).matchAll(/"(\d+MiB)"/g)].map(([, size]) => parseSize(size));
      expect(neighbours.length).toBeGreaterThan(0);
      for (const size of neighbours) {
        const distance = BigInt(size) * 1024n - bytes;
        expect(distance > -1048576n && distance < 1048576n).toBe(true);
      }
    },
  );

  property.prop([fc.double({ min: 0, max: LARGEST_MIB, noNaN: true, noInteger: true })])(
    "also as a number of MiB",
    (mib) => {
      const neighbours = [...refusal(mib).matchAll(/"(\d+)MiB"/g)].map(([, size]) => Number(size));
      expect(neighbours).toEqual([Math.floor(mib), Math.ceil(mib)].filter((size) => size > 0));
    },
  );
});

describe("what is not a size", () => {
  const example = '"4GiB", "1003MiB" or 4096 (MiB)';
  const positive = `must be greater than 0, e.g. ${example}`;
  const invalid = `is not a valid size; use e.g. ${example}`;
  const tooLarge = `exceeds libvirt's largest size, ${LARGEST_MIB} MiB; use e.g. ${example}`;
  test.each([
    [0, positive],
    [-0, positive],
    ["0MiB", positive],
    ["0.0KiB", positive],
    [-1, positive],
    [-1.5, positive],
    ["-4GiB", positive],
    [Number.NaN, `is NaN, not a valid size; use e.g. ${example}`],
    [Number.POSITIVE_INFINITY, `is Infinity, not a valid size; use e.g. ${example}`],
    ["4 GB of ram", invalid],
    ["", invalid],
    [" ", invalid],
    ["GiB", invalid],
    ["4e3MiB", invalid],
    ["0x10MiB", invalid],
    ["4,5GiB", invalid],
    ["1_000MiB", invalid],
    ["+4GiB", invalid],
    ["٤GiB", invalid],
    ["4GiB\0", invalid],
    ["4\u212AiB", invalid],
    [true, invalid],
    [null, invalid],
    [undefined, invalid],
    [["4GiB"], invalid],
    [{ toString: () => "4GiB" }, invalid],
    ["4096", 'has no unit; did you mean "4096MiB"?'],
    ["4XiB", 'has the unknown unit "XiB"; use one of KiB, MiB, GiB, TiB, PiB, kB, MB, GB, TB, PB'],
    ["4EiB", 'has the unknown unit "EiB"; use one of KiB, MiB, GiB, TiB, PiB, kB, MB, GB, TB, PB'],
    [2 ** 60, tooLarge],
    [Number.MAX_VALUE, tooLarge],
    [2 ** 53, tooLarge],
    ["1152921504606846976MiB", tooLarge],
    ["8796093022208MiB", tooLarge],
    [LARGEST_MIB + 1, tooLarge],
  ])("%j %s", (written, reason) => {
    expect(refusal(written)).toBe(reason);
  });

  test.each([31, 1_000, 100_000])("a number of %i digits", (digits) => {
    expect(refusal(`${"9".repeat(digits)}MiB`)).toBe(tooLarge);
    expect(refusal(`1.${"0".repeat(digits)}1MiB`)).toBe('is not a whole number of MiB; use "1MiB" or "2MiB"');
  });

  property.prop([fc.anything()])("any value is refused with a predicate, or is whole MiB", (value) => {
    const reason = refusal(value);
    if (reason.startsWith("none")) expect(Number(parseSize(value)) % KIB_PER_MIB).toBe(0);
    else expect(reason).toMatch(/^(is|has|must|exceeds) /);
  });

  property.prop([fc.string({ unit: "binary" }), fc.stringMatching(/^[0-9.]{0,20}[a-zA-Z]{0,4}$/)])(
    "so is any text",
    (anything, nearly) => {
      for (const value of [anything, nearly]) expect(refusal(value)).toMatch(/^(is|has|must|exceeds|none) ?/);
    },
  );
});

describe("a size in a message", () => {
  test.each([
    [0, "0 MiB", "0 MiB"],
    [1, "1 KiB", "1 KiB"],
    [1003 * 1024, "1003 MiB", "1003 MiB"],
    [8 * 1024 * 1024, "8 GiB", "8192 MiB"],
    [1536 * 1024, "1536 MiB", "1536 MiB"],
    [1003 * 1024 + 512, "1027584 KiB", "1027584 KiB"],
  ])("%i KiB is %s, where sizes are compared %s", (kib, said, compared) => {
    expect([formatSize(kib), formatMib(kib)]).toEqual([said, compared]);
  });

  property.prop([fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })])(
    "in a state it is exact, also where another tool left KiB",
    (kib) => {
      expect(readCanonicalSize(canonicalSize(kib))).toBe(kib);
      expect(canonicalSize(kib)).not.toMatch(/[.e]/);
    },
  );

  test.each(["", "1259", "1259 MiB", "1.5MiB", "-1MiB", "1GiB"])("%j is not canonical", (text) => {
    expect(() => readCanonicalSize(text)).toThrow("is not a canonical size");
  });
});
