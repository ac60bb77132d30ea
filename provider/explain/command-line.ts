import { type ParseArgsOptionsConfig, parseArgs } from "node:util";
import { defined } from "../defined.ts";
import { messageOf } from "../message-of.ts";
import {
  ARGUMENT_OPTION_NAMES,
  ARGUMENT_OPTIONS,
  type ArgumentOption,
  COMMAND_OPTIONS,
  type CommandOption,
  type ExplainOptions,
  flagOf,
} from "./options.ts";
import { hangingIndent, wrap } from "./terminal.ts";

/** The command line is invalid. */
export class UsageError extends Error {}

/** What a command line asks for. */
export type Request =
  | { kind: "help" }
  | {
      kind: "explain";
      uri: string;
      domain: string;
      options: ExplainOptions;
      json: boolean;
      allowPlainTcp: boolean;
    };

const PARSED: ParseArgsOptionsConfig = {
  ...Object.fromEntries(
    ARGUMENT_OPTION_NAMES.map((name) => [flagOf(name), { type: ARGUMENT_OPTIONS[name].type }]),
  ),
  ...COMMAND_OPTIONS,
};

/** @throws UsageError */
export function parseCommandLine(args: string[]): Request {
  const { values, positionals } = parsed(args);
  const [command, uri, domain, memory, ...rest] = positionals;
  if (values.help === true || command === "help") return { kind: "help" };
  if (command === undefined) throw new UsageError("missing command (explain)");
  if (command !== "explain") throw new UsageError(`unknown command "${command}"; the only one is explain`);
  if (uri === undefined || domain === undefined) throw new UsageError("explain needs <uri> and <domain>");
  if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest.join(" ")}`);
  const options = Object.fromEntries(ARGUMENT_OPTION_NAMES.map((name) => [name, values[flagOf(name)]]));
  return {
    kind: "explain",
    uri,
    domain,
    // The parser has given each value the type of its option.
    options: defined({ memory, ...options }) as ExplainOptions,
    json: values.json === true,
    allowPlainTcp: values["allow-plain-tcp"] === true,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: PARSED, allowPositionals: true });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** A terminal's width by default. */
const COLUMNS = 80;

const USAGE = `Usage: pulumi-libvirt-hotplug explain <uri> <domain> [size] [options]

Shows the memory of a libvirt domain, whoever created it, and the sizes that it
can change to while it runs. With a size, it adds what \`pulumi up\` would do.
It changes nothing.

  <uri>      libvirt's URI, such as qemu:///system or
             qemu+ssh://root@host/system
  <domain>   the domain's name or UUID
  <size>     such as 4GiB or 1259MiB

Options for the program's arguments (the stack's configuration isn't read):
`;

const EXIT_CODES = "Exit codes: 0; 1 for an error, such as a domain that doesn't exist; 2 for invalid usage.";

/** The text of --help. */
export function helpText(): string {
  const rows = ARGUMENT_OPTION_NAMES.map((name): [option: string, text: string] => {
    const { sets, value, values, ...option }: ArgumentOption = ARGUMENT_OPTIONS[name];
    return [
      `--${flagOf(name)}${value === undefined ? "" : ` <${value}>`}`,
      `${sets}${values === undefined ? "" : `: ${values}`} (default: ${option.default})`,
    ];
  });
  const others = Object.entries<CommandOption>(COMMAND_OPTIONS).map(
    ([name, { short, help }]): [option: string, text: string] => [
      short === undefined ? `--${name}` : `-${short}, --${name}`,
      help,
    ],
  );
  const width = Math.max(...[...rows, ...others].map(([option]) => option.length));
  const drawn = (list: [option: string, text: string][]) =>
    list.flatMap(([option, text]) => hangingIndent(`  ${option.padEnd(width)}  `, text, COLUMNS));
  return [USAGE.trimEnd(), ...drawn(rows), "", ...drawn(others), "", ...wrap(EXIT_CODES, COLUMNS), ""].join(
    "\n",
  );
}
