import { expect, test } from "vitest";
import { labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { liveMemory, nextBootMemory, powerCycle } from "../support/virsh.ts";

const lab = labOfThisFile();

test("a higher ceiling or more slots wait for the next boot; a growth that fits today doesn't wait with them", async () => {
  const stack = await stackOnLab(lab(), { higher: BARE, slots: BARE, both: BARE, lower: BARE });
  await stack.apply();
  const names = ["higher", "slots", "both", "lower"];
  const pids = names.map((name) => lab().qemuPid(name));

  stack.edit("higher", { maxMemory: "4GiB" });
  stack.edit("slots", { memorySlots: 32 });
  stack.edit("both", { maxMemory: "4GiB", memory: "512MiB" });
  stack.edit("lower", { maxMemory: "1GiB" });
  const up = await stack.apply();
  expect(said(up, "higher")).toContain("next boot: maxMemory 4 GiB in 16 slots, after a shutdown and start");
  expect(said(up, "slots")).toContain("next boot: maxMemory 2 GiB in 32 slots, after a shutdown and start");
  expect(said(up, "lower")).toContain("next boot: maxMemory 1 GiB in 16 slots, after a shutdown and start");
  expect(said(up, "both")).toMatch(
    /^info: live: 256 → 512 MiB, one 256 MiB DIMM in slot 0 \(15 of 16 free\), no restart\n.*the maximum of 4 GiB takes effect at the next boot$/ms,
  );
  expect(up.changes).toEqual({ same: 1, update: 4 });
  for (const name of names)
    expect(await liveMemory(lab(), name)).toMatchObject({ maxMemory: 2048 * MIB, cells: [256 * MIB] });
  expect(await liveMemory(lab(), "both")).toMatchObject({ memory: 512 * MIB });
  const ceilings = async () =>
    Promise.all(names.map(async (name) => (await nextBootMemory(lab(), name)).maxMemory));
  expect(await ceilings()).toEqual([4096 * MIB, 2048 * MIB, 4096 * MIB, 1024 * MIB]);
  expect(await lab().virsh("dumpxml", "slots", "--inactive")).toContain("<maxMemory slots='32' ");
  await stack.expectSettled();
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);

  // Beyond what the domain was started with, and within what the next boot has: live again after that.
  await powerCycle(lab(), "higher");
  stack.edit("higher", { memory: "3328MiB" });
  await stack.apply({ refresh: true });
  expect(await liveMemory(lab(), "higher")).toMatchObject({ memory: 3328 * MIB, cells: [256 * MIB] });
  await stack.expectSettled();
});

test("a domain made without headroom: the first raise needs a boot and brings it, the later ones are live", async () => {
  const once = { ...BARE, forceOff: true, hotplug: { whenNotPossible: "restart" } } as const;
  const stack = await stackOnLab(lab(), {
    disabled: { ...once, maxMemory: "1GiB", hotplug: { ...once.hotplug, enabled: false } },
    full: { ...once, maxMemory: "256MiB" },
    later: { ...BARE, maxMemory: "256MiB", hotplug: { whenNotPossible: "nextBoot" } },
  });
  await stack.apply();
  const names = ["disabled", "full", "later"];
  for (const name of names) expect(await liveMemory(lab(), name)).toMatchObject({ maxMemory: undefined });
  const pids = () => names.map((name) => lab().qemuPid(name));
  const before = pids();

  for (const name of names) stack.edit(name, { memory: "512MiB", maxMemory: "1GiB" });
  stack.edit("disabled", { hotplug: once.hotplug });
  const up = await stack.apply();
  for (const name of names) {
    expect(said(up, name)).toContain(
      "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs\nno other size works without a restart",
    );
    expect(said(up, name)).toMatch(
      /^after that the domain has 16 slots and room to grow to 1 GiB, so later increases can be live$/m,
    );
    expect(await nextBootMemory(lab(), name)).toMatchObject({ maxMemory: 1024 * MIB, cells: [512 * MIB] });
  }
  expect(pids().map((pid, index) => pid === before[index])).toEqual([false, false, true]);
  expect(await stack.outputsOf("later")).toMatchObject({ pendingMemory: "512MiB", reachable: [] });
  await powerCycle(lab(), "later");

  const booted = pids();
  for (const name of names) stack.edit(name, { memory: "768MiB" });
  const live = await stack.apply({ refresh: true });
  for (const name of names) {
    expect(said(live, name)).toMatch(/^info: live: .* one 256 MiB DIMM in slot 0 /);
    expect(await liveMemory(lab(), name)).toMatchObject({ memory: 768 * MIB, cells: [512 * MIB] });
  }
  await stack.expectSettled();
  expect(pids()).toEqual(booted);
});

test("the last slot goes: the preview says so, and the next one what frees them", async () => {
  const few = { ...BARE, memorySlots: 1, forceOff: true, hotplug: { whenNotPossible: "restart" } } as const;
  const stack = await stackOnLab(lab(), { few });
  await stack.apply();
  stack.edit("few", { memory: "512MiB" });
  const last = await stack.apply();
  expect(said(last, "few")).toMatch(
    /\(0 of 1 free\).*\nthis uses the last slot: the next increase needs a restart first$/ms,
  );
  expect(await stack.outputsOf("few")).toMatchObject({ liveMemory: "512MiB", reachable: [] });

  const pid = lab().qemuPid("few");
  stack.edit("few", { memory: "768MiB" });
  const freed = await stack.apply();
  expect(said(freed, "few")).toContain("the only memory slot is in use; a shutdown and start frees it");
  expect(lab().qemuPid("few")).not.toBe(pid);
  expect(await liveMemory(lab(), "few")).toMatchObject({ cells: [768 * MIB], devices: [] });
  expect(await stack.outputsOf("few")).toMatchObject({
    reachable: [{ from: "1024MiB", to: "2048MiB", step: "256MiB" }],
  });
  await stack.expectSettled();
});

test("beyond the cap for the guest's width nothing is asked of libvirt", async () => {
  const stack = await stackOnLab(lab(), { wide: { ...BARE, maxMemory: "5TiB" } });
  const refused = await stack.up();
  expect(refused.ok).toBe(false);
  expect(refused.stdout).toContain(
    "is 5242880 MiB, above the limit of 4194304 MiB for a 64-bit guest (libvirt-hotplug:maxMemory64Bit)",
  );
  stack.edit("wide", { maxMemory: "21GiB", guestWidth: 32 });
  const narrow = await stack.up();
  expect(narrow.stdout).toContain(
    "is 21504 MiB, above the limit of 20480 MiB for a 32-bit guest (libvirt-hotplug:maxMemory32Bit)",
  );
  await stack.setConfig("libvirt-hotplug:maxMemory64Bit", "1GiB");
  stack.drop("wide");
  const { maxMemory: _maxMemory, ...withoutCeiling } = BARE;
  stack.edit("capped", { ...withoutCeiling, memory: "512MiB" });
  await stack.apply();
  expect(await nextBootMemory(lab(), "capped")).toMatchObject({ memory: 512 * MIB, maxMemory: 1024 * MIB });
});
