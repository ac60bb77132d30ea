// The property tests with many cases, and another seed in each round, until a round fails or the time is up.
// Usage: npm run soak -- [--minutes 30] [--seed N] [test file…]   With a seed: one round, to repeat a failure.
//        npm run soak -- --oracle 3000 [--seed N]   Updates of real domains against their previews (test/live/oracle);
//        repeated with the same seed it goes on where it was interrupted.
import { randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "./command.ts";

/** Cases of a round, as a multiple of those of `npm test`. */
const FACTOR = 20;

const CACHE = join(import.meta.dirname, "../.cache");

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "30" },
    seed: { type: "string" },
    oracle: { type: "string" },
  },
});

if (values.oracle !== undefined) {
  const seed = values.seed ?? "1";
  mkdirSync(CACHE, { recursive: true });
  const environment = {
    ORACLE_STEPS: values.oracle,
    ORACLE_SEED: seed,
    ORACLE_PROGRESS: join(CACHE, `oracle-${seed}.jsonl`),
  };
  const { ok, output } = await runCommand("vitest", ["run", "--project", "live", "test/live/oracle"], {
    environment,
  });
  console.log(output);
  process.exit(ok ? 0 : 1);
}

const endsAt = performance.now() + Number(values.minutes) * 60_000;
do {
  const seed = values.seed ?? String(randomInt(2 ** 31));
  const started = performance.now();
  const { ok, output } = await runCommand(
    "vitest",
    // The name of a property test ends in its seed.
    ["run", "--project", "unit", "--project", "engine", "--testNamePattern", "with seed=", ...files],
    { environment: { PROPERTY_SEED: seed, PROPERTY_RUNS_FACTOR: String(FACTOR) } },
  );
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`seed ${seed}: ${ok ? "ok" : "FAILED"} in ${seconds} s`);
  if (!ok) {
    console.log(output);
    console.log(`To repeat it: npm run soak -- --seed ${seed} ${files.join(" ")}`.trimEnd());
    process.exitCode = 1;
    break;
  }
} while (values.seed === undefined && performance.now() < endsAt);
