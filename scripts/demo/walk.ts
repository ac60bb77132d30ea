import { openStack } from "../../test/engine/driver.ts";
import type { Lab } from "../../test/lab/lab.ts";
import { heading, say, secondsSince } from "./page.ts";
import type { Program } from "./program.ts";
import type { Scene } from "./scene.ts";
import * as steps from "./steps.ts";

/** Something that the demo claims. */
export interface Claim {
  readonly text: string;
  readonly holds: boolean;
  /** What shows whether it holds. */
  readonly seen: string;
}

interface StepTaken {
  readonly title: string;
  readonly time: string;
  readonly claims: readonly Claim[];
}

/**
 * Walks through a VM's life, and checks on the way all that it claims. `keep`: the VM is there at the end.
 *
 * @returns whether every claim held
 */
export async function walkThrough(
  lab: Lab,
  program: Program,
  { keep, signal }: { keep: boolean; signal: AbortSignal },
): Promise<boolean> {
  const stack = await openStack({
    projectDir: program.folder,
    stack: "dev",
    backendDir: lab.file("state"),
  });
  const scene: Scene = { lab, program, stack, console: lab.console(program.console), signal };
  const taken: StepTaken[] = [];
  const step = async (title: string, work: (scene: Scene) => Promise<Claim[]>) => {
    heading(`${taken.length + 1}. ${title}`);
    const started = performance.now();
    const claims = await work(scene);
    taken.push({ title, time: secondsSince(started), claims });
    for (const claim of claims) sayClaim(claim, "  ");
  };

  const started = performance.now();
  await step("the program; pulumi up defines and starts the VM", steps.create);
  await step("edit a number; pulumi preview --diff", steps.previewGrowth);
  await step("pulumi up; the running VM grows", steps.grow);
  await step("what the next boot will have", steps.nextBoot);
  await step("pulumi up again", steps.upAgain);
  await step("pulumi refresh", steps.refresh);
  await step("a size that can't be plugged; pulumi preview --diff", steps.previewReplace);
  if (!keep) await step("pulumi destroy", steps.destroy);

  heading("in short");
  for (const { title, time, claims } of taken) {
    say(`${time.padStart(8)}  ${title}`);
    for (const claim of claims) sayClaim(claim, " ".repeat(10));
  }
  say(`${secondsSince(started).padStart(8)}  in all`);
  return taken.every(({ claims }) => claims.every(({ holds }) => holds));
}

function sayClaim({ holds, text, seen }: Claim, indent: string): void {
  say(`${indent}${holds ? "✓" : "✗ NOT TRUE:"} ${text}: ${seen}`);
}
