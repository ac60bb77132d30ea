import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";

const NOBODY_LISTENS = `qemu:///system?socket=${join(import.meta.dirname, "nobody-listens")}`;

describe("invalid usage is exit code 2, with what is wrong and where to read on", () => {
  test.each([
    { args: ["explain", NOBODY_LISTENS], message: "explain needs <uri> and <domain>" },
    { args: ["explain", NOBODY_LISTENS, "a", "1GiB", "2GiB"], message: "unexpected argument: 2GiB" },
    {
      args: ["explain", NOBODY_LISTENS, "a", "--aligment", "1GiB"],
      message: 'unknown option "--aligment"; did you mean "--alignment"?',
    },
    {
      args: ["explain", NOBODY_LISTENS, "a", "--alignment"],
      message: "--alignment needs a value: --alignment <size>",
    },
  ])("$args", async ({ args, message }) => {
    const { code, out, error } = await commandLine(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(message);
    expect(error).toMatch(/^pulumi-libvirt-hotplug: .*\nTry pulumi-libvirt-hotplug explain --help\n$/s);
  });
});

describe("an error is exit code 1, with the message of its source", () => {
  test("a daemon that isn't there", async () => {
    const { code, out, error } = await commandLine(["explain", NOBODY_LISTENS, "web-1", "2GiB"]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toMatch(
      /^pulumi-libvirt-hotplug: cannot connect to the libvirt daemon at .*nobody-listens: the socket doesn't exist;.*\n$/,
    );
  });

  test("a URI of another hypervisor", async () => {
    const { code, error } = await commandLine(["explain", "xen:///system", "web-1"]);
    expect(code).toBe(1);
    expect(error).toContain('libvirt URI "xen:///system": the driver is "xen"');
  });
});
