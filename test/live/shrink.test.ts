import { afterEach, expect, test } from "vitest";
import { engineOnThisMachine } from "../engine/driver.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { labOfThisFile, liveMemory, nextBootMemory, removeDomains } from "./by-virsh.ts";
import { type Args, stackOnLab } from "./stack-on-lab.ts";

const MIB = 1024;

const lab = labOfThisFile();
afterEach(() => removeDomains(lab()));

const { kind } = await engineOnThisMachine();

/** A domain that boots the lab's guest with 512 MiB, and what it says on its console, the judge of all this. */
async function boot(name: string, switches: string, args: Args) {
  const file = lab().file(`${name}.log`);
  const { kernel, initrd } = lab().guest;
  const stack = await stackOnLab(
    lab(),
    { engine: kind, traces: [] },
    {
      [name]: {
        ...{ memory: "512MiB", maxMemory: "4GiB", shutdownTimeout: 0, serial: { file } },
        boot: { kernel, initrd, commandLine: `console=ttyS0 ${switches}` },
        ...args,
      },
    },
  );
  await stack.apply();
  const console = lab().console(file);
  await console.waitFor(/GUEST memtotal_kb=\d+ online=4 offline=0/);
  return { stack, console, file };
}

test.each(["lab.noagent", ""])(
  "experiment: refuses %s",
  async (agent) => {
    const { stack, console, file } = await boot("exp", `memhp_default_state=online lab.holds_on ${agent}`, {
      hotplug: { awaitGuest: 20, allowUnplug: true },
    });
    if (!agent)
      await waitUntil(
        "agent",
        () =>
          lab()
            .virsh("qemu-agent-command", "exp", '{"execute":"guest-ping"}')
            .catch(() => undefined),
        { timeoutMs: 60_000 },
      );
    stack.edit("exp", { memory: "768MiB" });
    await stack.apply();
    await console.waitFor(/GUEST holds on/);
    stack.edit("exp", { memory: "512MiB" });
    const t = Date.now();
    const r = await stack.up();
    globalThis.console.log(Date.now() - t, r.ok, r.errors.join("\n"), r.stdout);
    globalThis.console.log(
      (await import("node:fs")).readFileSync(file, "utf8").split("\n").slice(-30).join("\n"),
    );
    globalThis.console.log(
      await lab()
        .virsh("dumpxml", "exp")
        .then((x) => /<memory model[^]*?<\/memory>/.exec(x)?.[0]),
    );
  },
  200_000,
);
