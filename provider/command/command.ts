import type { Readable } from "node:stream";
import { getSystemErrorMap } from "node:util";
import type { Clock } from "../deadline.ts";
import type { connect } from "../libvirt/connect.ts";
import { messageOf } from "../message-of.ts";
import type { Terminal } from "./terminal.ts";

/** 1: what the command found, or an error; 2: invalid usage or input, or output that can't be written. */
export type ExitCode = 0 | 1 | 2;

/** What the commands read from and write to. Tests replace it. */
export interface CommandDependencies {
  connect: typeof connect;
  /** Standard input. */
  input: Readable;
  /** @throws OutputError */
  out: (text: string) => void | Promise<void>;
  error: (text: string) => void;
  terminal: Terminal;
  clock: Clock;
}

/** A subcommand of the package's command. */
export interface Command {
  /** For the list of commands. */
  summary: string;
  help: () => string;
  /**
   * @param args the command line after the subcommand's name
   * @throws UsageError, InputError or OutputError for exit code 2, another error for exit code 1
   */
  run: (args: string[], dependencies: CommandDependencies) => Promise<ExitCode>;
}

/** The command line is invalid. */
export class UsageError extends Error {}

/** The input of the command is invalid. */
export class InputError extends Error {}

/** The output of the command can't be written. */
export class OutputError extends Error {}

/** What the operating system reports, without the call and its path, which the user may not have given. */
export function systemErrorText(error: unknown): string {
  const errno = error instanceof Error && "errno" in error ? Number(error.errno) : 0;
  return getSystemErrorMap().get(errno)?.[1] ?? messageOf(error);
}
