import { describe, expect, expectTypeOf, test } from "vitest";
import { defined } from "../../provider/defined.ts";

describe("defined", () => {
  test("drops the fields that are undefined, and keeps the others in order", () => {
    const fields = { a: undefined, b: null, c: false, d: 0, e: "" };
    expect(Object.entries(defined(fields))).toEqual(Object.entries({ b: null, c: false, d: 0, e: "" }));
  });

  test("makes the fields that may be undefined optional, and no others", () => {
    const fields = defined({ name: "a", size: undefined as number | undefined });
    expectTypeOf(fields).toExtend<{ name: string; size?: number }>();
    expectTypeOf(fields.size).toEqualTypeOf<number | undefined>();
    expectTypeOf(fields).not.toExtend<{ name: string; size: number }>();
    const optional: { size?: number } = {};
    expectTypeOf(defined(optional)).toExtend<{ size?: number }>();
  });
});
