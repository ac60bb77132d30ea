import { afterEach, expect, test } from "vitest";
import { engineOnThisMachine } from "../engine/driver.ts";
import { agentAnswers } from "../lab/agent.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { labOfThisFile, liveMemory, nextBootMemory, powerState, removeDomains } from "./by-virsh.ts";
import { bootLinux, hasMemTotal } from "./linux-guest.ts";
import { PROCEDURE, rpcProxy } from "./rpc-proxy.ts";
import { BARE, stackOnLab } from "./stack-on-lab.ts";

// An upgrade of libvirt restarts its daemon; domains run on, and so does an update that waits for one of them.

const MIB = 1024;

const lab = labOfThisFile();
afterEach(() => removeDomains(lab()));

test("while the guest's word is waited for, and while its balloon is", async () => {
  const proxy = await rpcProxy(lab(), "guest");
  const { stack, console } = await bootLinux(lab(), "guest", "memhp_default_state=offline", {
    ...{ memory: "1GiB", uri: proxy.uri },
    hotplug: { awaitGuest: 120, online: "guest" },
  });
  await agentAnswers(lab(), "guest");
  const whole = console.memTotalKib() ?? 0;
  const pid = lab().qemuPid("guest");

  // The guest leaves its memory offline until somebody in it does something about it.
  stack.edit("guest", { memory: "1280MiB" });
  const growing = stack.apply();
  await console.waitFor(/ online=8 offline=2 /);
  await waitUntil("the fold", async () => (await nextBootMemory(lab(), "guest")).memory === 1280 * MIB);
  await lab().restartDaemon();
  await agentAnswers(lab(), "guest");
  await bringOnline("guest");
  expect((await growing).stdout).toContain("confirmed by the guest agent: 1280 MiB");
  await hasMemTotal(console, whole + 256 * MIB);

  // A guest that stands still gives nothing back.
  const sofar = proxy.calls.length;
  proxy.beforeCall(PROCEDURE.setMemory, 2, () => lab().virsh("suspend", "guest"));
  stack.edit("guest", { currentMemory: "768MiB" });
  const ballooning = stack.apply();
  await waitUntil("the balloon's wait", () => proxy.calls.slice(sofar).includes(PROCEDURE.memoryStats));
  expect(await liveMemory(lab(), "guest")).toMatchObject({ currentMemory: 1280 * MIB });
  await lab().restartDaemon();
  await lab().virsh("resume", "guest");
  await ballooning;
  await hasMemTotal(console, whole + 256 * MIB - 512 * MIB);
  expect(await stack.outputsOf("guest")).toMatchObject({ liveMemory: "1280MiB", currentMemory: "768MiB" });
  await stack.expectSettled();
  expect(lab().qemuPid("guest")).toBe(pid);
});

test("while a guest that takes its time is shut down", async () => {
  const { kind: engine } = await engineOnThisMachine();
  const proxy = await rpcProxy(lab(), "slow");
  // It boots nothing, and so never heeds a shutdown.
  const slow = { ...BARE, uri: proxy.uri, shutdownTimeout: 120 };
  const stack = await stackOnLab(lab(), { engine, traces: [] }, { slow });
  await stack.apply();
  stack.edit("slow", { running: false });
  const stopping = stack.apply();
  await waitUntil("the wait for the guest to go off", () => {
    const desired = proxy.calls.lastIndexOf(PROCEDURE.shutdown);
    return desired !== -1 && proxy.calls.slice(desired).includes(PROCEDURE.state);
  });
  await lab().restartDaemon();
  expect(await powerState(lab(), "slow")).toBe("running");
  await lab().virsh("destroy", "slow");
  await stopping;
  expect(await stack.outputsOf("slow")).toMatchObject({ state: "shutoff" });
  await stack.expectSettled();
});

/** What an administrator in the guest does, by its agent. */
async function bringOnline(domain: string): Promise<void> {
  const agent = async (execute: string, args?: object): Promise<unknown> => {
    const command = JSON.stringify({ execute, ...(args && { arguments: args }) });
    return JSON.parse(await lab().virsh("qemu-agent-command", domain, command)).return;
  };
  const blocks = (await agent("guest-get-memory-blocks")) as { "phys-index": number; online: boolean }[];
  const offline = blocks.filter(({ online }) => !online).map((block) => ({ ...block, online: true }));
  await agent("guest-set-memory-blocks", { "mem-blks": offline });
}
