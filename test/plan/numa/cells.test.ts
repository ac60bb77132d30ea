import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { cellsFor, emptyNodeNote, emptyNodeRefusal } from "../../../provider/plan/numa/cells.ts";
import { ask, MIB } from "../../support/scene.ts";

const OLD = "pc-q35-5.0";
const NEW = "pc-q35-7.2";

/** The cells in MiB. */
function mib(...args: Parameters<typeof cellsFor>): number[] {
  return cellsFor(...args).map(({ memory }) => memory / MIB);
}

describe("the cells of a domain", () => {
  test.each([
    ["one, with all memory, where the program names none", ask(1003), NEW, [1003]],
    ["the shares", ask(1003, { shares: [500, 503] }), NEW, [500, 503]],
    [
      "what is above the shares in the target",
      ask(2048, { shares: [512, 512], target: 1 }),
      NEW,
      [512, 1536],
    ],
    ["spread", ask(2048, { shares: [1024, 512], target: "spread" }), NEW, [1280, 768]],
    ["an empty one on an older machine type", ask(1024, { shares: [1024, 0], target: 1 }), OLD, [1024, 0]],
    ["a minimal one on a newer", ask(1024, { shares: [1024, 0], target: 1 }), NEW, [1023, 1]],
    ["the same, the other way round", ask(1024, { shares: [0, 1024] }), NEW, [1, 1023]],
    ["on a machine type that isn't said", ask(1024, { shares: [1024, 0], target: 1 }), undefined, [1023, 1]],
    [
      "exact, whatever the machine type",
      ask(1024, { shares: [1024, 0], target: 1, emptyNode: "exact" }),
      NEW,
      [1024, 0],
    ],
    [
      "none empty, since the target has the rest",
      ask(1025, { shares: [1024, 0], target: 1 }),
      NEW,
      [1024, 1],
    ],
  ] as const)("%s", (_, desired, machine, expected) => {
    expect(mib(desired, machine)).toEqual(expected);
  });

  test("leave out memory in devices not managed here", () => {
    expect(mib(ask(2048, { shares: [512, 512], target: 1 }), NEW, 256 * MIB)).toEqual([512, 1280]);
    // What can't be divided is node 0's.
    expect(mib(ask(2048, { shares: [512, 512], target: "spread" }), NEW, 255 * MIB)).toEqual([897, 896]);
  });

  /** What check lets through: shares within the memory, at most one node empty, a rest that can be spread. */
  const checked = fc
    .record({
      shares: fc.array(fc.integer({ min: 2, max: 4096 }), { minLength: 1, maxLength: 5 }),
      empty: fc.nat({ max: 8 }),
      rest: fc.integer({ min: 0, max: 4096 }),
      target: fc.oneof(fc.nat({ max: 4 }), fc.constant("spread" as const)),
      emptyNode: fc.constantFrom("minimal", "exact"),
      machine: fc.constantFrom(OLD, NEW, undefined),
    })
    .map(({ shares, empty, rest, target, emptyNode, machine }) => {
      const given = shares.length > 1 && empty < shares.length ? shares.with(empty, 0) : shares;
      const into = target === "spread" ? target : target % given.length;
      const above = into === "spread" ? rest * given.length : rest;
      const sum = given.reduce((a, b) => a + b, 0);
      return { desired: ask(sum + above, { shares: given, target: into, emptyNode }), given, above, machine };
    });

  property.prop([checked])(
    "add up to the memory exactly, none below its share except for a minimal node's MiB",
    (one) => {
      const { desired, given, machine } = one;
      const cells = mib(desired, machine);
      expect(cells.reduce((a, b) => a + b, 0) * MIB).toBe(desired.memory);
      const missing = cells.map((memory, id) => (given[id] ?? 0) - memory).filter((less) => less > 0);
      const isMinimal = desired.emptyNode === "minimal" && machine !== OLD;
      expect(missing.length === 0 || (isMinimal && missing.length === 1 && missing[0] === 1)).toBe(true);
      for (const memory of cells) expect([memory >= 0, Number.isInteger(memory)]).toEqual([true, true]);
      if (isMinimal) expect(cells).not.toContain(0);
    },
  );

  property.prop([checked])(
    "have the rest in the target, or the same in each",
    ({ desired, given, above, machine }) => {
      const cells = mib({ ...desired, emptyNode: "exact" }, machine);
      const more = cells.map((memory, id) => memory - (given[id] ?? 0));
      const each = desired.target === "spread" ? above / given.length : 0;
      expect(more).toEqual(given.map((_, id) => (id === desired.target ? above : each)));
    },
  );

  property.prop([checked])("an empty one has a note, or is refused", ({ desired, machine }) => {
    const isEmpty = mib({ ...desired, emptyNode: "exact" }, machine).includes(0);
    const refusal = emptyNodeRefusal(desired, machine);
    expect(refusal !== undefined).toBe(isEmpty && desired.emptyNode === "exact" && machine !== OLD);
    if (refusal === undefined) expect(emptyNodeNote(desired, machine) !== undefined).toBe(isEmpty);
  });
});

describe("what the preview shows of an empty node", () => {
  test.each([
    [ask(1024, { shares: [1024, 0], target: 1 }), OLD, "node 1 starts without memory"],
    [ask(1024, { shares: [1024, 0], target: 1 }), NEW, "node 1 starts with 1 MiB taken from node 0"],
    [ask(1024, { shares: [0, 1024], target: 1 }), NEW, "node 0 starts with 1 MiB taken from node 1"],
    [ask(1024), NEW, undefined],
  ])("%#", (desired, machine, note) => {
    expect(emptyNodeNote(desired, machine)).toBe(note);
  });

  test.each([
    [NEW, "pc-q35-7.2"],
    [undefined, "the host's newest machine type"],
  ])("that can't be one on %s", (machine, what) => {
    expect(emptyNodeRefusal(ask(1024, { shares: [1024, 0], target: 1, emptyNode: "exact" }), machine)).toBe(
      `leaves node 1 empty with hotplug.emptyNode "exact", but ${what} can't start with an empty node; use emptyNode "minimal" (1 MiB in that node), or a machine type up to 5.0 such as "pc-q35-5.0" or "virt-5.0"`,
    );
  });
});
