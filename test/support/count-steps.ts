import { type Profiler, Session } from "node:inspector/promises";

/** The parts of the language that go through a whole list or text at once, which coverage counts as one step. */
const WHOLE: [prototype: object, methods: string[]][] = [
  [Array.prototype, ["indexOf", "lastIndexOf", "includes", "splice", "slice", "concat", "join", "reverse"]],
  [String.prototype, ["slice", "replace", "replaceAll", "split", "trim", "trimEnd", "includes"]],
];

/**
 * How many steps the provider takes for some work: how often each block of its code runs, as V8 counts them, and the
 * length of each list or text that is gone through as a whole. It doesn't depend on the machine or its load, but V8 loses some
 * counts now and then: never more than the work has, so the most of several runs is taken.
 */
async function countSteps(work: () => unknown): Promise<number> {
  let most = 0;
  for (let run = 0; run < RUNS; run++) most = Math.max(most, await countStepsOnce(work));
  return most;
}

const RUNS = 4;

async function countStepsOnce(work: () => unknown): Promise<number> {
  const session = new Session();
  session.connect();
  const counted = countWhole();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    await session.post("Profiler.takePreciseCoverage");
    await counted.during(work);
    const { result } = await session.post("Profiler.takePreciseCoverage");
    return counted.elements() + blocks(result);
  } finally {
    session.disconnect();
  }
}

function blocks(scripts: Profiler.ScriptCoverage[]): number {
  let steps = 0;
  for (const { functions } of scripts.filter(({ url }) => url.includes("/provider/")))
    for (const { ranges } of functions) for (const { count } of ranges) steps += count;
  return steps;
}

function countWhole() {
  let elements = 0;
  const during = async (work: () => unknown) => {
    const originals = WHOLE.flatMap(([prototype, methods]) =>
      methods.map((name) => ({ prototype, name, original: Reflect.get(prototype, name) as Method })),
    );
    for (const { prototype, name, original } of originals)
      Reflect.set(prototype, name, function (this: { length: number }, ...args: unknown[]) {
        elements += name === "slice" ? Reflect.apply(original, this, args).length : this.length;
        return Reflect.apply(original, this, args);
      });
    try {
      await work();
    } finally {
      for (const { prototype, name, original } of originals) Reflect.set(prototype, name, original);
    }
  };
  return { during, elements: () => elements };
}

type Method = (...args: unknown[]) => { length: number };

/** For four times the input linear work takes 4 times the steps, and quadratic work 16 times. */
export const MOST_GROWTH = 8;

/**
 * Whether work grows in proportion to the size of its input: how many times the steps it takes for four times the input.
 *
 * @param prepare the work for an input of a size
 * @param sizes the two sizes, the second four times the first
 */
export async function growth(
  prepare: (size: number) => () => unknown,
  [small, large]: [number, number],
): Promise<number> {
  // What only the first run does, and what every run does whatever its input, isn't growth.
  await countStepsOnce(prepare(1));
  const least = await countSteps(prepare(1));
  const steps = await countSteps(prepare(small));
  return ((await countSteps(prepare(large))) - least) / Math.max(1, steps - least);
}
