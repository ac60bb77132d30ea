import { UsageError } from "../command/command.ts";
import {
  drawHelpRows,
  HELP_COLUMNS,
  type HelpRow,
  helpRows,
  type ParsedOptions,
  parseOptions,
} from "../command/options.ts";
import { wrap } from "../command/terminal.ts";
import { defined } from "../defined.ts";
import {
  ARGUMENT_OPTION_NAMES,
  ARGUMENT_OPTIONS,
  type ArgumentOption,
  COMMAND_OPTIONS,
  type ExplainOptions,
  flagOf,
} from "./options.ts";

/** What a command line asks for. */
export interface ExplainRequest {
  uri: string;
  domain: string;
  options: ExplainOptions;
  json: boolean;
  allowPlainTcp: boolean;
}

const PARSED: ParsedOptions = {
  ...Object.fromEntries(
    ARGUMENT_OPTION_NAMES.map((name) => {
      const { type, value }: ArgumentOption = ARGUMENT_OPTIONS[name];
      return [flagOf(name), { type, ...defined({ value }) }];
    }),
  ),
  ...COMMAND_OPTIONS,
};

/**
 * @param args the command line after "explain"
 * @throws UsageError
 */
export function parseCommandLine(args: string[]): ExplainRequest {
  const { values, positionals } = parseOptions(args, PARSED);
  const [uri, domain, memory, ...rest] = positionals;
  if (uri === undefined || domain === undefined) throw new UsageError("explain needs <uri> and <domain>");
  if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest.join(" ")}`);
  const options = Object.fromEntries(ARGUMENT_OPTION_NAMES.map((name) => [name, values[flagOf(name)]]));
  return {
    uri,
    domain,
    // The parser has given each value the type of its option.
    options: defined({ memory, ...options }) as ExplainOptions,
    json: values.json === true,
    allowPlainTcp: values["allow-plain-tcp"] === true,
  };
}

const USAGE = `Usage: pulumi-libvirt-hotplug explain <uri> <domain> [size] [options]

Shows a libvirt domain, whoever created it: its memory, vCPUs and devices, and
what they can change to while it runs. With a size, it adds what
\`pulumi up\` would do. It changes nothing.

  <uri>      libvirt's URI, such as qemu:///system or
             qemu+ssh://root@host/system
  <domain>   the domain's name or UUID
  <size>     such as 4GiB or 1259MiB

Options for the program's arguments (the stack's configuration isn't read):
`;

const EXIT_CODES = "Exit codes: 0; 1 for an error, such as a domain that doesn't exist; 2 for invalid usage.";

/** The text of --help. */
export function helpText(): string {
  const rows = ARGUMENT_OPTION_NAMES.map((name): HelpRow => {
    const { sets, value, values, ...option }: ArgumentOption = ARGUMENT_OPTIONS[name];
    return [
      `--${flagOf(name)}${value === undefined ? "" : ` <${value}>`}`,
      `${sets}${values === undefined ? "" : `: ${values}`} (default: ${option.default})`,
    ];
  });
  const [first = [], others = []] = drawHelpRows(rows, helpRows(COMMAND_OPTIONS));
  return [USAGE.trimEnd(), ...first, "", ...others, "", ...wrap(EXIT_CODES, HELP_COLUMNS), ""].join("\n");
}
