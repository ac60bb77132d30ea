import { writeFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/** What a vitest run came to. */
export interface TestCounts {
  passed: number;
  failed: number;
  /** One entry for every skipped test. */
  skipped: { file: string; why: string }[];
}

/** The environment variable that names the file for the counts. */
export const countsFile = "TEST_COUNTS_FILE";

/** A vitest reporter that leaves a run's counts, with the reasons of what was skipped, in a file. */
export default class TestCountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts: TestCounts = { passed: 0, failed: 0, skipped: [] };
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === "passed") counts.passed += 1;
        else if (result.state === "failed") counts.failed += 1;
        else {
          const note = result.state === "skipped" ? result.note : undefined;
          const { mode } = test.options;
          // In any other mode its suite's preparation failed, or the run was cut short.
          const left = mode === "skip" || mode === "todo" ? mode : "did not run";
          counts.skipped.push({ file: module.relativeModuleId, why: note ?? left });
        }
      }
    }
    const path = process.env[countsFile];
    if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
  }
}
