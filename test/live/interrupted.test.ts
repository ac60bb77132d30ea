import { describe, expect, test } from "vitest";
import { ENGINE, onEachEngineWithHosts } from "../support/engines.ts";
import { growAndWait, hasMemTotal } from "../support/linux-guest.ts";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { killProviderHost } from "../support/provider-host.ts";
import { PROCEDURE, type RpcProxy, rpcProxy } from "../support/rpc-proxy.ts";
import { BARE, type OnEngine, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { confirmedByAgent } from "../support/texts.ts";
import { liveMemory, memoryOfAll, nextBootMemory } from "../support/virsh.ts";

const GROWN = {
  live: { memory: 512 * MIB, cells: [256 * MIB], devices: [{ alias: "ua-pulumi-dimm0", size: 256 * MIB }] },
  nextBoot: { memory: 512 * MIB, currentMemory: 512 * MIB, cells: [512 * MIB], devices: [] },
};

/** More than the calls of an update, with the look before it: the last domain of the fleet loses none. */
const FLEET = 56;

const lab = labOfThisFile();

// Every domain of a fleet loses its hypervisor after another call, so that one up tries them all.
test("the connection is lost after any call: the next up goes on, and does nothing twice", async () => {
  const { stack, fleet } = await fleetBehindProxies(FLEET);
  const names = fleet.map(({ name }) => name);
  const options = { continueOnError: true, parallel: FLEET };
  const cut = () => fleet.map(({ proxy }, index) => proxy.cutAfter(index + 1));
  const restore = () => fleet.map(({ proxy }) => proxy.restore());
  const known = async () => Promise.all(names.map((name) => stack.find(name)));

  cut();
  expect((await stack.up(options)).ok).toBe(false);
  const created = await known();
  // A create makes some ten calls: the last domains of the fleet lost none of them.
  expect(created.slice(-FLEET / 2)).not.toContain(undefined);
  expect(created[0]).toBeUndefined();
  const started = names.map((name) => lab().qemuPid(name));

  restore();
  await stack.apply(options);
  const pids = names.map((name) => lab().qemuPid(name));
  expect(pids).toEqual(started.map((pid) => pid ?? expect.any(Number)));
  for (const { nextBoot } of await memoryOfAll(lab(), names))
    expect(nextBoot).toMatchObject({ memory: 256 * MIB, devices: [] });
  await stack.expectSettled();

  cut();
  for (const name of names) stack.edit(name, { memory: "512MiB" });
  expect((await stack.up(options)).ok).toBe(false);
  const memory = await memoryOfAll(lab(), names);
  const updated = await known();
  for (const [index, state] of updated.entries()) {
    expect(state?.__provider).toContain("pulumi-libvirt-hotplug/provider");
    // A state from before the attach knows nothing of it; what a state does say is so.
    if (state?.liveMemory === "512MiB") expect(memory[index]?.live.memory).toBe(512 * MIB);
    if (state?.nextBootMemory === "512MiB") expect(memory[index]?.nextBoot.memory).toBe(512 * MIB);
  }
  const nextBoots = updated.map((state) => state?.nextBootMemory);
  expect(nextBoots.at(0)).toBe("256MiB");
  expect(nextBoots.at(-1)).toBe("512MiB");

  restore();
  await stack.apply(options);
  for (const { live, nextBoot } of await memoryOfAll(lab(), names)) {
    expect(live).toMatchObject(GROWN.live);
    expect(nextBoot).toMatchObject(GROWN.nextBoot);
  }
  await stack.expectSettled();
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
}, 300_000);

onEachEngineWithHosts((on) => {
  describe("the provider is killed with -9", () => {
    test("between attach and fold: the next up folds, and attaches nothing", async () => {
      const { stack, fleet } = await fleetBehindProxies(1, on);
      await stack.apply();
      const pid = lab().qemuPid("d1");
      stack.edit("d1", { memory: "512MiB" });
      fleet[0]?.proxy.instead(PROCEDURE.attach, () => killProviderHost(stack));
      const killed = await stack.up();
      expect(killed.ok).toBe(false);
      expect(await liveMemory(lab(), "d1")).toMatchObject(GROWN.live);
      expect(await nextBootMemory(lab(), "d1")).toMatchObject({ memory: 256 * MIB });

      const { stdout } = await stack.apply();
      expect(stdout).toContain("live: 256 → 512 MiB in the definition (the running domain already has it)");
      expect(await liveMemory(lab(), "d1")).toMatchObject(GROWN.live);
      expect(await nextBootMemory(lab(), "d1")).toMatchObject(GROWN.nextBoot);
      await stack.expectSettled();
      expect(lab().qemuPid("d1")).toBe(pid);
    });

    test("in the middle of a create: the next up goes on with the same domain", async () => {
      const { stack, fleet } = await fleetBehindProxies(1, on);
      fleet[0]?.proxy.instead(PROCEDURE.start, () => killProviderHost(stack));
      const killed = await stack.up();
      expect(killed.ok).toBe(false);
      const pid = lab().qemuPid("d1");
      expect(pid).toBeTypeOf("number");

      await stack.apply();
      expect(lab().qemuPid("d1")).toBe(pid);
      await stack.expectSettled();
    });
  });
});

/** Domains d1, d2, …, each with a way to libvirt of its own. */
async function fleetBehindProxies(
  size: number,
  on?: OnEngine,
): Promise<{ stack: StackOnLab; fleet: { name: string; proxy: RpcProxy }[] }> {
  const names = Array.from({ length: size }, (_, index) => `d${index + 1}`);
  const fleet = await Promise.all(names.map(async (name) => ({ name, proxy: await rpcProxy(lab(), name) })));
  const domains = fleet.map(({ name, proxy }) => [name, { ...BARE, uri: proxy.uri }]);
  return { stack: await stackOnLab(lab(), Object.fromEntries(domains), { ...(on && { on }) }), fleet };
}

test("the provider is killed while it waits for the guest: the next up asks the guest, and goes on", async () => {
  // Its new memory stays offline, so the wait would be a long one.
  const { stack, console, proxy, atBoot, pid, waiting } = await growAndWait(lab(), { on: ENGINE });
  killProviderHost(stack);
  expect((await waiting).ok).toBe(false);
  expect(await stack.outputsOf("guest")).toMatchObject({ memory: "1024MiB", liveMemory: "1024MiB" });
  const { devices } = await liveMemory(lab(), "guest");

  stack.edit("guest", { hotplug: { awaitGuest: 60, online: "agent" } });
  const { stdout } = await stack.apply();
  expect(stdout).toContain(confirmedByAgent("attached earlier", "1280 MiB"));
  expect((await liveMemory(lab(), "guest")).devices).toEqual(devices);
  await hasMemTotal(console, atBoot + 256 * MIB);
  await stack.expectSettled();

  // The balloon is on its way when nobody waits for it any more.
  stack.edit("guest", { currentMemory: "768MiB" });
  proxy.beforeCall(PROCEDURE.memoryStats, 1, async () => killProviderHost(stack));
  expect((await stack.up()).ok).toBe(false);
  await stack.apply();
  await hasMemTotal(console, atBoot + 256 * MIB - 512 * MIB);
  expect(await nextBootMemory(lab(), "guest")).toMatchObject({ currentMemory: 768 * MIB });
  await stack.expectSettled();
  expect(lab().qemuPid("guest")).toBe(pid);
});
