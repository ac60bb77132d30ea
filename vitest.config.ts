import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import LongestFirst from "./scripts/longest-first.ts";

/**
 * For tests that start processes: one more than there are processors, since each waits for a guest or a process now and then.
 * A guest takes up to 1.5 GiB.
 */
const WORKERS = Math.min(6, availableParallelism() + 1);

/** How many cases a property tries, and from which seed. */
const PROPERTIES = "./test/support/properties.ts";

// Each project is one kind of proof; `scripts/test.ts` runs them and lists what was skipped.
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          // All that has no project of its own, so that a new room's tests can't be forgotten.
          include: ["test/**/*.test.ts"],
          exclude: ["test/{engine,lab,live,package,plugin/executable}/**"],
          // Against a test that hangs: a busy machine takes its time, and a soak many times as much.
          testTimeout: process.env.PROPERTY_RUNS_FACTOR === undefined ? 120_000 : 3_600_000,
          setupFiles: PROPERTIES,
          // Units leave nothing behind in their process: sharing one saves two thirds of the time, the imports.
          isolate: false,
          // Left alone, vitest leaves one processor of two idle.
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "engine",
          include: ["test/{engine,plugin/executable}/**/*.test.ts"],
          isolate: false,
          setupFiles: PROPERTIES,
          testTimeout: 120_000,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "live",
          include: ["test/live/**/*.test.ts", "test/lab/**/*.test.ts"],
          // Each file starts a lab of its own and ends it; what they share is the second that Pulumi's SDK takes to load.
          isolate: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          testTimeout: 120_000,
          // Installs the packed package, with packages that may have to be fetched.
          hookTimeout: 300_000,
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
