import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { parseScaled } from "../../provider/units/scale.ts";

const size = (digits: string, unit?: string) => parseScaled("<memory>", digits, unit);

describe("sizes as libvirt reads them", () => {
  it.each([
    ["1", undefined, 1],
    ["1", "", 1],
    ["1", "KiB", 1],
    ["1", "k", 1],
    ["1", "K", 1],
    ["1", "kib", 1],
    ["4", "MiB", 4096],
    ["4", "m", 4096],
    ["2", "gIB", 2097152],
    ["1", "T", 1073741824],
    ["1", "pib", 1099511627776],
    ["1", "E", 1125899906842624],
    ["0", "GiB", 0],
    ["1", "b", 1],
    ["1024", "bytes", 1],
    ["1025", "BYTE", 2],
    ["0", "byte", 0],
    ["1", "KB", 1],
    ["2", "kb", 2],
    ["1", "MB", 977],
    ["1", "GB", 976563],
    [" \n\t7", "KiB", 7],
    ["+7", "KiB", 7],
    ["0007", "KiB", 7],
    ["9007199254740991", "KiB", Number.MAX_SAFE_INTEGER],
    ["9223372036854774784", "b", Number.MAX_SAFE_INTEGER],
  ])("%j %s is %i KiB", (digits, unit, kib) => {
    expect(size(digits, unit)).toBe(kib);
  });

  it.each(["", " ", "7 ", "7\n", "-7", "7.5", "7e3", "0x7", "7K", "seven", "+-7", "+ 7", "٧"])(
    "%j is not a number",
    (digits) => {
      expect(() => size(digits)).toThrow("is not a whole number");
    },
  );

  it.each(["Ki", "Mi", "GI", " MiB", "MiB ", "XiB", "KBytes", "bits", "Z"])("%j is not a unit", (unit) => {
    expect(() => size("1", unit)).toThrow("is not a unit that libvirt knows");
  });

  it.each([
    ["9007199254740992", "KiB"],
    ["9223372036854774785", "b"],
    ["8", "EiB"],
    ["18446744073709551616", "b"],
  ])("%s %s is too much", (digits, unit) => {
    expect(() => size(digits, unit)).toThrow("<memory>: ");
    expect(() => size(digits, unit)).toThrow("exceeds libvirt's largest size");
  });

  test.prop([fc.bigInt({ min: 0n, max: 2n ** 63n - 1024n })])("bytes are rounded up, exactly", (bytes) => {
    const kib = BigInt(size(String(bytes), "b"));
    expect(kib * 1024n - bytes).toBeGreaterThanOrEqual(0n);
    expect(kib * 1024n - bytes).toBeLessThan(1024n);
  });

  test.prop([fc.nat({ max: 2 ** 21 })])("the same size in other units is the same", (gib) => {
    const kib = size(String(gib * 1024 * 1024));
    expect(size(String(gib * 1024), "MiB")).toBe(kib);
    expect(size(String(gib), "G")).toBe(kib);
  });
});
