import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hostClock } from "../../provider/deadline.ts";
import { run } from "../../provider/explain/command.ts";
import { connect } from "../../provider/libvirt/connect.ts";

const NOBODY_LISTENS = `qemu:///system?socket=${join(import.meta.dirname, "nobody-listens")}`;

/** Runs the command as a shell would. */
async function command(...args: string[]) {
  const written = { out: "", error: "" };
  const code = await run(args, {
    connect,
    out: (text) => {
      written.out += text;
    },
    error: (text) => {
      written.error += text;
    },
    terminal: { columns: 80, color: false },
    clock: hostClock,
  });
  return { code, ...written };
}

test.each([["--help"], ["-h"], ["help"], ["explain", "--help"]])(
  "%s %s prints the usage",
  async (...args) => {
    const { code, out, error } = await command(...args);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toMatch(/^Usage: pulumi-libvirt-hotplug explain <uri> <domain> \[size\]/);
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  },
);

describe("invalid usage is exit code 2, with what is wrong and where to read on", () => {
  test.each([
    { args: [], message: "missing command (explain)" },
    {
      args: ["expalin", NOBODY_LISTENS, "web-1"],
      message: 'unknown command "expalin"; the only one is explain',
    },
    { args: ["explain", NOBODY_LISTENS], message: "explain needs <uri> and <domain>" },
    { args: ["explain", NOBODY_LISTENS, "a", "1GiB", "2GiB"], message: "unexpected argument: 2GiB" },
    { args: ["explain", NOBODY_LISTENS, "a", "--align", "1GiB"], message: "Unknown option '--align'" },
    {
      args: ["explain", NOBODY_LISTENS, "a", "--alignment"],
      message: "--alignment <value>' argument missing",
    },
  ])("$args", async ({ args, message }) => {
    const { code, out, error } = await command(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(message);
    expect(error).toMatch(/^pulumi-libvirt-hotplug: .*\nTry pulumi-libvirt-hotplug --help\n$/s);
  });
});

describe("an error is exit code 1, with the message of its source", () => {
  test("a daemon that isn't there", async () => {
    const { code, out, error } = await command("explain", NOBODY_LISTENS, "web-1", "2GiB");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(error).toMatch(
      /^pulumi-libvirt-hotplug: cannot connect to the libvirt daemon at .*nobody-listens: the socket doesn't exist;.*\n$/,
    );
  });

  test("a URI of another hypervisor", async () => {
    const { code, error } = await command("explain", "xen:///system", "web-1");
    expect(code).toBe(1);
    expect(error).toContain('libvirt URI "xen:///system": the driver is "xen"');
  });
});
