import { writeSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** What a test file came to. */
export interface FileResult {
  project: string;
  file: string;
  ok: boolean;
  seconds: number;
  passed: number;
  failed: number;
  /** The reason of each skipped test. */
  skipped: string[];
}

/** The file descriptor that a line of JSON for each test file is written to. */
export const RESULTS_FD = 3;

/** A vitest reporter that tells `scripts/test.ts` about each test file as it ends. */
export default class TestLinesReporter implements Reporter {
  onTestModuleEnd(module: TestModule): void {
    const { setupDuration, collectDuration, duration } = module.diagnostic();
    const result: FileResult = {
      project: module.project.name,
      file: module.relativeModuleId,
      ok: module.ok(),
      seconds: (setupDuration + collectDuration + duration) / 1000,
      passed: 0,
      failed: 0,
      skipped: [],
    };
    for (const test of module.children.allTests()) {
      const outcome = test.result();
      if (outcome.state === "passed") result.passed += 1;
      else if (outcome.state === "failed") result.failed += 1;
      else {
        const note = outcome.state === "skipped" ? outcome.note : undefined;
        const { mode } = test.options;
        // In any other mode its suite's preparation failed, or the run was cut short.
        const reason = mode === "skip" || mode === "todo" ? mode : "did not run";
        result.skipped.push(note ?? reason);
      }
    }
    writeSync(RESULTS_FD, `${JSON.stringify(result)}\n`);
  }
}
