import { appendFileSync, existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { labOfThisFile } from "../../support/live-lab.ts";
import { playStory } from "./player.ts";
import { anyStory } from "./story.ts";

/** How many updates are previewed and carried out. */
const STEPS = Number(process.env.ORACLE_STEPS ?? 150);
const SEED = Number(process.env.ORACLE_SEED ?? 1);
/** Goes on where an earlier run of this seed ended: the file has a line for each story that was played. */
const PROGRESS = process.env.ORACLE_PROGRESS;

/** A fault tends to show in many stories. */
const MAX_FAILURES = Number(process.env.ORACLE_FAILURES ?? 3);

const lab = labOfThisFile();

function playedBefore(): { steps: number; story: number } {
  const nothing = { steps: 0, story: 0 };
  if (PROGRESS === undefined || !existsSync(PROGRESS)) return nothing;
  const lines = readFileSync(PROGRESS, "utf8").split("\n").filter(Boolean);
  const played = lines.map((line) => JSON.parse(line)).filter(({ seed }) => seed === SEED);
  return played.at(-1) ?? nothing;
}

test(`what a preview says of a random change is what virsh shows after it (seed ${SEED})`, async () => {
  const counts: Record<string, number> = {};
  const failed: string[] = [];
  let { steps, story } = playedBefore();
  while (steps < STEPS && failed.length < MAX_FAILURES) {
    const [one] = fc.sample(anyStory, { seed: SEED * 1_000_003 + story, numRuns: 1 });
    if (one === undefined) throw new Error("no story was made");
    const report = await playStory(lab(), one);
    for (const outcome of report.outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (report.mismatches.length > 0)
      failed.push(
        [
          `story ${story} of seed ${SEED}:`,
          ...report.log,
          ...report.mismatches.map((one) => `  ✗ ${one}`),
        ].join("\n"),
      );
    steps += report.steps;
    story += 1;
    if (PROGRESS !== undefined)
      appendFileSync(
        PROGRESS,
        `${JSON.stringify({ seed: SEED, story, steps, failed: report.mismatches.length > 0 ? failed.at(-1) : undefined })}\n`,
      );
  }
  console.log(`oracle: ${steps} steps, ${story} stories, seed ${SEED}: ${JSON.stringify(counts)}`);
  expect(failed.join("\n\n")).toBe("");
}, 100_000_000);
