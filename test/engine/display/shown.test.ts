import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inProcessHosts } from "../hosts/in-process.ts";
import { runOperation } from "../operation.ts";
import { readProject } from "../stack/project.ts";
import { stackUrn } from "../stack/urn.ts";
import { Display } from "./display.ts";
import { type PreviewJson, previewJson } from "./json.ts";
import {
  COLUMNS,
  comparableJson,
  jsonFile,
  PASSWORD,
  PROGRAM,
  recordingFile,
  type Shown,
  scenarios,
  steady,
  VIEWS,
  type View,
} from "./scenarios.ts";
import { screen } from "./screen.ts";

const require = createRequire(import.meta.url);
const program: () => Promise<Record<string, unknown>> = require(PROGRAM);
const { makeProvider }: { makeProvider: (engineAddress: string) => dynamic.ResourceProvider } = require(
  join(PROGRAM, "provider.js"),
);
const hosts = inProcessHosts({
  program,
  provider: ({ engineAddress }) => ({
    kind: "dynamic",
    provider: makeProvider(engineAddress),
    close: async () => {},
  }),
});

const dir = mkdtempSync(join(tmpdir(), "shown-"));
const shown = new Map<string, Record<View, string> & { json: PreviewJson }>();
const project = readProject(PROGRAM);
const config = {
  values: { "vms:password": PASSWORD } as Record<string, string>,
  secretKeys: ["vms:password"],
};

beforeAll(async () => {
  for (const scenario of scenarios) shown.set(scenario.name, await show(scenario));
}, 240_000);

afterAll(() => rmSync(dir, { recursive: true }));

/** One operation, as each view shows it, and as JSON. */
async function show({
  operation,
  config: change = {},
}: Shown): Promise<Record<View, string> & { json: PreviewJson }> {
  for (const [key, value] of Object.entries(change)) config.values[`vms:${key}`] = value;
  const kind = operation === "refresh" || operation === "destroy" ? operation : "update";
  const preview = operation === "preview";
  const text = { plain: "", diff: "", terminal: "" };
  const displays = VIEWS.map(
    (view) =>
      new Display({
        ...{ kind, preview, stack: "dev", stackUrn: stackUrn({ project: project.name, stack: "dev" }) },
        engine: "small",
        diff: view === "diff",
        terminal: view === "terminal" ? { columns: COLUMNS } : undefined,
        write: (output) => {
          text[view] += output;
        },
      }),
  );
  const result = await runOperation(kind, {
    ...{ hosts, project, stack: "dev", stateFile: join(dir, "dev.json"), config, preview },
    ...{ env: process.env, refresh: false, parallel: 1, continueOnError: false },
    signal: new AbortController().signal,
    onEvent: (event) => {
      for (const display of displays) display.show(event);
    },
  });
  for (const display of displays) display.close(result);
  return { ...text, json: previewJson(result, config) };
}

/** The first line names the engine. */
const withoutEngine = (text: string) => text.replace(/^engine: .*\n/, "");

describe.each(VIEWS)("shows what the real CLI v3.260 shows: %s", (view) => {
  test.each(scenarios.map(({ name }) => name))("%s", (name) => {
    const text = withoutEngine(shown.get(name)?.[view] ?? "");
    const seen = view === "terminal" ? screen(text, COLUMNS) : text;
    expect(steady(seen)).toBe(readFileSync(recordingFile(view, name), "utf8"));
  });
});

describe("a preview's JSON has what the real CLI's has", () => {
  test.each(scenarios.filter(({ operation }) => operation === "preview").map(({ name }) => name))(
    "%s",
    (name) => {
      const json = JSON.parse(JSON.stringify(comparableJson(shown.get(name)?.json)));
      expect(json).toEqual(JSON.parse(readFileSync(jsonFile(name), "utf8")));
    },
  );
});

test("the first line says which engine runs", () => {
  expect(shown.get("up-live")?.plain).toMatch(/^engine: small\nUpdating \(dev\):\n/);
});

test("colours are for terminals", () => {
  const live = shown.get("preview-live");
  expect(live?.terminal).toContain("\x1b[33m ~ ");
  for (const { plain, diff } of shown.values()) expect(plain + diff).not.toContain("\x1b");
});

test("neither secrets nor hidden properties are shown", () => {
  const all = [...shown.values()].flatMap(({ plain, diff, terminal }) => [plain, diff, terminal]).join("");
  expect(all).not.toMatch(/__provider|__urn|hunter/);
});
