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

fc.configureGlobal({ seed: SEED, ...cases(100) });
