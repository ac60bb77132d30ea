import { spawn } from "node:child_process";

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** Where the program's own words go while it runs, besides the error. Default: nowhere. */
  echo?: NodeJS.WritableStream;
}

/**
 * Runs a program, with no shell between, and returns what it wrote to its standard output. A program that can't
 * be started, or ends with another status than 0, is an error with what it wrote to its standard error.
 */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { echo, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...spawnOptions, stdio: ["ignore", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    if (echo) {
      child.stdout.pipe(echo, { end: false });
      child.stderr.pipe(echo, { end: false });
    }
    const fail = (outcome: string) => {
      const words = Buffer.concat(err).toString().trim();
      reject(new Error(`${[program, ...args].join(" ")}: ${outcome}${words === "" ? "" : `\n${words}`}`));
    };
    child.on("error", (error) => fail(error.message));
    child.on("close", (status, signal) => {
      if (status === 0) resolve(Buffer.concat(out).toString());
      else fail(signal === null ? `ended with status ${status}` : `ended by ${signal}`);
    });
  });
}
