import { spawn } from "node:child_process";

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** Where the program's own words go while it runs, besides the error. Default: nowhere. */
  echo?: NodeJS.WritableStream;
}

/** A program that could not be started or that ended with another status than 0. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly stderr: string;

  constructor(command: string, outcome: string, stderr: string) {
    super(`${command}: ${outcome}${stderr === "" ? "" : `\n${stderr}`}`);
    this.stderr = stderr;
  }
}

/** Runs a program, with no shell between, and returns what it wrote to its standard output. */
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
    const fail = (outcome: string) =>
      reject(new CommandError([program, ...args].join(" "), outcome, Buffer.concat(err).toString().trim()));
    child.on("error", (error) => fail(error.message));
    child.on("close", (status, signal) => {
      if (status === 0) resolve(Buffer.concat(out).toString());
      else fail(signal === null ? `ended with status ${status}` : `ended by ${signal}`);
    });
  });
}
