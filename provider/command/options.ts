import { parseArgs } from "node:util";
import { suggestion } from "../args/suggestion.ts";
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

/** What the parser needs of the options, by their names. */
export type ParsedOptions = Readonly<Record<string, Pick<CommandOption, "type" | "short" | "value">>>;

/** Every command has it. */
export const HELP = { type: "boolean", short: "h", help: "print this help" } as const satisfies CommandOption;

/** A terminal's width by default. */
export const HELP_COLUMNS = 80;

/** @throws UsageError */
export function parseOptions<T extends ParsedOptions>(args: string[], options: T) {
  const config = { args, options, allowPositionals: true } as const;
  // Not strict: node's own errors are in other words.
  const { tokens } = parseArgs({ ...config, strict: false, tokens: true });
  const given = tokens.filter((token) => token.kind === "option");
  for (const token of given) check(token, options);
  requireOnce(given, options);
  return parseArgs(config);
}

type OptionToken = {
  name: string;
  rawName: string;
  value: string | undefined;
  inlineValue: boolean | undefined;
};

function check({ name, rawName, value, inlineValue }: OptionToken, options: ParsedOptions): void {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined)
    throw new UsageError(
      `unknown option "${rawName}"; ${suggestion(
        rawName,
        Object.keys(options).map((known) => `--${known}`),
      )}`,
    );
  if (option.type === "boolean") {
    if (value !== undefined) throw new UsageError(`--${name} takes no value`);
  } else if (value === undefined)
    throw new UsageError(`--${name} needs a value: --${name} <${option.value ?? "value"}>`);
  else if (inlineValue !== true && /^-./s.test(value))
    throw new UsageError(
      `--${name} needs a value, but "${value}" follows; write --${name}=${value} if that is the value`,
    );
}

/** Of an option with a value, the last one would silently apply. */
function requireOnce(given: readonly { name: string }[], options: ParsedOptions): void {
  const names = given.map(({ name }) => name);
  const twice = names.find((name, index) => options[name]?.type === "string" && names.indexOf(name) < index);
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
