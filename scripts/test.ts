// Everything that verifies this repository: `npm test`, or by stage `npm test -- types unit`.
import { availableParallelism } from "node:os";
import { messageOf } from "../provider/message-of.ts";
import { ensurePackages } from "../test/lab/packages.ts";
import { runCommand } from "./command.ts";
import type { FileResult } from "./test-lines.ts";

interface Outcome {
  ok: boolean;
  /** Shown when it failed. */
  output: string;
}

/** A check that isn't a test. `after`: the stage whose result it needs. */
interface Check {
  run: () => Promise<Outcome>;
  after?: string;
}

/** In the order in which they start; the longest first, and as many at a time as there are processors. */
const CHECKS: Record<string, Check> = {
  types: { run: () => runCommand("tsc", ["--incremental", "--tsBuildInfoFile", ".cache/types.json"]) },
  build: { run: () => runCommand(process.execPath, ["scripts/build.ts"]) },
  unused: { run: () => runCommand("knip", []) },
  lint: { run: () => runCommand("biome", ["ci", ".", `--colors=${process.stdout.isTTY ? "force" : "off"}`]) },
  publint: { run: () => runCommand("publint", ["--strict"]), after: "build" },
};

/** Projects of vitest. Those of one run share its workers, so that none waits for another. */
const TEST_RUNS = [["unit"], ["engine", "live", "package"]];

const known = [...Object.keys(CHECKS), ...TEST_RUNS.flat()];
const names = process.argv.slice(2);
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`no stage ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exit(1);
}
const chosen = new Set(names.length === 0 ? known : names);
const failed: string[] = [];
const notes: string[] = [];
const total = { passed: 0, failed: 0, skipped: 0 };

await runChecks(Object.keys(CHECKS).filter((name) => chosen.has(name)));
for (const run of TEST_RUNS) await runTests(run.filter((project) => chosen.has(project)));

console.log(notes.length === 0 ? "\nNothing was skipped." : `\nSkipped:\n  ${notes.join("\n  ")}`);
if (failed.length > 0) console.log(`Failed: ${failed.join(", ")}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
console.log(`${(performance.now() / 1000).toFixed(0)} s`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs checks side by side, each one after what it needs. */
async function runChecks(waiting: string[]): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const isFree = (name: string) => {
    const after = CHECKS[name]?.after;
    return after === undefined || !(waiting.includes(after) || running.has(after));
  };
  while (waiting.length > 0 || running.size > 0) {
    const next = running.size < availableParallelism() ? waiting.find(isFree) : undefined;
    if (next === undefined) await Promise.race(running.values());
    else {
      waiting.splice(waiting.indexOf(next), 1);
      running.set(
        next,
        runCheck(next).finally(() => running.delete(next)),
      );
    }
  }
}

async function runCheck(name: string): Promise<void> {
  const started = performance.now();
  const { ok, output } = (await CHECKS[name]?.run()) ?? { ok: true, output: "" };
  report({ stage: name, ok, seconds: (performance.now() - started) / 1000 });
  if (!ok) console.log(output);
}

async function runTests(projects: string[]): Promise<void> {
  if (projects.includes("live")) {
    const why = await whyNotLive();
    if (why !== undefined) {
      projects = projects.filter((project) => project !== "live");
      const inCi = process.env.CI === "true";
      report({ stage: "live", ok: !inCi, seconds: 0, text: inCi ? why : "SKIPPED" });
      if (!inCi) notes.push(`live: ${why.replace(/\s+/g, " ")}`);
    }
  }
  if (projects.length === 0) return;
  const started = performance.now();
  const results: FileResult[] = [];
  const { ok, output } = await runCommand(
    "vitest",
    [
      "run",
      ...projects.flatMap((project) => ["--project", project]),
      ...["--reporter=default", "--reporter=./scripts/test-lines.ts"],
    ],
    {
      onResult: (line) => {
        // Written by our own reporter.
        const result = JSON.parse(line) as FileResult;
        results.push(result);
        const { project, file, ok, seconds } = result;
        report({ stage: project, ok, seconds, text: file });
      },
    },
  );
  const wall = (performance.now() - started) / 1000;
  for (const project of projects) {
    const files = results.filter((result) => result.project === project);
    // A test file that can't be loaded, or an error outside of all tests, fails without a failed test.
    const stageOk = files.every((file) => file.ok) && (ok || results.some((result) => !result.ok));
    const passed = sum(files, (file) => file.passed);
    const failures = stageOk
      ? 0
      : Math.max(
          1,
          sum(files, (file) => file.failed),
        );
    const skipped = sum(files, (file) => file.skipped.length);
    total.passed += passed;
    total.failed += failures;
    total.skipped += skipped;
    const counts = [`${passed} passed`];
    if (failures > 0) counts.push(`${failures} failed`);
    if (skipped > 0) counts.push(`${skipped} skipped`);
    const seconds = projects.length === 1 ? wall : sum(files, (file) => file.seconds);
    report({ stage: project, ok: stageOk, seconds, text: counts.join(", ") });
    notes.push(...files.flatMap(skippedTests));
  }
  if (projects.length > 1) console.log(`${"".padEnd(18)}${wall.toFixed(1).padStart(6)} s   side by side`);
  if (!ok) console.log(output);
}

/** Why the live tests can't run. Without libvirt they are skipped with a note, but in CI they fail. */
async function whyNotLive(): Promise<string | undefined> {
  try {
    await ensurePackages();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

interface Line {
  stage: string;
  ok: boolean;
  seconds: number;
  text?: string;
}

function report({ stage, ok, seconds, text = "" }: Line): void {
  const columns = [stage.padEnd(10), (ok ? "ok" : "FAILED").padEnd(8), `${seconds.toFixed(1).padStart(6)} s`];
  console.log(`${columns.join("")}   ${text}`.trimEnd());
  if (!ok && !failed.includes(stage)) failed.push(stage);
}

/** A line for each reason. */
function skippedTests({ project, file, skipped }: FileResult): string[] {
  const groups = Map.groupBy(skipped, (why) => why);
  return [...groups].map(
    ([why, tests]) => `${project}: ${file}: ${why}${tests.length === 1 ? "" : ` (${tests.length} tests)`}`,
  );
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((so, item) => so + of(item), 0);
}
