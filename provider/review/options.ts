import { type CommandOption, HELP } from "../command/options.ts";
import { COMMENT_LIMIT } from "./comment-size.ts";

/** The forms of a review. */
export const FORMATS = ["markdown", "json", "github"] as const;

/** The verdicts that `--fail-on` takes. */
export const FAILURES = ["refuse", "replace", "delete", "restart", "unknown", "nextBoot"] as const;

export const REVIEW_OPTIONS = {
  format: {
    type: "string",
    value: "form",
    help: `markdown for a comment, json, or github for annotations on the program's lines (default: ${FORMATS[0]})`,
  },
  "fail-on": {
    type: "string",
    value: "list",
    help: `exit code 1 if a domain has one of these outcomes: ${FAILURES.join(", ")}; refuse is always one of them`,
  },
  after: {
    type: "boolean",
    help: "the input is of a finished pulumi up: what happened, and what the guests report",
  },
  compare: { type: "string", value: "file", help: "an earlier review in JSON: what is different since" },
  svg: { type: "string", value: "folder", help: "writes the memory maps there as SVG files as well" },
  output: { type: "string", value: "file", help: "writes the review to this file, not to standard output" },
  limit: {
    type: "string",
    value: "number",
    help: `the most characters of a comment (default: ${COMMENT_LIMIT}, which GitHub, GitLab and Bitbucket accept)`,
  },
  folder: {
    type: "string",
    value: "path",
    help: "the project's folder in the repository, for github (default: the repository's root)",
  },
  docs: {
    type: "string",
    value: "url",
    help: "where the links of reasons lead (default: troubleshooting.md of this version of the package)",
  },
  help: HELP,
} as const satisfies Record<string, CommandOption>;
