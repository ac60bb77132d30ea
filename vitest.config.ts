import { defineConfig } from "vitest/config";

// Each project is one kind of proof; `scripts/test.ts` runs them in this order and says what it skipped.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // All that has no project of its own, so that a new room's tests can't be forgotten.
          include: ["test/**/*.test.ts"],
          exclude: ["test/{engine,lab,live,package}/**"],
          testTimeout: 10_000,
          // Units leave nothing behind in their process: sharing one saves two thirds of the time, the imports.
          isolate: false,
          // Left alone, vitest leaves one processor of two idle.
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "live",
          include: ["test/live/**/*.test.ts", "test/lab/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          // At most two guests boot at once: TCG guests are CPU-bound.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          testTimeout: 120_000,
          // Installs the packed package, with packages that may have to be fetched.
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
