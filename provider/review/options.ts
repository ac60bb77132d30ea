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
    help: "report what a finished pulumi up did, and what the guests report",
  },
  stack: {
    type: "string",
    value: "name",
    help: "name the stack in the comment and in its first line, for a pull request with comments for several stacks",
  },
  compare: { type: "string", value: "file", help: "add what has changed since this earlier review (JSON)" },
  svg: { type: "string", value: "folder", help: "also write the memory maps to this folder, as SVG files" },
  output: { type: "string", value: "file", help: "write the review to this file instead of standard output" },
  limit: {
    type: "string",
    value: "number",
    help: `maximum length of a comment in characters (default: ${COMMENT_LIMIT}, which GitHub, GitLab and Bitbucket accept)`,
  },
  folder: {
    type: "string",
    value: "path",
    help: "the project's folder in the repository, for github (default: the repository's root)",
  },
  docs: {
    type: "string",
    value: "url",
    help: "the page to which the reasons link (default: troubleshooting.md of this version of the package)",
  },
  help: HELP,
} as const satisfies Record<string, CommandOption>;
