import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";
import { cases } from "../support/properties.ts";
import { preview, updateStep, urnOf } from "./fleet.ts";

/** Another resource of a stack, and what an update did to it. */
interface Other {
  op: "create" | "update" | "delete" | "replace";
  end: "not begun" | "begun" | "failed" | "done";
  /** Components have no end of their own. */
  isCustom: boolean;
}

const anyOther: fc.Arbitrary<Other> = fc.record({
  op: fc.constantFrom("create", "update", "delete", "replace"),
  end: fc.constantFrom("not begun", "begun", "failed", "done"),
  isCustom: fc.boolean(),
});

/** The engine's names of the parts of an operation. */
const PARTS: Partial<Record<Other["op"], string[]>> = {
  replace: ["create-replacement", "replace", "delete-replaced"],
};

function planned({ op, isCustom }: Other, index: number) {
  const state = { type: "a:b:C", custom: isCustom, inputs: {} };
  return {
    ...{ op, urn: urnOf(`other-${index}`, "a:b:C") },
    ...(op !== "create" && { oldState: state }),
    ...(op !== "delete" && { newState: state }),
  };
}

function eventsOf(other: Other, index: number): object[] {
  const { op, end } = other;
  if (end === "not begun") return [];
  const { urn, oldState, newState } = planned(other, index);
  const parts = PARTS[op] ?? [op];
  return (end === "done" ? parts : parts.slice(0, 1)).flatMap((part) => {
    const metadata = { op: part, urn, type: "a:b:C", old: oldState ?? null, new: newState ?? null };
    return [
      { sequence: 1, resourcePreEvent: { metadata } },
      ...(end === "failed" ? [{ sequence: 1, resOpFailedEvent: { metadata } }] : []),
      ...(end === "done" && other.isCustom ? [{ sequence: 1, resOutputsEvent: { metadata } }] : []),
    ];
  });
}

function isLeft({ end, isCustom }: Other): boolean {
  return isCustom ? end !== "done" : end === "failed" || end === "not begun";
}

function counted(others: readonly Other[]): Record<string, number> {
  const counts = Object.entries(Object.groupBy(others, ({ op }) => op));
  return Object.fromEntries(counts.map(([op, all]) => [op, all.length]));
}

function logOf(others: readonly Other[]): string {
  const { op, urn, newState, oldState } = updateStep();
  const metadata = {
    ...{ op, urn, type: newState?.type },
    old: oldState,
    new: { ...oldState, inputs: newState?.inputs },
  };
  return [
    { sequence: 0, preludeEvent: { config: {} } },
    { sequence: 1, resourcePreEvent: { metadata } },
    { sequence: 1, resOutputsEvent: { metadata } },
    ...others.flatMap(eventsOf),
    { sequence: 2, summaryEvent: { isPreview: false } },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join("");
}

describe("the other resources of an update", () => {
  test("are all counted, and those that aren't done, too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyOther, { maxLength: 8 }), async (others) => {
        const text = `${preview([updateStep(), ...others.map(planned)])}\n${logOf(others)}`;
        const json = await commandLine(["review", "--after", "--format", "json"], text);
        const left = others.filter(isLeft);
        expect(JSON.parse(json.out)).toMatchObject({
          domains: [{ happened: { result: "done" } }],
          others: counted(others),
          othersLeft: counted(left),
        });
        expect(Object.keys(JSON.parse(json.out).othersLeft)).toHaveLength(Object.keys(counted(left)).length);
        const { code, out } = await commandLine(["review", "--after"], text);
        expect([json.code, code]).toEqual(left.length === 0 ? [0, 0] : [1, 1]);
        expect(out.includes("(not done: ")).toBe(left.length > 0);
      }),
      cases(60),
    );
  });

  test("without the preview, the comment says that some may be missing", async () => {
    const failed: Other = { op: "update", end: "failed", isCustom: true };
    const { code, out } = await commandLine(["review", "--after"], logOf([failed]));
    expect(code).toBe(1);
    expect(out).toMatch(
      /Changes that the run didn't begin aren't listed here.*: 1 update \(not done: 1 update\)\.$/m,
    );
  });

  test("of a preview aren't done yet", async () => {
    const other: Other = { op: "update", end: "not begun", isCustom: true };
    const { code, out } = await commandLine(["review"], preview([updateStep(), planned(other, 0)]));
    expect(code).toBe(0);
    expect(out).toMatch(/Other resources, not judged: 1 update\.$/m);
  });
});
