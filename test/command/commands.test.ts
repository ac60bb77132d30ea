import { describe, expect, test } from "vitest";
import { commandLine } from "./command-line.ts";

const NOBODY_LISTENS = "qemu:///system?socket=/nobody/listens";
const COMMANDS = ["explain", "review", "sizes"];

describe("the help", () => {
  test.each([["--help"], ["-h"], ["help"]])("%s lists the commands", async (...args) => {
    const { code, out, error } = await commandLine(args);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toMatch(/^Usage: pulumi-libvirt-hotplug <command> \[options\]\n/);
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command}  +\\w`, "m"));
  });

  test.each(
    COMMANDS.flatMap((command) => [
      [command, "--help"],
      [command, "-h"],
      ["help", command],
      ["--help", command],
    ]),
  )("%s %s describes the command", async (...args) => {
    const command = args.find((arg) => COMMANDS.includes(arg));
    const { code, out, error } = await commandLine(args);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toMatch(new RegExp(`^Usage: pulumi-libvirt-hotplug ${command} `));
    expect(out).toContain("Exit codes: 0");
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe("options may be before the command and after it", () => {
  test.each([
    [["explain", NOBODY_LISTENS, "web-1"]],
    [["--alignment", "1GiB", "explain", NOBODY_LISTENS, "web-1"]],
    [["--json", "explain", NOBODY_LISTENS, "web-1", "2GiB"]],
  ])("%j", async (args) => {
    const { code, out, error } = await commandLine(args);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toContain("cannot connect to the libvirt daemon at /nobody/listens");
  });
});

test.each([
  { args: [], message: "missing command (explain" },
  {
    args: ["expalin", NOBODY_LISTENS, "web-1"],
    message: 'unknown command "expalin"; did you mean "explain"?',
  },
  { args: ["help", "__proto__"], message: 'unknown command "__proto__"; expected one of explain' },
  { args: ["toString"], message: 'unknown command "toString"; expected one of explain' },
  { args: ["--nothing"], message: "missing command (explain" },
  {
    args: [NOBODY_LISTENS, "web-1"],
    message: `unknown command "${NOBODY_LISTENS}"; expected one of explain`,
  },
  { args: ["--json", NOBODY_LISTENS, "web-1"], message: "missing command (explain" },
  { args: ["qemu+ssh://root:hunter2@host/system", "web-1"], message: 'unknown command "qemu+ssh://root:…' },
])("$args is invalid usage, with exit code 2", async ({ args, message }) => {
  const { code, out, error } = await commandLine(args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(message);
  expect(error).toMatch(/^pulumi-libvirt-hotplug: .*\nTry pulumi-libvirt-hotplug --help\n$/s);
});

// Each command's own help has its options; the common one has none.
test.each([
  { args: ["--nothing", "review"], message: 'unknown option "--nothing"; expected one of ', help: "review" },
  { args: ["review", "--fail-on", "live"], message: '--fail-on: unknown value "live"', help: "review" },
  { args: ["explain", NOBODY_LISTENS], message: "explain needs <uri> and <domain>", help: "explain" },
  { args: ["sizes"], message: "sizes needs check or suggest", help: "sizes" },
  {
    args: ["sizes", "check", "--nothing"],
    message: 'unknown option "--nothing"; expected one of ',
    help: "sizes",
  },
])("$args is invalid usage of a command, whose help is named", async ({ args, message, help }) => {
  const { code, out, error } = await commandLine(args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(message);
  expect(error).toMatch(new RegExp(`\\nTry pulumi-libvirt-hotplug ${help} --help\\n$`));
});
