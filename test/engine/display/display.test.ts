import { expect, test } from "vitest";
import { newResource } from "../stack/resource.ts";
import { Display } from "./display.ts";
import { screen } from "./screen.ts";

const urn = "urn:pulumi:dev::proj::test:index:Thing::a";
const thing = newResource({ urn, type: "test:index:Thing", custom: true });
const stackUrn = "urn:pulumi:dev::proj::pulumi:pulumi:Stack::proj-dev";

function open(o: { terminal?: { columns: number } } = {}): { display: Display; written: () => string } {
  let written = "";
  const display = new Display({
    ...{ kind: "update", stack: "dev", stackUrn, engine: "x", diff: false, preview: true },
    terminal: o.terminal,
    write: (text) => {
      written += text;
    },
  });
  return { display, written: () => written };
}

test("a row is no wider than the terminal", () => {
  const { display, written } = open({ terminal: { columns: 20 } });
  display.show({ kind: "begun", step: { op: "create", urn, new: thing } });
  const shown = screen(written(), 1000).split("\n");
  expect(shown.find((line) => line.startsWith(" + "))).toBe(" +   └─ test:index:");
});

test("a resource that stays the same has a row only when there is a message about it", () => {
  const { display, written } = open();
  const same = { kind: "begun", step: { op: "same", urn, old: thing, new: thing } } as const;
  display.show(same);
  expect(written()).not.toContain("test:index:Thing");
  display.show({
    kind: "diagnostic",
    diagnostic: { urn, severity: "info", message: "well\nall of it", ephemeral: false },
  });
  display.show(same);
  expect(written()).toContain("    test:index:Thing a  well\n");
  expect(written()).not.toContain("all of it");
});
