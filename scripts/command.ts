import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";

export interface CommandResult {
  ok: boolean;
  /** What it wrote, both streams in the order of arrival. */
  output: string;
}

interface CommandOptions {
  environment?: Readonly<Record<string, string>>;
  /** Gets each line that the command writes to file descriptor 3. */
  onResult?: (line: string) => void;
}

/**
 * Runs a command to its end, keeping what it writes. A signal to this process goes to the command, and this process
 * leaves after it: what the command has started can so be tidied up.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { environment = {}, onResult }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, args, {
    env: {
      ...process.env,
      ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" }),
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe", ...(onResult ? (["pipe"] as const) : [])],
  });
  if (child.stdout === null || child.stderr === null) throw new Error(`no pipes to ${command}`);
  const results = child.stdio[3];
  if (onResult && results instanceof Readable) createInterface(results).on("line", onResult);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));

  let desired: NodeJS.Signals | undefined;
  const passOn = (signal: NodeJS.Signals): void => {
    desired = signal;
    // A terminal has sent Ctrl-C to the child as well.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, passOn);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (desired !== undefined) process.exit(128 + constants.signals[desired]);
    return { ok: code === 0, output };
  } finally {
    for (const signal of signals) process.off(signal, passOn);
  }
}
