import { suggestion } from "../args/suggestion.ts";
import { UsageError } from "../command/command.ts";
import { drawHelpRows, HELP_COLUMNS, helpRows, parseOptions } from "../command/options.ts";
import { STANDARD_INPUT } from "../command/read-text.ts";
import { wrap } from "../command/terminal.ts";
import { defined } from "../defined.ts";
import { hasMark } from "./comment-mark.ts";
import { COMMENT_LIMIT, LEAST_LIMIT } from "./comment-size.ts";
import { FAILURES, FORMATS, REVIEW_OPTIONS } from "./options.ts";

/** What a command line asks for. */
export interface ReviewRequest {
  /** The file, or "-". */
  input: string;
  format: (typeof FORMATS)[number];
  failOn: ReadonlySet<string>;
  after: boolean;
  stack?: string;
  compare?: string;
  svg?: string;
  output?: string;
  limit: number;
  folder: string;
  docs?: string;
}

/**
 * @param args the command line after "review"
 * @throws UsageError
 */
export function parseCommandLine(args: string[]): ReviewRequest {
  const { values, positionals } = parseOptions(args, REVIEW_OPTIONS);
  const [input = STANDARD_INPUT, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest.join(" ")}`);
  const { format = FORMATS[0], limit, compare, svg, output, docs, stack } = values;
  if (stack !== undefined && !hasMark(stack))
    throw new UsageError(
      `--stack: ${stack === "" ? "the name is empty" : "the name is too long"}; expected the name of the stack, such as my-org/prod`,
    );
  for (const [name, path] of Object.entries({ output, svg }))
    if (path === "") throw new UsageError(`--${name}: the path is empty`);
  const files = [input, compare].filter((path) => path === STANDARD_INPUT);
  if (files.length > 1) throw new UsageError("only one of the input and --compare can be standard input");
  return {
    input,
    format: oneOf("--format", format, FORMATS),
    failOn: new Set(
      (values["fail-on"] ?? "")
        .split(/[\s,]+/)
        .filter((name) => name !== "")
        .map((name) => oneOf("--fail-on", name, FAILURES)),
    ),
    after: values.after === true,
    limit: limit === undefined ? COMMENT_LIMIT : limitOf(limit),
    folder: values.folder ?? "",
    ...defined({
      stack,
      compare,
      svg,
      output: output === STANDARD_OUTPUT ? undefined : output,
      docs: docs === undefined ? undefined : addressOf(docs),
    }),
  };
}

/** As other commands have it. */
const STANDARD_OUTPUT = "-";

function oneOf<T extends string>(option: string, value: string, values: readonly T[]): T {
  const found = values.find((one) => one === value);
  if (found !== undefined) return found;
  throw new UsageError(`${option}: unknown value "${value}"; ${suggestion(value, values)}`);
}

function limitOf(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(limit) && limit >= LEAST_LIMIT) return limit;
  throw new UsageError(`--limit: "${text}" is not a whole number of at least ${LEAST_LIMIT}`);
}

/** Many addresses have to fit into a comment. */
const LONGEST_ADDRESS = 200;

/** An address in Markdown must not end the link. */
function addressOf(text: string): string {
  if (text.length <= LONGEST_ADDRESS && /^[^\s()<>|`"]+$/.test(text)) return text;
  throw new UsageError(
    `--docs must be an address without spaces, quotes or brackets, and of at most ${LONGEST_ADDRESS} characters`,
  );
}

const USAGE = `Usage: pulumi-libvirt-hotplug review [file] [options]

Writes a comment for a pull request: what a preview does to each libvirt domain.
It plans again from the state in the preview, with the planner that preview and
update use, and needs no route to a host. It changes nothing.

  <file>   the output of pulumi preview --json, or of pulumi up --json;
           "-", or no file: standard input

Options:
`;

const EXIT_CODES =
  "Exit codes: 0; 1 if the run failed, or a domain is refused or has an outcome of --fail-on; 2 for invalid usage or input, or for output that can't be written: nothing is written then.";

/** The text of --help. */
export function helpText(): string {
  const [rows = []] = drawHelpRows(helpRows(REVIEW_OPTIONS));
  return [USAGE.trimEnd(), ...rows, "", ...wrap(EXIT_CODES, HELP_COLUMNS), ""].join("\n");
}
