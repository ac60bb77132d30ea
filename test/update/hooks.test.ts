import { describe, expect, test } from "vitest";
import { Deadline, hostClock, interruptible } from "../../provider/deadline.ts";
import { dimmXml } from "../../provider/domain/device.ts";
import { Cancelled } from "../../provider/errors.ts";
import { messageOf, withholdingQuotes } from "../../provider/message-of.ts";
import { hookEnvironment } from "../../provider/update/hook-environment.ts";
import { rewrittenDevice, runHook } from "../../provider/update/hooks.ts";
import { DIMM } from "./actions/domain.ts";

const XML = dimmXml(DIMM);
const environment = hookEnvironment(process.env, []);
const context = {
  domain: { name: "web-1", uuid: "u", id: 1 },
  uri: "qemu:///system",
  patience: (seconds: number) => ({ deadline: Deadline.inSeconds(seconds, hostClock), text: `${seconds} s` }),
  environment,
};
const SECRET = new Set(["argument"] as const);
const sh = (line: string) => ({ command: ["sh", "-c", line] });

/** A signal as the session has it. */
function cancellation() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Cancelled()) };
}

/** The resources of this process that keep it running, such as open pipes. */
function open(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => /Pipe|Process/.test(kind));
}

describe("a hook", () => {
  test("gets the XML on its input and the domain in its environment", async () => {
    const echo = sh('echo "$HOTPLUG_DOMAIN $HOTPLUG_UUID $HOTPLUG_URI"; cat');
    expect(await runHook(echo, XML, context)).toBe(`web-1 u qemu:///system\n${XML}`);
  });

  test("inherits only what programs need, and what the stack's configuration names", () => {
    const own = { PATH: "/bin", HOME: "/root", LANG: "C", LC_ALL: "C.UTF-8", TZ: "UTC", USER: "me" };
    const others = { PULUMI_CONFIG_PASSPHRASE: "x", AWS_SECRET_ACCESS_KEY: "x", LCX: "x", path: "x" };
    const named = { VAULT_TOKEN: "x", VAULT_ADDR: "x" };
    const all = { ...own, ...others, ...named };
    expect(hookEnvironment(all, [])).toEqual(own);
    expect(hookEnvironment(all, ["VAULT_TOKEN", "VAULT_ADDR", "MISSING"])).toEqual({ ...own, ...named });
  });

  test("gets no other variable of this process", async () => {
    process.env.PULUMI_CONFIG_PASSPHRASE = "open sesame";
    try {
      const names = (await runHook({ command: ["env"] }, XML, context)).match(/^\w+(?==)/gm) ?? [];
      expect(names).toContain("HOTPLUG_URI");
      expect(names.filter((name) => !name.startsWith("HOTPLUG_") && !(name in environment))).toEqual([]);
    } finally {
      delete process.env.PULUMI_CONFIG_PASSPHRASE;
    }
  });

  test("ends at once when the run is cancelled, and doesn't begin after that", async () => {
    const { signal, abort } = cancellation();
    const clock = interruptible(hostClock, signal);
    const patience = (seconds: number) => ({ deadline: Deadline.inSeconds(seconds, clock), text: "" });
    setTimeout(abort, 100);
    // Longer than this test may take.
    await expect(runHook(sh("sleep 600"), XML, { ...context, patience })).rejects.toThrow("cancelled");
    await expect.poll(open).not.toContain("ProcessWrap");
    await expect(runHook({ command: ["/nonexistent"] }, XML, { ...context, patience })).rejects.toThrow(
      "cancelled",
    );
  });

  test("may print text whose characters arrive in parts", async () => {
    expect(await runHook(sh("printf '\\303'; sleep 0.2; printf '\\244'"), XML, context)).toBe("ä");
  });

  test.each([
    [
      "fails",
      sh("echo the pool is exhausted >&2; exit 3"),
      "the program sh exited with status 3: the pool is exhausted",
    ],
    ["is killed", sh("kill -9 $$"), "was killed by SIGKILL"],
    ["isn't there", { command: ["/there/is/none"] }, "the program /there/is/none can't be run: "],
    [
      "has more arguments than a process can have",
      { command: ["true", "x".repeat(200_000)] },
      "can't be run: ",
    ],
    ["takes too long", { ...sh("echo thinking >&2; sleep 100"), timeout: 0.2 }, "did not end within 0.2 s"],
    // Its process group is empty by then.
    [
      "leaves a daemon that holds its output",
      { ...sh("setsid sleep 2 & exit 0"), timeout: 0.5 },
      "did not end within 0.5 s",
    ],
    ["prints too much", sh("head -c 100000 /dev/zero; sleep 100"), "printed more than 64 KiB"],
    ["prints too much, and ends well", sh("head -c 65537 /dev/zero"), "printed more than 64 KiB"],
    [
      "prints too many bytes in few characters",
      sh("yes '\u{1F6E0}' | head -c 70000"),
      "printed more than 64 KiB",
    ],
    [
      "prints too much after a pause",
      sh("head -c 65536 /dev/zero; sleep 0.3; echo"),
      "printed more than 64 KiB",
    ],
    ["prints no text", sh("printf '\\377'"), "printed text that isn't UTF-8"],
  ])("that %s is an error that says so, and nothing of it is left open", async (_, hook, message) => {
    const before = open().length;
    await expect(runHook(hook, XML, context)).rejects.toThrow(message);
    await expect.poll(() => open().length).toBeLessThanOrEqual(before);
  });

  test("may print as much as the limit", async () => {
    expect(await runHook(sh("head -c 65536 /dev/zero | tr '\\0' x"), XML, context)).toHaveLength(65_536);
  });

  test.each([
    [sh("echo hunter2 >&2; exit 1")],
    [{ command: ["sh", "-c", "echo $0; sleep 9", "hunter2"], timeout: 0.2 }],
    [{ command: ["false", "hunter2"] }],
  ])("that fails names no argument, and quotes nothing where an argument is secret: %j", async (hook) => {
    const error = await withholdingQuotes(SECRET, () => runHook(hook, XML, context).catch(messageOf));
    expect(error).toMatch(/^the program (sh|false) (exited|did not end)/);
    expect(error).not.toContain("hunter2");
    const shown = await runHook(hook, XML, context).catch(messageOf);
    if (hook.command.at(-1) === "hunter2") expect(shown).not.toContain("hunter2");
  });

  test("that fails quotes the end of a long error, without control characters", async () => {
    const error = await runHook(
      sh("yes x | head -c 100000 >&2; printf '\\033[31mthe end\\n' >&2; exit 1"),
      XML,
      context,
    ).catch(messageOf);
    expect(error).toMatch(/x \[31mthe end$/);
    expect(error.length).toBeLessThan(5_000);
  });
});

describe("what hotplug.before prints", () => {
  test("replaces the device's XML; nothing leaves it as it was", () => {
    const rewritten = XML.replace("<target>", "<source><nodemask>0</nodemask></source><target>");
    expect(rewrittenDevice(XML, rewritten)).toBe(rewritten);
    expect(rewrittenDevice(XML, " \n")).toBe(XML);
  });

  test.each([
    ["another size", XML.replace(`${DIMM.size}`, `${2 * DIMM.size}`), "size 512 MiB instead of 256 MiB"],
    ["another node", XML.replace("<node>0", "<node>1"), "node 1 instead of 0"],
    ["another alias", XML.replace("dimm0", "dimm1"), "alias ua-pulumi-dimm1 instead of ua-pulumi-dimm0"],
    ["another element", "<disk/>", "printed <disk> instead of one <memory> element"],
    ["no XML", "all is well", "printed invalid XML: "],
  ])("must not be %s", (_, printed, message) => {
    expect(() => rewrittenDevice(XML, printed)).toThrow(message);
  });

  test.each(["<hunter2/>", "hunter2", XML.replace("dimm0", "hunter2"), XML.replace("dimm'", "hunter2'")])(
    "isn't quoted where an argument is secret: %s",
    (printed) => {
      const error = withholdingQuotes(SECRET, () => {
        try {
          return rewrittenDevice(XML, printed);
        } catch (thrown) {
          return messageOf(thrown);
        }
      });
      expect(error).toContain("the hook hotplug.before printed something other than");
      expect(error).not.toContain("hunter2");
    },
  );
});
