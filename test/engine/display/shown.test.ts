import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStack, type RunResult, type StackDriver } from "../driver.ts";

const dir = mkdtempSync(join(tmpdir(), "shown-"));
let stack: StackDriver;
let plan: RunResult;
let done: RunResult;
const written: string[] = [];

beforeAll(async () => {
  stack = await openStack({
    projectDir: join(import.meta.dirname, "fixtures/program"),
    stack: "dev",
    backendDir: dir,
    config: { memory: "1003MiB" },
    engine: "small",
  });
  await stack.setConfig("password", "hunter2", { secret: true });
  await stack.up();
  await stack.setConfig("memory", "1259MiB");
  await stack.setConfig("password", "hunter3", { secret: true });
  plan = await stack.preview({ diff: true, json: true });
  done = await stack.up({ terminal: { columns: 200 }, onOutput: (text) => written.push(text) });
}, 120_000);

afterAll(() => rmSync(dir, { recursive: true }));

const row = "pulumi-nodejs:dynamic/test:Machine web-1";
const urn = "urn:pulumi:dev::vms::pulumi-nodejs:dynamic/test:Machine::web-1";

test("the first line says which engine runs", () => {
  expect(plan.stdout.split("\n")[0]).toBe("engine: the tests' small engine");
});

test("the resource's row has the step, the changed properties and the provider's message", () => {
  const line = ` ~  ${row} update [diff: ~memory,password]; memory 1003MiB → 1259MiB is hot-pluggable`;
  expect(plan.stdout.split("\n")).toContain(line);
});

test("--diff shows old and new values; secrets and hidden properties are not shown", () => {
  expect(plan.stdout).toContain(
    '      ~ memory  : "1003MiB" => "1259MiB"\n      ~ password: [secret] => [secret]\n',
  );
  expect(plan.stdout).not.toMatch(/__provider|__urn|hunter/);
});

test("the message stands under its resource in the diagnostics", () => {
  const heading = "Diagnostics:\n  pulumi-nodejs:dynamic/test:Machine (web-1):\n";
  expect(plan.stdout).toContain(`${heading}    memory 1003MiB → 1259MiB is hot-pluggable\n`);
});

test("outputs and counts follow", () => {
  expect(plan.stdout).toContain(
    'Outputs:\n  ~ memory  : "1003MiB" => "1259MiB"\n  ~ password: [secret] => [secret]\n',
  );
  expect(plan.stdout).toContain("Resources:\n    ~ 1 to update\n    1 unchanged\n");
});

test("without a terminal there are no colours", () => {
  expect(plan.stdout + done.stdout).not.toContain("\x1b");
});

test("a preview's JSON has the steps with both states, without secrets and hidden properties", () => {
  expect(plan.json).toMatchObject({
    config: { "vms:memory": "1259MiB", "vms:password": "[secret]" },
    changeSummary: { same: 1, update: 1 },
    steps: expect.arrayContaining([
      expect.objectContaining({
        op: "update",
        urn,
        oldState: expect.objectContaining({ inputs: { memory: "1003MiB", password: "[secret]" } }),
        newState: expect.objectContaining({ inputs: { memory: "1259MiB", password: "[secret]" } }),
      }),
    ]),
    diagnostics: [{ urn, severity: "info", message: "memory 1003MiB → 1259MiB is hot-pluggable" }],
  });
});

test("an ephemeral message is on the row alone", () => {
  const lines = done.stdout.split("\n");
  expect(lines).toContainEqual(expect.stringMatching(/ updating \[diff: ~memory,password\]; attaching$/));
  expect(lines.slice(lines.indexOf("Diagnostics:"))).not.toContainEqual(expect.stringContaining("attaching"));
  expect(done.diagnostics).toContainEqual({ urn, severity: "info", message: "attaching", ephemeral: true });
});

test("on a terminal rows are rewritten in place, so that each resource ends with one row", () => {
  const screen = displayed(written.join(""));
  expect(screen.filter((line) => line.includes(row))).toEqual([
    expect.stringMatching(/ updated \(\d+\.\ds\) \[diff: ~memory,password\]; memory 1003MiB → /),
  ]);
});

/** The lines that a terminal shows after «up n lines, clear to the end» has done its work; colours are dropped. */
function displayed(text: string): string[] {
  const lines: string[] = [];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes of a terminal are what is read here
  for (const line of text.replace(/\x1b\[\d+m/g, "").split("\n")) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
    const back = /^\x1b\[(?<count>\d+)A\x1b\[J(?<rest>.*)$/.exec(line)?.groups;
    if (back) lines.splice(lines.length - Number(back.count));
    lines.push(back?.rest ?? line);
  }
  return lines;
}
