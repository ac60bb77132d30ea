/** Times a piece of work, in milliseconds, as a sample of that row. */
export type Measure = <T>(row: string, work: () => Promise<T>) => Promise<T>;

/** One way to do the same work as the others. The round counts from 0, the warm-up included. */
export type Contender = (measure: Measure, round: number) => Promise<unknown>;

/** The samples of each row; those of the same index were taken in the same round. */
export type Samples = Map<string, number[]>;

/** How often the progress is said. */
const PROGRESS_MS = 5_000;

/**
 * Runs all contenders in turn, round after round, so that a machine that becomes slower or faster meanwhile does so
 * for all of them. Who begins changes from round to round. The first round warms up, and isn't counted.
 */
export async function inRounds(rounds: number, contenders: readonly Contender[]): Promise<Samples> {
  const samples: Samples = new Map();
  let lastSaid = performance.now();
  for (let round = 0; round <= rounds; round++) {
    if (performance.now() - lastSaid >= PROGRESS_MS) {
      progress(`round ${round} of ${rounds}`);
      lastSaid = performance.now();
    }
    const measure: Measure = async (row, work) => {
      const started = performance.now();
      const result = await work();
      const time = performance.now() - started;
      const known = samples.get(row) ?? [];
      samples.set(row, round === 0 ? known : [...known, time]);
      return result;
    };
    for (let turn = 0; turn < contenders.length; turn++) {
      await contenders[(round + turn) % contenders.length]?.(measure, round);
    }
  }
  return samples;
}

/** On the standard error: the standard output is for results. */
export function progress(text: string): void {
  process.stderr.write(`  … ${text}\n`);
}
