import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import {
  type Command,
  type CommandDependencies,
  type ExitCode,
  InputError,
  UsageError,
} from "../command/command.ts";
import { STANDARD_INPUT } from "../command/read-text.ts";
import { defined } from "../defined.ts";
import { annotations } from "./annotations.ts";
import { helpText, parseCommandLine, type ReviewRequest } from "./command-line.ts";
import { type Comparison, compare, earlierReview } from "./compare.ts";
import type { DomainReview } from "./domain-review.ts";
import { isOver } from "./happened.ts";
import { reviewJson } from "./json.ts";
import { markdown } from "./markdown.ts";
import { parseOutput } from "./parse-output.ts";
import { nameOf, readOutput } from "./read-output.ts";
import { hasFailed, type Review, reviewOf } from "./review.ts";
import { pictures } from "./svg.ts";
import { writeFiles } from "./write-files.ts";

/** `review`, which writes what a preview does to each domain. */
export const reviewCommand: Command = {
  summary: "writes a comment for a pull request: what a preview does to each libvirt domain",
  help: helpText,
  run: runReview,
};

/** The documentation of the reasons, in the package of this version. */
const DOCS = `https://unpkg.com/${packageJson.name}@${packageJson.version}/docs/troubleshooting.md`;

async function runReview(args: string[], { input, out }: CommandDependencies): Promise<ExitCode> {
  const request = parseCommandLine(args);
  if (request.input === STANDARD_INPUT && "isTTY" in input && input.isTTY === true)
    throw new UsageError("review needs a file, or the output of pulumi preview --json on standard input");
  const text = await readOutput(request.input, input, "pulumi preview --json");
  const output = parseOutput(text, nameOf(request.input));
  if (request.after && output.kind === "preview" && !hasFailed(output))
    throw new InputError(
      `${nameOf(request.input)} is a preview; --after needs the output of a finished pulumi up --json`,
    );
  const review: Review = { ...reviewOf(output, request.after), ...defined({ stack: request.stack }) };
  const earlier =
    request.compare === undefined
      ? undefined
      : earlierReview(
          await readOutput(request.compare, input, "an earlier review --format json"),
          nameOf(request.compare),
        );
  const result = textOf(review, request, earlier && compare(review, earlier, nameOf(request.compare ?? "")));
  await write(review, result, request, out);
  const isFailed = ({ verdict, happened }: DomainReview) =>
    verdict === "refuse" || request.failOn.has(verdict) || (happened !== undefined && !isOver(happened));
  const isUnfinished = review.isNotRun || review.errors > 0 || Object.keys(review.othersLeft).length > 0;
  return isUnfinished || review.domains.some(isFailed) ? 1 : 0;
}

function textOf(review: Review, request: ReviewRequest, comparison: Comparison | undefined): string {
  const { format, limit, folder, docs = DOCS } = request;
  if (format === "json")
    return `${JSON.stringify({ ...reviewJson(review), ...(comparison && { comparison }) }, null, 2)}\n`;
  if (format === "github") return annotations(review, folder);
  return markdown(review, { docs, limit, ...(comparison && { comparison }) });
}

/** Nothing is written unless all of it can be. */
async function write(
  review: Review,
  result: string,
  { svg, output }: ReviewRequest,
  out: CommandDependencies["out"],
): Promise<void> {
  const maps =
    svg === undefined
      ? []
      : pictures(review).map(({ file, svg: text }) => ({ option: "--svg", path: join(svg, file), text }));
  const folder = svg === undefined ? undefined : { option: "--svg", path: svg };
  if (output === undefined) return writeFiles(folder, maps, () => out(result));
  return writeFiles(folder, [...maps, { option: "--output", path: output, text: result }]);
}
