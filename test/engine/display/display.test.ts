import { describe, expect, test } from "vitest";
import type { EngineEvent } from "../report.ts";
import { newResource } from "../stack/resource.ts";
import type { StepInfo } from "../steps/step.ts";
import { Display } from "./display.ts";

const urn = "urn:pulumi:dev::proj::test:index:Thing::a";
const resource = (inputs: { key: string }) =>
  newResource({ urn, type: "test:index:Thing", custom: true, inputs });
const [old, now] = [resource({ key: "1" }), resource({ key: "2" })];

/** A replacement that deletes first. */
const steps: StepInfo[] = [
  { op: "delete-replaced", urn, old },
  { op: "replace", urn, old, new: now, replaceReasons: ["key"] },
  { op: "create-replacement", urn, old, new: now, replaceReasons: ["key"] },
];
const events: EngineEvent[] = steps.flatMap((step) => [
  { kind: "begun", step },
  { kind: "ended", step },
]);

function shown(o: { preview: boolean; terminal?: { columns: number } }): string[] {
  let written = "";
  const display = new Display({
    ...{ kind: "update", stack: "dev", engine: "x", diff: false, preview: o.preview, terminal: o.terminal },
    write: (text) => {
      written += text;
    },
  });
  for (const event of events) display.show(event);
  return written.trimEnd().split("\n").slice(2);
}

describe("a replacement", () => {
  test("has a line for each of its steps where there is no terminal", () => {
    expect(shown({ preview: true })).toEqual([
      " -- test:index:Thing a delete original",
      " +- test:index:Thing a replace [diff: ~key]",
      " ++ test:index:Thing a create replacement [diff: ~key]",
    ]);
  });

  test("has one row on a terminal, in the end that of the whole", () => {
    const last = shown({ preview: false, terminal: { columns: 80 } }).at(-1);
    expect(last).toMatch(/ \+- test:index:Thing a replaced \(\d+\.\ds\) \[diff: ~key\]/);
  });

  test("has a row no wider than the terminal", () => {
    const last = shown({ preview: true, terminal: { columns: 20 } }).at(-1);
    expect(last?.replaceAll(/\p{Cc}\[\d+[AmJ]|\p{Cc}\[J/gu, "")).toBe(" +- test:index:Thin");
  });
});

test("a resource that stays as it is has a row only when something is said of it", () => {
  let written = "";
  const display = new Display({
    ...{ kind: "update", stack: "dev", engine: "x", diff: false, preview: true, terminal: undefined },
    write: (text) => {
      written += text;
    },
  });
  const same = { kind: "ended", step: { op: "same", urn, old, new: old } } as const;
  display.show(same);
  expect(written).not.toContain("test:index:Thing");
  display.show({
    kind: "diagnostic",
    diagnostic: { urn, severity: "info", message: "well", ephemeral: false },
  });
  display.show(same);
  expect(written).toContain("    test:index:Thing a well\n");
});
