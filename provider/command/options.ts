import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { messageOf } from "../message-of.ts";
import { UsageError } from "./command.ts";
import { hangingIndent } from "./terminal.ts";

/** An option of a command line. */
export interface CommandOption {
  type: "boolean" | "string";
  short?: string;
  /** The value's placeholder in the help. */
  value?: string;
  help: string;
}

/** Every command has it. */
export const HELP = { type: "boolean", short: "h", help: "print this help" } as const satisfies CommandOption;

/** A terminal's width by default. */
export const HELP_COLUMNS = 80;

/** @throws UsageError */
export function parseOptions<T extends ParseArgsOptionsConfig>(args: string[], options: T) {
  try {
    const parsed = parseArgs({ args, options, allowPositionals: true, tokens: true });
    requireOnce(
      parsed.tokens.flatMap((token) => (token.kind === "option" ? [token] : [])),
      options,
    );
    return parsed;
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** Of an option with a value, the last one would silently apply. */
function requireOnce(given: readonly { name: string }[], options: ParseArgsOptionsConfig): void {
  const names = given.map(({ name }) => name);
  const twice = names.find(
    (name, index) =>
      options[name]?.type === "string" && !options[name]?.multiple && names.indexOf(name) < index,
  );
  if (twice !== undefined) throw new UsageError(`--${twice} is given more than once`);
}

/** An option and its text in the help. */
export type HelpRow = [option: string, text: string];

export function helpRows(options: Record<string, CommandOption>): HelpRow[] {
  return Object.entries(options).map(([name, { short, value, help }]) => [
    `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` <${value}>`}`,
    help,
  ]);
}

/** The lines of groups of rows, whose texts begin in one column. */
export function drawHelpRows(...groups: HelpRow[][]): string[][] {
  const width = Math.max(...groups.flat().map(([option]) => option.length));
  return groups.map((rows) =>
    rows.flatMap(([option, text]) => hangingIndent(`  ${option.padEnd(width)}  `, text, HELP_COLUMNS)),
  );
}
