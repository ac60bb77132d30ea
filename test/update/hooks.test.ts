import { describe, expect, test } from "vitest";
import { hostClock } from "../../provider/deadline.ts";
import { dimmXml } from "../../provider/domain/device.ts";
import { rewrittenDevice, runHook } from "../../provider/update/hooks.ts";
import { DIMM } from "./actions/domain.ts";

const XML = dimmXml(DIMM);
const context = { domain: { name: "web-1", uuid: "u", id: 1 }, uri: "qemu:///system", clock: hostClock };
const sh = (line: string) => ({ command: ["sh", "-c", line] });

describe("a hook", () => {
  test("gets the XML on its input and the domain in its environment", async () => {
    const echo = sh('echo "$HOTPLUG_DOMAIN $HOTPLUG_UUID $HOTPLUG_URI"; cat');
    expect(await runHook(echo, XML, context)).toBe(`web-1 u qemu:///system\n${XML}`);
  });

  test.each([
    ["fails", sh("echo the pool is exhausted >&2; exit 3"), "exited with status 3: the pool is exhausted"],
    ["is killed", sh("kill -9 $$"), "was killed by SIGKILL"],
    ["isn't there", { command: ["/there/is/none"] }, "/there/is/none can't be run: "],
    ["takes too long", { ...sh("echo thinking >&2; sleep 100"), timeout: 0.2 }, "did not end within 0.2 s"],
    // Its process group is empty by then.
    [
      "leaves a daemon that holds its output",
      { ...sh("setsid sleep 2 & exit 0"), timeout: 0.5 },
      "did not end within 0.5 s",
    ],
    ["prints too much", sh("head -c 100000 /dev/zero; sleep 100"), "printed more than 64 KiB"],
  ])("that %s is an error that says so", async (_, hook, message) => {
    await expect(runHook(hook, XML, context)).rejects.toThrow(message);
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
});
