import { isDeepStrictEqual } from "node:util";
import type { RunResult } from "../../engine/driver.ts";
import type { Lab } from "../../lab/lab.ts";
import { opOf, type StackOnLab, said, stackOnLab } from "../../support/stack-on-lab.ts";
import { play, removeDomain } from "./hands.ts";
import { placed, provideFiles, type SeenImage, seeImages } from "./host-files.ts";
import { mismatches, type Outcome } from "./judge.ts";
import { edited, mibOf, type Program } from "./program.ts";
import { see } from "./seen.ts";
import { START, type Story, type Turn } from "./story.ts";

/** How a story went: what was done, a line each, and each step whose end differs from what its preview said. */
export interface Report {
  steps: number;
  outcomes: Outcome[];
  log: string[];
  mismatches: string[];
}

const NAME = "vm";

/** Plays one story with one domain, until its end or the first mismatch. */
export async function playStory(lab: Lab, story: Story): Promise<Report> {
  const report: Report = { steps: 0, outcomes: [], log: [], mismatches: [] };
  await provideFiles(lab);
  const files = seeImages(lab);
  let program = edited(START, story.first);
  const stack = await stackOnLab(lab, { [NAME]: placed(lab, program) });
  try {
    const create: Turn = { hands: [], edits: [], refreshes: false };
    const scene = {
      lab,
      stack,
      grownBy: undefined,
      previous: undefined,
      devicesTouched: false,
      onlyLists: false,
    };
    let isClean = await turn({ ...scene, program: placed(lab, program), turn: create }, report);
    let devicesTouched = false;
    for (const next of story.turns) {
      if (report.mismatches.length > 0) break;
      const grown = isClean && next.hands.length === 0 ? grownBy(program, next) : undefined;
      const onlyLists = isClean && next.hands.length === 0 && next.edits.every(({ kind }) => kind === "list");
      const previous = placed(lab, program);
      program = edited(program, next.edits);
      setProgram(stack, placed(lab, program));
      devicesTouched ||= next.hands.some(({ kind }) => kind === "devices");
      isClean = await turn(
        {
          ...scene,
          program: placed(lab, program),
          previous,
          turn: next,
          grownBy: grown,
          devicesTouched,
          onlyLists,
        },
        report,
      );
    }
    if (report.mismatches.length === 0) report.mismatches.push(...(await end(lab, stack, files)));
  } finally {
    await removeDomain(lab, NAME);
  }
  return report;
}

interface Scene {
  lab: Lab;
  stack: StackOnLab;
  program: Program;
  turn: Turn;
  grownBy: number | undefined;
  previous: Program | undefined;
  devicesTouched: boolean;
  onlyLists: boolean;
}

/** Destroy deletes no image that was there before, or that the program doesn't want deleted. */
async function end(lab: Lab, stack: StackOnLab, files: Record<string, SeenImage>): Promise<string[]> {
  const before = seeImages(lab);
  const destroyed = await stack.destroy();
  const after = seeImages(lab);
  const lost = Object.keys(before).filter((path) => !(path in after));
  const wrong = lost.filter((path) => path in files || !/made-\d\.raw$/.test(path));
  return [
    ...(destroyed.ok ? [] : [`destroy: ${failureOf(destroyed)}`]),
    ...wrong.map((path) => `destroy deleted ${path}`),
    ...Object.keys(after).flatMap((path) =>
      path in before && after[path]?.inode !== before[path]?.inode ? [`destroy replaced ${path}`] : [],
    ),
  ];
}

/** @returns whether the domain is now exactly as the program says */
async function turn(
  { lab, stack, program, turn: { hands, refreshes }, ...scene }: Scene,
  report: Report,
): Promise<boolean> {
  const { log } = report;
  for (const hand of hands) log.push(`virsh: ${(await play(lab, NAME, hand)).line}`);
  if (refreshes) log.push(`refresh: ${(await stack.refresh()).errors.join("; ") || "ok"}`);
  log.push(`program: ${JSON.stringify(program)}`);
  const before = await see(lab, NAME);
  const preview = await stack.preview();
  const announced = { ...outcomeOf(preview), text: said(preview, NAME) };
  log.push(`preview: ${announced.outcome}: ${announced.headline}`);
  const seenAfterPreview = await see(lab, NAME);
  const changedByPreview = isDeepStrictEqual(before, seenAfterPreview)
    ? []
    : ["the preview changed something"];

  const up = await stack.up();
  const failure = up.ok ? undefined : failureOf(up);
  log.push(`up: ${failure ?? "ok"}`);
  const after = await see(lab, NAME);
  const played = { name: NAME, program, said: announced, failure, before, after, ...scene };
  report.steps += 1;
  report.outcomes.push(announced.outcome);
  report.mismatches.push(...changedByPreview, ...mismatches(played));
  // What was announced as nothing or as a setting may leave a difference for the next preview to plan.
  const isDone = failure === undefined && !["none", "setting", "gone"].includes(announced.outcome);
  if (isDone) report.mismatches.push(...(await secondUp(lab, stack, report)));
  return isDone && announced.outcome !== "nextBoot";
}

/** Undefined where something else changes too. */
function grownBy(program: Program, { edits }: Turn): number | undefined {
  if (edits.some(({ kind }) => kind !== "memory")) return undefined;
  return mibOf(edited(program, edits).memory) - mibOf(program.memory);
}

/** A second up has nothing to do, and does nothing. */
async function secondUp(lab: Lab, stack: StackOnLab, { log }: Report): Promise<string[]> {
  const before = await see(lab, NAME);
  const again = await stack.up();
  const after = await see(lab, NAME);
  const op = opOf(again, NAME);
  const isEmpty = again.ok && (op === undefined || op === "same");
  if (!isEmpty) log.push(`second up: ${op}: ${again.ok ? said(again, NAME) : failureOf(again)}`);
  return [
    ...(isEmpty ? [] : ["the second up isn't empty"]),
    ...(isDeepStrictEqual(before, after) ? [] : ["the second up changed something"]),
  ];
}

const WORDS: readonly [start: string, outcome: Outcome][] = [
  ["setting only", "setting"],
  ["live", "live"],
  ["next boot", "nextBoot"],
  ["restart", "restart"],
  ["replace", "replace"],
];

function outcomeOf(preview: RunResult): { outcome: Outcome; headline: string } {
  if (!preview.ok) return { outcome: "refuse", headline: failureOf(preview) };
  const op = opOf(preview, NAME);
  const lines = said(preview, NAME).split("\n");
  if (op === "create") return { outcome: "create", headline: lines[0] ?? "" };
  for (const line of lines) {
    const text = line.replace(/^(info|warning): /, "");
    const found = WORDS.find(([start]) => text.startsWith(`${start}:`));
    if (found !== undefined && op !== "same") return { outcome: found[1], headline: text };
  }
  if (lines.some((line) => line.includes("no longer exists"))) return { outcome: "gone", headline: "" };
  return { outcome: op === undefined || op === "same" ? "none" : "setting", headline: lines.join(" | ") };
}

function failureOf(result: RunResult): string {
  return [...result.errors, said(result, NAME)].filter(Boolean).join(" | ").slice(0, 600);
}

/** Arguments that the program no longer has are taken out. */
function setProgram(stack: StackOnLab, program: Program): void {
  stack.drop(NAME);
  stack.edit(NAME, program);
}
