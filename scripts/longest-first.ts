import { statSync } from "node:fs";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Starts the test files that took longest in the last run first, whatever their project, so that all workers end together. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const order = (spec: TestSpecification) => spec.project.config.sequence.groupOrder;
    // A file that never ran goes by its size: a second for a KiB.
    const weight = (spec: TestSpecification) =>
      this.ctx.cache.getTestSpecificationResult(spec)?.duration ?? statSync(spec.moduleId).size;
    return files.toSorted((a, b) => order(a) - order(b) || weight(b) - weight(a));
  }
}
