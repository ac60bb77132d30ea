import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { UsageError } from "../../provider/command/command.ts";
import { type CommandOption, HELP, parseOptions } from "../../provider/command/options.ts";

const OPTIONS = {
  format: { type: "string", value: "form", help: "" },
  after: { type: "boolean", help: "" },
  help: HELP,
} as const satisfies Record<string, CommandOption>;

function messageOf(args: string[]): string | undefined {
  try {
    parseOptions(args, OPTIONS);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : "";
  }
}

test.each([
  [["--formt", "json"], 'unknown option "--formt"; did you mean "--format"?'],
  [["--something-else"], 'unknown option "--something-else"; expected one of --format, --after, --help'],
  [["--formt=json"], 'unknown option "--formt"; did you mean "--format"?'],
  [["-x"], 'unknown option "-x"; expected one of --format, --after, --help'],
  [["--format"], "--format needs a value: --format <form>"],
  [
    ["--format", "--after"],
    '--format needs a value, but "--after" follows; write --format=--after if that is the value',
  ],
  [["--after=yes"], "--after takes no value"],
  [["--format", "a", "--format", "b"], "--format is given more than once"],
])("%j", (args, message) => {
  expect(messageOf(args)).toBe(message);
});

test("what is valid", () => {
  const { values, positionals } = parseOptions(["a", "--format=--x", "-h", "--", "--after"], OPTIONS);
  expect({ ...values }).toEqual({ format: "--x", help: true });
  expect(positionals).toEqual(["a", "--after"]);
});

const argument = fc.oneof(
  fc.constantFrom(
    "--format",
    "--format=json",
    "--after",
    "--after=1",
    "-h",
    "-x",
    "-",
    "--",
    "--no-after",
    "a",
  ),
  fc.string({ maxLength: 4 }).map((text) => `--${text}`),
  fc.string({ maxLength: 4 }),
);

test.prop([fc.array(argument, { maxLength: 5 })])(
  "an invalid command line is reported in our own words",
  (args) => {
    expect(messageOf(args) ?? "").toMatch(
      /^$|^unknown option ".*"; (?:did you mean|expected one of) |^--\w+ (?:needs a value|takes no value$|is given more than once$)/su,
    );
  },
);
