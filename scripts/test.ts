// All that proves this repository: `npm test`, or by name `npm test -- types unit`.
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePackages } from "../test/lab/packages.ts";
import { runCommand } from "./command.ts";
import { countsFile, type TestCounts } from "./test-counts.ts";

interface Outcome {
  ok: boolean;
  /** Shown when it failed. */
  output: string;
  counts?: TestCounts;
  /** Why it was left out. */
  skipped?: string;
}

const stages: Record<string, () => Promise<Outcome>> = {
  lint: () => runCommand("biome", ["ci", ".", `--colors=${process.stdout.isTTY ? "force" : "off"}`]),
  build: () => runCommand(process.execPath, ["scripts/build.ts"]),
  types: () => runCommand("tsc", ["--incremental", "--tsBuildInfoFile", ".cache/types.json"]),
  unused: () => runCommand("knip", []),
  publint: () => runCommand("publint", ["--strict"]),
  unit: () => vitest("unit"),
  engine: () => vitest("engine"),
  live,
  package: () => vitest("package"),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in stages));
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(", ")}; there are ${Object.keys(stages).join(", ")}`);
  process.exit(1);
}
const scratch = await mkdtemp(join(tmpdir(), "libvirt-hotplug-test-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
const chosen = Object.keys(stages).filter((name) => names.length === 0 || names.includes(name));
process.exitCode = (await runStages(chosen)) ? 0 : 1;

async function runStages(names: readonly string[]): Promise<boolean> {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const notes: string[] = [];
  const failures: string[] = [];
  for (const name of names) {
    process.stdout.write(name.padEnd(10));
    const started = performance.now();
    const { ok, output, counts, skipped } = (await stages[name]?.()) ?? { ok: true, output: "" };
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
    const word = ok ? (skipped === undefined ? "ok" : "SKIPPED") : "FAILED";
    console.log(`${word.padEnd(8)}${seconds} s${counts === undefined ? "" : `   ${inWords(counts)}`}`);
    if (!ok) {
      failures.push(name);
      console.log(output);
    }
    if (skipped !== undefined) notes.push(`${name}: ${skipped.replace(/\s+/g, " ")}`);
    if (counts !== undefined) {
      total.passed += counts.passed;
      // A test file that can't be loaded, or an error outside of all tests, fails without a failed test.
      total.failed += ok ? counts.failed : Math.max(counts.failed, 1);
      total.skipped += counts.skipped.length;
      notes.push(...skippedTests(name, counts));
    }
  }
  console.log(notes.length === 0 ? "\nNothing was skipped." : `\nSkipped:\n  ${notes.join("\n  ")}`);
  if (failures.length > 0) console.log(`Failed: ${failures.join(", ")}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return failures.length === 0;
}

function inWords({ passed, failed, skipped }: TestCounts): string {
  const words = [`${passed} passed`];
  if (failed > 0) words.push(`${failed} failed`);
  if (skipped.length > 0) words.push(`${skipped.length} skipped`);
  return words.join(", ");
}

/** A line for each file and reason. */
function skippedTests(stage: string, { skipped }: TestCounts): string[] {
  const groups = Map.groupBy(skipped, ({ file, why }) => `${stage}: ${file}: ${why}`);
  return [...groups].map(([line, tests]) => (tests.length === 1 ? line : `${line} (${tests.length} tests)`));
}

async function vitest(project: string): Promise<Outcome> {
  const path = join(scratch, `${project}.json`);
  const reporters = ["--reporter=default", "--reporter=./scripts/test-counts.ts"];
  const result = await runCommand("vitest", ["run", "--project", project, ...reporters], {
    [countsFile]: path,
  });
  const counts: TestCounts = existsSync(path)
    ? // Written by our own reporter.
      (JSON.parse(await readFile(path, "utf8")) as TestCounts)
    : { passed: 0, failed: 0, skipped: [] };
  return { ...result, counts };
}

/** What needs libvirt: left out loudly where that can't be had, but not in CI, which is there to have it. */
async function live(): Promise<Outcome> {
  try {
    await ensurePackages();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const inCi = process.env.CI === "true";
    return inCi
      ? { ok: false, output: why, counts: { passed: 0, failed: 0, skipped: [] } }
      : { ok: true, output: "", skipped: why };
  }
  return vitest("live");
}
