import fc from "fast-check";

/**
 * How many cases a property tries: `npm test` a sample, the same in every run; `npm run soak` many times as many, with
 * another seed in each round.
 */
const FACTOR = Number(process.env.PROPERTY_RUNS_FACTOR ?? 1);
const SEED = Number(process.env.PROPERTY_SEED ?? 1);

/** Parameters of a property that tries this many cases in `npm test`. */
export function cases(numRuns: number): { numRuns: number } {
  return { numRuns: numRuns * FACTOR };
}

/** The time limit, in milliseconds, of a test with much work; in a soak, where it has many times as much, an hour. */
export const LONG_TEST_MS = process.env.PROPERTY_RUNS_FACTOR === undefined ? 120_000 : 3_600_000;

fc.configureGlobal({ seed: SEED, ...cases(100) });
