import { describe, expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { bootLinux, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { PROCEDURE, type RpcProxy, rpcProxy } from "../support/rpc-proxy.ts";
import { type Args, BARE, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory } from "../support/virsh.ts";

const lab = labOfThisFile();

/** A guest with 512 MiB, through a proxy that sees what is asked of libvirt. */
async function boot(name: string, switches: string, hotplug: Args["hotplug"]) {
  const proxy = await rpcProxy(lab(), name);
  const booted = await bootLinux(lab(), name, switches, { uri: proxy.uri, hotplug });
  return { ...booted, proxy };
}

/** Runs a line of shell in a guest, through its agent. */
function inGuest(name: string, line: string): Promise<string> {
  const command = { execute: "guest-exec", arguments: { path: "/bin/sh", arg: ["-c", line] } };
  return lab().virsh("qemu-agent-command", name, JSON.stringify(command));
}

/**
 * Waits until the balloon has said that the guest has that much MemAvailable. It reports every two seconds: its last report
 * may be older than memory that was just added.
 */
function spares(name: string, isSo: (mib: number) => boolean): Promise<unknown> {
  return waitUntil(
    "the balloon's statistics",
    async () => {
      const [, kib] = /^usable (\d+)$/m.exec(await lab().virsh("dommemstat", name)) ?? [];
      return (kib !== undefined && isSo(Number(kib) / MIB)) || undefined;
    },
    { timeoutMs: 30_000 },
  );
}

/** How often libvirt was asked for a DIMM. */
function requests({ calls }: RpcProxy): number {
  return calls.filter((procedure) => procedure === PROCEDURE.detachAlias).length;
}

const sizes = async (name: string) => (await liveMemory(lab(), name)).devices.map(({ size }) => size / MIB);

describe("a guest gives memory up while it runs", () => {
  test("DIMMs that add up to the decrease; and one later than it is waited for", async () => {
    const { stack, proxy, console, atBoot, pid } = await boot("gives", "memhp_default_state=online_movable", {
      ...{ allowUnplug: true, awaitGuest: 30, alignment: "128MiB", maxDimmSize: "256MiB" },
    });
    await agentAnswers(lab(), "gives");
    stack.edit("gives", { memory: "1152MiB" });
    await stack.apply();
    expect(await sizes("gives")).toEqual([256, 256, 128]);
    expect(await stack.outputsOf("gives")).toMatchObject({
      reachable: [
        { from: "1280MiB", to: "4096MiB", step: "128MiB" },
        { from: "512MiB", to: "1024MiB", step: "128MiB" },
      ],
    });

    await spares("gives", (mib) => mib > 640);
    stack.edit("gives", { memory: "768MiB" });
    const { stdout } = await stack.apply();
    expect(stdout).toContain("live: 1152 → 768 MiB, removes 2 DIMMs from slots 1 and 2 ");
    await hasMemTotal(console, atBoot + 256 * MIB);
    expect(await sizes("gives")).toEqual([256]);
    expect(await nextBootMemory(lab(), "gives")).toMatchObject({
      ...{ memory: 768 * MIB, cells: [768 * MIB], devices: [] },
    });
    expect(await stack.outputsOf("gives")).toMatchObject({ guestMemory: "768MiB", guestMemoryFrom: "agent" });
    expect(requests(proxy)).toBe(2);
    await stack.expectSettled();

    // Its agent has taken the blocks offline, and then it stands still.
    proxy.beforeCall(PROCEDURE.detachAlias, 1, () => lab().virsh("suspend", "gives"));
    stack.edit("gives", { memory: "512MiB", hotplug: { allowUnplug: true, awaitGuest: 2 } });
    const silent = await stack.up();
    expect(silent.errors.join()).toContain("no answer from the guest within 2 s: 256 MiB is still plugged");
    expect(silent.errors.join()).toContain("2 of its memory blocks are offline in the guest");
    expect(await stack.outputsOf("gives")).toMatchObject({ liveMemory: "768MiB", nextBootMemory: "768MiB" });

    await lab().virsh("resume", "gives");
    await waitUntil("the DIMM to go", async () => (await sizes("gives")).length === 0 || undefined);
    await stack.apply();
    await hasMemTotal(console, atBoot);
    expect(await nextBootMemory(lab(), "gives")).toMatchObject({ memory: 512 * MIB });
    expect(requests(proxy)).toBe(3);
    await stack.expectSettled();
    expect(lab().qemuPid("gives")).toBe(pid);
  });
});

describe("a guest refuses", () => {
  test("a block, by its agent: what went before is gone, and the next boot follows", async () => {
    const { stack, proxy, console, atBoot } = await boot("block", "memhp_default_state=online lab.holds_on", {
      ...{ allowUnplug: true, awaitGuest: 30, alignment: "128MiB" },
    });
    await agentAnswers(lab(), "block");
    stack.edit("block", { memory: "768MiB" });
    await stack.apply();
    await console.waitFor(/GUEST holds on/);
    stack.edit("block", { memory: "896MiB" });
    await stack.apply();
    await spares("block", (mib) => mib > 500);

    stack.edit("block", { memory: "512MiB" });
    await inGuest(
      "block",
      "mount -t tmpfs -o size=90% tmpfs /run; dd if=/dev/zero of=/run/filled bs=1M count=450",
    );
    await spares("block", (mib) => mib < 384);
    expect((await stack.up()).errors.join()).toMatch(
      /the guest has only \d+ MiB available \(MemAvailable\), less than the 384 MiB to remove/,
    );
    expect([await sizes("block"), requests(proxy)]).toEqual([[256, 128], 0]);
    await inGuest("block", "true >/run/filled");
    await spares("block", (mib) => mib > 400);

    const refused = await stack.up();
    const errors = refused.errors.join();
    expect(errors).toContain("Unable to remove the 256 MiB DIMM from slot 0, node 0 (domain block)");
    expect(errors).toMatch(
      /the guest agent could not take memory block 3[23] offline \(operation-failed, error 16\)/,
    );
    expect(errors).toContain("(already done: remove the 128 MiB DIMM from slot 1, node 0)");
    expect(await sizes("block")).toEqual([256]);
    expect(await nextBootMemory(lab(), "block")).toMatchObject({ memory: 768 * MIB, devices: [] });
    expect(await stack.outputsOf("block")).toMatchObject({ liveMemory: "768MiB", nextBootMemory: "768MiB" });
    expect(requests(proxy)).toBe(1);
    await hasMemTotal(console, atBoot + 256 * MIB);

    stack.edit("block", { memory: "768MiB" });
    await stack.apply();
    await stack.expectSettled();
  });

  test("a DIMM, where it has no agent, after it has given up another one", async () => {
    const { stack, proxy, console, atBoot } = await boot(
      "dimm",
      "memhp_default_state=online lab.noagent lab.holds_on",
      { allowUnplug: true, awaitGuest: 30 },
    );
    stack.edit("dimm", { memory: "768MiB" });
    await stack.apply();
    await console.waitFor(/GUEST holds on/);
    stack.edit("dimm", { memory: "1GiB" });
    await stack.apply();

    stack.edit("dimm", { memory: "768MiB" });
    await stack.apply();
    await hasMemTotal(console, atBoot + 256 * MIB);
    const guestMemory = `${Math.floor((atBoot + 256 * MIB) / MIB)}MiB`;
    expect(await stack.outputsOf("dimm")).toMatchObject({ guestMemory, guestMemoryFrom: "balloon" });

    stack.edit("dimm", { memory: "512MiB" });
    const refused = await stack.up();
    expect(refused.errors.join()).toContain("the guest refused to release it (device-removal-failed");
    expect(await sizes("dimm")).toEqual([256]);
    expect(await nextBootMemory(lab(), "dimm")).toMatchObject({ memory: 768 * MIB });
    expect(requests(proxy)).toBe(2);
    await hasMemTotal(console, atBoot + 256 * MIB);

    stack.edit("dimm", { memory: "768MiB" });
    await stack.apply();
    await stack.expectSettled();
  });
});

test("a domain with no operating system does not answer: all is still there, and is asked for once an up", async () => {
  const proxy = await rpcProxy(lab(), "empty");
  const hotplug = { allowUnplug: true, awaitGuest: 2 };
  const stack = await stackOnLab(lab(), { empty: { ...BARE, uri: proxy.uri, hotplug } });
  await stack.apply();
  stack.edit("empty", { memory: "512MiB" });
  await stack.apply();
  for (const sent of [1, 2]) {
    stack.edit("empty", { memory: "256MiB" });
    const silent = await stack.up();
    expect(silent.errors.join()).toContain("no answer from the guest within 2 s: 256 MiB is still plugged");
    expect(requests(proxy)).toBe(sent);
    expect(await stack.outputsOf("empty")).toMatchObject({ liveMemory: "512MiB", nextBootMemory: "512MiB" });
  }
  expect(await sizes("empty")).toEqual([256]);
  stack.edit("empty", { memory: "512MiB" });
  await stack.apply();
  await stack.expectSettled();
});
