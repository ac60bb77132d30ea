import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";
import { preview, updateStep } from "./fleet.ts";

const recorded = (file: string) => readFileSync(join(import.meta.dirname, "recorded/plugin", file), "utf8");

/** What a program or a policy pack writes to its standard error. */
const written = (message: string) => ({ severity: "info#err", message });

const logOf = (result: string) =>
  [
    { sequence: 0, preludeEvent: {} },
    { sequence: 1, summaryEvent: { isPreview: true, result } },
  ]
    .map((event) => JSON.stringify(event))
    .join("\n");

describe("a run that failed without an error isn't said to change nothing", () => {
  test.each([
    ["a YAML program that can't be evaluated", recorded("failed-program.json")],
    ["the same in a log", recorded("failed-program.events.json")],
    [
      "the same without colours",
      preview([], [written("Error: no such type\n"), written("  on Pulumi.yaml line 4:\n")]),
    ],
    [
      "a policy pack that doesn't start",
      JSON.stringify({ diagnostics: [written("error: [runtime] Running program")] }),
    ],
    ["a log that ends with a failure", logOf("failed")],
  ])("%s", async (_, text) => {
    const { code, out } = await commandLine(["review"], text);
    expect(code).toBe(1);
    expect(out).toContain("**The run failed**: an error outside the libvirt domains");
    expect(out).not.toContain("No libvirt domain");
    const after = await commandLine(["review", "--after"], text);
    expect(after.code).toBe(1);
    expect(after.out).toContain("**The update didn't run**");
  });

  test.each([
    ["what a program writes", preview([], [written("Error: no cache\n"), written("on line 1\n")])],
    ["what a domain's provider writes", preview([], [{ ...written("Error: x\n"), urn: updateStep().urn }])],
    ["a log that ends with success", logOf("succeeded")],
  ])("but %s isn't a failure", async (_, text) => {
    const { code, out } = await commandLine(["review"], text);
    expect(code).toBe(0);
    expect(out).toContain("No libvirt domain changes.");
  });
});
