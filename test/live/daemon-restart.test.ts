import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { growAndWait, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { PROCEDURE, rpcProxy } from "../support/rpc-proxy.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, powerState } from "../support/virsh.ts";

// An upgrade of libvirt restarts its daemon; domains run on, and so does an update that waits for one of them.

const lab = labOfThisFile();

test("while the guest's word is waited for, and while its balloon is", async () => {
  const { stack, console, proxy, atBoot, pid, waiting } = await growAndWait(lab());
  await lab().restartDaemon();
  await agentAnswers(lab(), "guest");
  await bringOnline("guest");
  const grown = await waiting;
  expect({ ok: grown.ok, errors: grown.errors }).toEqual({ ok: true, errors: [] });
  expect(grown.stdout).toContain("confirmed by the guest agent: 1280 MiB");
  await hasMemTotal(console, atBoot + 256 * MIB);

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
  await hasMemTotal(console, atBoot + 256 * MIB - 512 * MIB);
  expect(await stack.outputsOf("guest")).toMatchObject({ liveMemory: "1280MiB", currentMemory: "768MiB" });
  await stack.expectSettled();
  expect(lab().qemuPid("guest")).toBe(pid);
});

test("while a guest that takes its time is shut down", async () => {
  const proxy = await rpcProxy(lab(), "slow");
  // It boots nothing, and so never heeds a shutdown.
  const slow = { ...BARE, uri: proxy.uri, shutdownTimeout: 120 };
  const stack = await stackOnLab(lab(), { slow });
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
