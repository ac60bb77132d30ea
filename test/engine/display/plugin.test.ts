import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStack, type StackDriver } from "../driver.ts";
import { program, thing } from "../recordings/spec.ts";
import type { PreviewJson } from "./json.ts";
import { steady } from "./scenarios.ts";

const RECORDED = join(import.meta.dirname, "recorded/plugin");
const PLUGIN = join(import.meta.dirname, "../recordings/fixtures/plugin");

const dir = mkdtempSync(join(tmpdir(), "shown-plugin-"));
let stack: StackDriver;

function value(of: object, more: object = {}): void {
  writeFileSync(join(dir, "spec.json"), JSON.stringify(program([thing("a", { value: of, ...more })])));
}

const BEFORE = { list: [{ x: 1 }, { x: 2 }], deep: { key: "k1", y: 1 } };
const UPDATED = { list: [{ x: 1 }, { x: 3 }, { x: 4 }], deep: { key: "k1", y: 2, z: [1] } };
const REPLACED = { list: [{ x: 1 }], deep: { key: "k2", y: 2 } };

beforeAll(async () => {
  writeFileSync(join(dir, "behaviour.json"), "{}");
  value(BEFORE);
  stack = await openStack({
    ...{ projectDir: PLUGIN, stack: "dev", backendDir: dir, engine: "small" },
    env: {
      CALL_LOG: join(dir, "calls"),
      SPEC_FILE: join(dir, "spec.json"),
      BEHAVIOUR_FILE: join(dir, "behaviour.json"),
    },
  });
  expect((await stack.up()).errors).toEqual([]);
}, 120_000);
afterAll(() => rmSync(dir, { recursive: true }));

const recorded = (file: string) => readFileSync(join(RECORDED, file), "utf8");
/** Without the line that names the engine. */
const shown = (stdout: string) => steady(stdout.replace(/^engine: .*\n/, ""));

/** The one step that isn't `same`, as the JSON preview has its difference. */
function differenceIn(json: unknown): object {
  const { steps } = json as PreviewJson;
  const step = steps.find(({ op }) => op !== "same");
  const { diffReasons, replaceReasons, detailedDiff } = step ?? {};
  return { diffReasons, replaceReasons, detailedDiff };
}

test("an update shows the properties that a plugin names, at any depth, as the real CLI does", async () => {
  value(UPDATED, { new: "n" });
  const { stdout, json } = await stack.preview({ json: true });
  expect(shown(stdout)).toBe(recorded("plain.txt"));
  expect(differenceIn(json)).toEqual(JSON.parse(recorded("differences.json")).update);
  expect(shown((await stack.preview({ diff: true })).stdout)).toBe(recorded("diff.txt"));
});

test("a replacement shows all that differs, and which of it is the reason", async () => {
  value(REPLACED);
  const { stdout, json } = await stack.preview({ diff: true, json: true });
  expect(shown(stdout)).toBe(recorded("diff-replace.txt"));
  expect(differenceIn(json)).toEqual(JSON.parse(recorded("differences.json")).replace);
});
