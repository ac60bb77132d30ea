import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";
import { cases } from "../support/properties.ts";
import { preview, updateStep, urnOf } from "./fleet.ts";

const log = readFileSync(join(import.meta.dirname, "recorded/plugin/up.events.json"), "utf8");
const [prelude = "", ...events] = log.split("\n").filter((line) => line !== "");
const names = ["web-1", "web-2", "batch-1", "db-1", "ci-1", "elsewhere-1"];

/** What the engine writes of the refresh of one domain: its end is named by what it did to the state. */
function refreshOf(name: string, op: string): string[] {
  const { oldState, newState } = updateStep({ name });
  const urn = urnOf(name, "libvirt-hotplug:index:Domain");
  const metadata = { urn, type: "libvirt-hotplug:index:Domain", old: oldState, new: newState };
  return [
    { sequence: 1, resourcePreEvent: { metadata: { ...metadata, op: "refresh" } } },
    { sequence: 2, resOutputsEvent: { metadata: { ...metadata, op } } },
  ].map((event) => JSON.stringify(event));
}

const anyRefresh = fc.dictionary(
  fc.constantFrom(...names),
  fc.constantFrom("refresh", "same", "update", "delete"),
  { minKeys: 1 },
);

describe("a refresh isn't a change", () => {
  test.each([[[]], [["--after"]]])("before an update, in its log %j", async (args) => {
    const expected = await commandLine(["review", ...args], log);
    await fc.assert(
      fc.asyncProperty(anyRefresh, async (refreshed) => {
        const read = Object.entries(refreshed).flatMap(([name, op]) => refreshOf(name, op));
        const text = [prelude, ...read, ...events].join("\n");
        expect(await commandLine(["review", ...args], text)).toEqual(expected);
      }),
      cases(10),
    );
  });

  const step = updateStep();
  const stack = {
    urn: "urn:pulumi:prod::fleet::pulumi:pulumi:Stack::fleet-prod",
    oldState: {},
    newState: {},
  };

  test("in a preview", async () => {
    const expected = await commandLine(["review"], preview([step]));
    for (const rest of [[stack, step], [step], [stack]].map((read) =>
      read.map((one) => ({ ...one, op: "refresh" })),
    ))
      expect(await commandLine(["review"], preview([...rest, { ...stack, op: "same" }, step]))).toEqual(
        expected,
      );
  });

  test.each([
    ["a document", preview([{ ...stack, op: "refresh" }, step])],
    [
      "a log",
      [prelude, ...names.flatMap((name) => refreshOf(name, "update")), ...events.slice(-2)]
        .filter((line) => line !== undefined)
        .join("\n"),
    ],
  ])("the output of pulumi refresh isn't reviewed: %s", async (_, text) => {
    const { code, out, error } = await commandLine(["review"], text);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain("is the output of pulumi refresh, which changes no domain; expected");
  });
});
