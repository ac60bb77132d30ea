import { readFileSync } from "node:fs";

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
  return (await timedInRounds(rounds, contenders)).elapsed;
}

/**
 * The same, also with the processor time of the processes that the work started and waited for, and of those that these did. It
 * says more than the time that has passed where a machine does other things too.
 */
export async function timedInRounds(
  rounds: number,
  contenders: readonly Contender[],
): Promise<{ elapsed: Samples; processor: Samples }> {
  const [elapsed, processor]: [Samples, Samples] = [new Map(), new Map()];
  let lastSaid = performance.now();
  for (let round = 0; round <= rounds; round++) {
    if (performance.now() - lastSaid >= PROGRESS_MS) {
      progress(`round ${round} of ${rounds}`);
      lastSaid = performance.now();
    }
    const measure: Measure = async (row, work) => {
      const [started, used] = [performance.now(), processorMsOfChildren()];
      const result = await work();
      for (const [samples, sample] of [
        [elapsed, performance.now() - started],
        [processor, processorMsOfChildren() - used],
      ] as const) {
        const known = samples.get(row) ?? [];
        samples.set(row, round === 0 ? known : [...known, sample]);
      }
      return result;
    };
    for (let turn = 0; turn < contenders.length; turn++) {
      await contenders[(round + turn) % contenders.length]?.(measure, round);
    }
  }
  return { elapsed, processor };
}

/** Of a clock tick in /proc (sysconf(_SC_CLK_TCK)), which is the same on every Linux. */
const TICK_MS = 10;

/** Processor time of all processes that this one has waited for (cutime and cstime in proc(5)). */
function processorMsOfChildren(): number {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The name, in parentheses, may contain blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[CUTIME]) + Number(fields[CUTIME + 1])) * TICK_MS;
}

/** The 16th field of all, the 14th after the name. */
const CUTIME = 13;

/** On the standard error: the standard output is for results. */
export function progress(text: string): void {
  process.stderr.write(`  … ${text}\n`);
}
