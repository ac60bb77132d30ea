import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { propertyPath } from "../../provider/args/property-path.ts";
import { parsePropertyPath } from "../support/property-path.ts";

describe("a path", () => {
  const key = fc.oneof(
    fc.string().filter((text) => !text.endsWith("\\")),
    fc.constantFrom("a.b", 'a"b', "a[0]", "*", ""),
  );
  property.prop([fc.tuple(key, fc.array(fc.oneof(key, fc.nat())))])(
    "is read back by Pulumi's rules",
    ([first, rest]) => {
      expect(parsePropertyPath(propertyPath([first, ...rest]))).toEqual([first, ...rest]);
    },
  );

  test("quotes what isn't an identifier", () => {
    expect(propertyPath(["tags", "a.b", 0, "c"])).toBe('tags["a.b"][0].c');
  });
});
