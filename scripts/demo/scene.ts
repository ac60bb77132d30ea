import { once } from "node:events";
import { WORDS } from "../../test/engine/display/words.ts";
import { openStack, type RunOptions, type RunResult, type StackDriver } from "../../test/engine/driver.ts";
import { nameOf } from "../../test/engine/stack/urn.ts";
import { agentAnswers } from "../../test/lab/agent.ts";
import type { GuestConsole } from "../../test/lab/console.ts";
import type { Lab } from "../../test/lab/lab.ts";
import { linePrinter, patiently, say } from "./page.ts";
import type { Program, ProgramChange } from "./program.ts";

/** What the steps of the demo act on: a VM and the stack that it belongs to. */
export interface Scene {
  readonly lab: Lab;
  readonly program: Program;
  readonly stack: StackDriver;
  /** The VM's. */
  readonly console: GuestConsole;
  /** Aborted when the demo is to end early. */
  readonly signal: AbortSignal;
  /** Shows all that commands print and the guest writes, not what matters of it. */
  readonly verbose: boolean;
}

export async function openScene(
  lab: Lab,
  program: Program,
  { signal, verbose }: Pick<Scene, "signal" | "verbose">,
): Promise<Scene> {
  const { folder, backend } = program;
  const stack = await openStack({ projectDir: folder, stack: "dev", backendDir: backend });
  return { lab, program, stack, console: lab.console(program.console), signal, verbose };
}

/**
 * Runs one of Pulumi's operations and shows what becomes of the VM.
 *
 * @throws when it fails, unless no changes were expected: then `ok` says whether there were any
 */
export async function runPulumi(
  scene: Scene,
  operation: "preview" | "up" | "refresh" | "destroy",
  options: RunOptions = {},
): Promise<RunResult> {
  const { stack, signal, verbose } = scene;
  signal.throwIfAborted();
  const print = linePrinter("  ");
  // The demo's first line has named the engine.
  const onOutput = verbose ? (text: string) => print(text.replace(/^engine: .*\n/m, "")) : () => {};
  const running = stack[operation]({ ...options, onOutput, signal });
  const result = await patiently(`pulumi ${operation} is running`, running);
  signal.throwIfAborted();
  if (!verbose) showRow(scene, result, operation === "preview" ? "planned" : "done");
  if (!result.ok && !options.expectNoChanges) {
    throw new Error(`pulumi ${operation} failed: ${result.errors.join("; ")}`);
  }
  return result;
}

/** The VM's row, as each engine has it, and below it the first line of each message about it. */
function showRow({ program }: Scene, result: RunResult, word: "planned" | "done"): void {
  const isOurs = ({ urn }: { urn: string }) => nameOf(urn) === program.domain;
  const ops = result.steps.filter(isOurs).map(({ op }) => op);
  const op = ops.find((found) => found === "replace") ?? ops[0];
  const words = Object.entries(WORDS).find(([name]) => name === op)?.[1];
  say(`  ${(words?.sign ?? "").padEnd(2)} ${program.domain} ${words?.[word] || "unchanged"}`);
  for (const { message, ephemeral } of result.diagnostics.filter(isOurs)) {
    if (ephemeral !== true) say(`     ${message.split("\n")[0]}`);
  }
}

/** Waits for something that the guest does, unless the demo is to end early. */
export async function waitForGuest({ signal }: Scene, work: Promise<unknown>): Promise<void> {
  await patiently("waiting for the guest", Promise.race([work, once(signal, "abort")]));
  signal.throwIfAborted();
}

/** The guest agent starts a moment after its guest, and an update asks whatever answered before its attach. */
export function agentIsThere(scene: Scene): Promise<void> {
  return waitForGuest(scene, agentAnswers(scene.lab, scene.program.domain));
}

/** Waits for a line on the guest's console from `after` on. */
export async function awaitConsole(scene: Scene, line: RegExp, after: number): Promise<void> {
  const { console, verbose } = scene;
  await waitForGuest(scene, console.waitFor(line, { after, timeoutMs: 120_000 }));
  if (!verbose) return;
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
}

/** Edits the program, and shows the edit. */
export function editProgram({ program }: Scene, change: ProgramChange): void {
  const { before, after } = program.edit(change);
  for (const line of before) say(`  - ${line.trim()}`);
  for (const line of after) say(`  + ${line.trim()}`);
}
