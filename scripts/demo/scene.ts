import { once } from "node:events";
import { openStack, type RunOptions, type RunResult, type StackDriver } from "../../test/engine/driver.ts";
import { agentAnswers } from "../../test/lab/agent.ts";
import type { GuestConsole } from "../../test/lab/console.ts";
import type { Lab } from "../../test/lab/lab.ts";
import { linePrinter, patiently, say } from "./page.ts";
import type { Program } from "./program.ts";

/** What the steps of the demo act on: a VM and the stack that it belongs to. */
export interface Scene {
  readonly lab: Lab;
  readonly program: Program;
  readonly stack: StackDriver;
  /** The VM's. */
  readonly console: GuestConsole;
  /** Aborted when the demo is to end early. */
  readonly signal: AbortSignal;
}

export async function openScene(lab: Lab, program: Program, signal: AbortSignal): Promise<Scene> {
  const { folder, backend } = program;
  const stack = await openStack({ projectDir: folder, stack: "dev", backendDir: backend });
  return { lab, program, stack, console: lab.console(program.console), signal };
}

/**
 * Runs one of Pulumi's operations and shows what it prints.
 *
 * @throws when it fails, unless no changes were expected: then `ok` says whether there were any
 */
export async function runPulumi(
  scene: Scene,
  operation: "preview" | "up" | "refresh" | "destroy",
  options: RunOptions = {},
): Promise<RunResult> {
  const { stack, signal } = scene;
  signal.throwIfAborted();
  const print = linePrinter("  ");
  // The demo's first line has said which engine runs.
  const onOutput = (text: string) => print(text.replace(/^engine: .*\n/m, ""));
  const running = stack[operation]({ ...options, onOutput, signal });
  const result = await patiently(`pulumi ${operation} is under way`, running);
  signal.throwIfAborted();
  if (!result.ok && !options.expectNoChanges) {
    throw new Error(`pulumi ${operation} failed: ${result.errors.join("; ")}`);
  }
  return result;
}

/** Waits for something that the guest does, unless the demo is to end early. */
export async function waitForGuest({ signal }: Scene, work: Promise<unknown>): Promise<void> {
  await patiently("waiting for the guest", Promise.race([work, once(signal, "abort")]));
  signal.throwIfAborted();
}

/** Whoever answers before an attach is the one to ask afterwards; the agent starts a moment after its guest. */
export function agentIsThere(scene: Scene): Promise<void> {
  return waitForGuest(scene, agentAnswers(scene.lab, scene.program.domain));
}

/** Waits for a line on the guest's console, and shows what the guest has said from `after` on. */
export async function showGuest(scene: Scene, line: RegExp, after: number): Promise<void> {
  const { console } = scene;
  await waitForGuest(scene, console.waitFor(line, { after, timeoutMs: 120_000 }));
  say("  the guest's console:");
  for (const [text] of console
    .text()
    .slice(after)
    .matchAll(/^.*GUEST .*$/gm))
    say(`    ${text.trim()}`);
}

export function showProgram({ program }: Scene): void {
  say("  index.ts:");
  for (const line of program.text().trimEnd().split("\n")) say(`    ${line}`);
  say();
}

/** Edits the program, and shows the edit. */
export function editProgram({ program }: Scene, change: { memory: string; argument?: string }): void {
  const { before, after } = program.edit(change);
  say("  index.ts:");
  for (const line of before) say(`  - ${line}`);
  for (const line of after) say(`  + ${line}`);
  say();
}
