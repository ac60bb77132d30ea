import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { at, contains, parsePath, restored, topOf } from "./property-path.ts";
import { equal, type Props, type Value } from "./values.ts";

const name = fc.stringMatching(/^[a-z]{1,3}$/);
const { value } = fc.letrec<{ value: Value; props: Props }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.array(tie("value"), { maxLength: 3 }), tie("props")),
  props: fc.dictionary(name, tie("value"), { maxKeys: 3 }),
}));
const props = fc.dictionary(name, value, { maxKeys: 4 });

/** Every path in a value, as Pulumi writes it. */
function pathsIn(of: Value | undefined, path = ""): string[] {
  if (Array.isArray(of)) return of.flatMap((item, i) => [`${path}[${i}]`, ...pathsIn(item, `${path}[${i}]`)]);
  if (of === null || typeof of !== "object") return [];
  return Object.entries(of).flatMap(([key, item]) => {
    const inner = path === "" ? key : `${path}.${key}`;
    return [inner, ...pathsIn(item, inner)];
  });
}

describe("a property path", () => {
  test("is names, positions and quoted names", () => {
    expect(parsePath('a.b[0]["c.d"].*[*]')).toEqual(["a", "b", 0, "c.d", "*", "*"]);
    expect(topOf("disks[1].file")).toBe("disks");
    expect(() => parsePath("a.[")).toThrow(/not a property path/);
  });

  test.prop([props])("leads to each property, and each is contained in its top and in *", (given) => {
    for (const path of pathsIn(given)) {
      expect(at(given, path)).not.toBeUndefined();
      expect([contains(topOf(path), path), contains("*", path), contains(path, path)]).toEqual([
        true,
        true,
        true,
      ]);
      expect(contains(`${path}.x`, path)).toBe(false);
    }
  });

  test.prop([props, props])("that is ignored keeps the old value there, and nothing else", (olds, news) => {
    for (const path of pathsIn(news)) {
      const kept = restored(news, olds, path);
      const old = at(olds, path);
      if (old !== undefined) expect(equal(at(kept, path), old)).toBe(true);
      const others = pathsIn(news).filter((other) => !contains(path, other) && !contains(other, path));
      for (const other of others) expect(equal(at(kept, other), at(news, other))).toBe(true);
    }
  });

  test("with * is every item and every name, old ones included", () => {
    const olds = { list: [{ x: 1 }, { x: 2 }], deep: { a: 1, b: 2 } };
    const news = { list: [{ x: 5, y: 1 }, { x: 6 }, { x: 7 }], deep: { a: 3, c: 4 } };
    expect(restored(news, olds, "list[*].x").list).toEqual([{ x: 1, y: 1 }, { x: 2 }, { x: 7 }]);
    expect(restored(news, olds, "deep.*").deep).toEqual({ a: 1, b: 2 });
  });
});
