import type { Lab } from "../../test/lab/lab.ts";
import type { Claim } from "./claim.ts";
import * as emptyNode from "./empty-node.ts";
import { explain } from "./explain.ts";
import * as nextBoot from "./next-boot.ts";
import { heading, say, secondsSince } from "./page.ts";
import type { Program } from "./program.ts";
import { openScene } from "./scene.ts";
import { shrink } from "./shrink.ts";
import * as steps from "./steps.ts";

interface StepTaken {
  readonly title: string;
  readonly time: string;
  readonly claims: readonly Claim[];
}

/** The programs that the demo runs. */
export interface Programs {
  readonly web: Program;
  readonly reserve: Program;
}

/**
 * Walks through the life of a VM, and of a second one, and checks on the way all that it claims. `keep`: the VMs are
 * there at the end.
 *
 * @returns whether every claim held
 */
export async function walkThrough(
  lab: Lab,
  programs: Programs,
  { keep, ...shown }: { keep: boolean; signal: AbortSignal; verbose: boolean },
): Promise<boolean> {
  const web = await openScene(lab, programs.web, shown);
  const reserve = await openScene(lab, programs.reserve, shown);
  const taken: StepTaken[] = [];
  const step = async <S>(title: string, work: (scene: S) => Promise<Claim[]>, scene: S) => {
    heading(`${taken.length + 1}. ${title}`);
    const started = performance.now();
    const claims = await work(scene);
    taken.push({ title, time: secondsSince(started), claims });
    for (const claim of claims) printClaim(claim, "  ");
  };

  const started = performance.now();
  await step("the program; pulumi up defines and starts the VM", steps.create, web);
  await step("edit memory, vCPUs and a disk; pulumi preview --diff", steps.previewGrowth, web);
  await step("pulumi up; the running VM grows", steps.grow, web);
  await step("what the next boot will have", steps.nextBoot, web);
  await step("the memory of the running VM", explain, web);
  await step("pulumi up again", steps.upAgain, web);
  await step("pulumi refresh", steps.refresh, web);
  await step("a size that can't be plugged; pulumi preview --diff", steps.previewReplace, web);
  await step("the same size, at the next boot; pulumi preview --diff", nextBoot.previewNextBoot, web);
  await step("pulumi up; the running VM is unchanged", nextBoot.deferGrowth, web);
  await step("the next boot: shut down and started", nextBoot.shutDownAndStart, web);
  await step("pulumi refresh", nextBoot.refreshPending, web);
  await step("a VM with an empty NUMA node; pulumi preview", emptyNode.previewEmptyNode, reserve);
  await step("pulumi up", emptyNode.createEmptyNode, reserve);
  await step(
    "pulumi up with 256 MiB more; the agent brings them online in that node",
    emptyNode.growIntoNode,
    reserve,
  );
  await step("pulumi up with 512 MiB again; the DIMM is unplugged from the running VM", shrink, reserve);
  if (!keep) await step("pulumi destroy", steps.destroy, [web, reserve]);

  heading("in short");
  for (const { title, time, claims } of taken) {
    const failed = claims.filter(({ holds }) => !holds);
    say(`${failed.length === 0 ? "✓" : "✗"} ${time.padStart(7)}  ${title}`);
    for (const claim of failed) printClaim(claim, " ".repeat(11));
  }
  say(`${secondsSince(started).padStart(9)}  in all`);
  heading("the review of the first preview");
  console.log(steps.REVIEW_COMMAND);
  return taken.every(({ claims }) => claims.every(({ holds }) => holds));
}

function printClaim({ holds, text, seen }: Claim, indent: string): void {
  say(`${indent}${holds ? "✓" : "✗ NOT TRUE:"} ${text}: ${seen}`);
}
