import { once } from "node:events";
import type { RunOptions, RunResult, StackDriver } from "../../test/engine/driver.ts";
import type { GuestConsole } from "../../test/lab/console.ts";
import type { Lab } from "../../test/lab/lab.ts";
import { linePrinter, patiently, say } from "./page.ts";
import type { Program } from "./program.ts";

/** What the steps of the demo act on. */
export interface Scene {
  readonly lab: Lab;
  readonly program: Program;
  readonly stack: StackDriver;
  /** The VM's. */
  readonly console: GuestConsole;
  /** Aborted when the demo is to end early. */
  readonly signal: AbortSignal;
}

/**
 * Runs one of Pulumi's operations and shows what it prints.
 *
 * @throws when it fails, unless no changes were expected: then `ok` says whether there were any
 */
export async function runPulumi(
  { stack, signal }: Scene,
  operation: "preview" | "up" | "refresh" | "destroy",
  options: RunOptions = {},
): Promise<RunResult> {
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

/** Waits for a line on the guest's console, and shows what the guest has said from `after` on. */
export async function showGuest({ console, signal }: Scene, line: RegExp, after: number): Promise<void> {
  const said = console.waitFor(line, { after, timeoutMs: 120_000 });
  await patiently("waiting for the guest", Promise.race([said, once(signal, "abort")]));
  signal.throwIfAborted();
  say("  the guest's console:");
  for (const [text] of console
    .text()
    .slice(after)
    .matchAll(/^.*GUEST .*$/gm))
    say(`    ${text.trim()}`);
}

/** Edits the program's memory, and shows the edit. */
export function editMemory({ program }: Scene, size: string): void {
  const { before, after } = program.editMemory(size);
  say("  index.ts:");
  say(`  - ${before}`);
  say(`  + ${after}`);
  say();
}
