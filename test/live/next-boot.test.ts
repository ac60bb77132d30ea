import { expect, test } from "vitest";
import { agentAnswers } from "../lab/agent.ts";
import { shutDown } from "../lab/shut-down.ts";
import { waitUntil } from "../lab/wait-until.ts";
import { BOOT, labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { editByHand, liveMemory, nextBootMemory, powerCycle } from "../support/virsh.ts";

const lab = labOfThisFile();

test("applied later: it waits while the guest reboots itself, and is there once it was shut down and started", async () => {
  const file = lab().file("later.log");
  const console = lab().console(file);
  const stack = await stackOnLab(lab(), {
    later: {
      memory: "384MiB",
      shutdownTimeout: 0,
      boot: { ...lab().guest, commandLine: "console=ttyS0 quiet memhp_default_state=online" },
      serial: { file },
    },
  });
  await stack.apply();
  await console.waitFor(/GUEST agent started/, BOOT);
  const atBoot = await waitUntil("the guest's memory", () => console.memTotalKib());
  const pid = lab().qemuPid("later");
  stack.edit("later", { memory: "640MiB" });
  await stack.apply();
  await waitUntil("the DIMM", () => console.memTotalKib() === atBoot + 256 * MIB, BOOT);

  // The next boot can have any size: 700 MiB is not a multiple of any block.
  stack.edit("later", { memory: "700MiB", hotplug: { applyOn: "nextBoot" } });
  const { outputs, changes } = await stack.apply();
  expect(changes).toEqual({ same: 1, update: 1 });
  expect(outputs.later).toBe("next boot: 640 → 700 MiB, after a shutdown and start");
  const pending = { liveMemory: "640MiB", nextBootMemory: "700MiB", pendingMemory: "700MiB" };
  expect(await stack.outputsOf("later")).toMatchObject(pending);
  await stack.expectSettled();

  // A reboot inside the guest resets the same QEMU, with the memory that it has.
  const from = console.text().length;
  await lab().virsh("reboot", "later", "--mode", "agent");
  await console.waitFor(/GUEST rebooting/, { ...BOOT, after: from });
  await console.waitFor(/GUEST booted.*GUEST memtotal_kb=/s, { ...BOOT, after: from });
  expect(console.memTotalKib()).toBeGreaterThan(atBoot + 128 * MIB);
  expect(lab().qemuPid("later")).toBe(pid);
  expect(await liveMemory(lab(), "later")).toMatchObject({
    memory: 640 * MIB,
    cells: [384 * MIB],
    devices: [{ alias: "ua-pulumi-dimm0", size: 256 * MIB }],
  });
  await stack.expectSettled();
  expect(await stack.outputsOf("later")).toMatchObject(pending);

  await console.waitFor(/GUEST agent started/, {
    ...BOOT,
    after: console.text().lastIndexOf("GUEST booted"),
  });
  await agentAnswers(lab(), "later");
  await shutDown(lab(), "later", { mode: "agent" });
  await lab().virsh("start", "later");
  expect(await liveMemory(lab(), "later")).toMatchObject({ cells: [700 * MIB], devices: [] });
  expect((await stack.refresh()).errors).toEqual([]);
  const { pendingMemory, ...now } = await stack.outputsOf("later");
  expect(pendingMemory).toBeUndefined();
  expect(now).toMatchObject({ liveMemory: "700MiB", nextBootMemory: "700MiB", memoryDevices: [] });
  await stack.expectSettled();
});

test("a size that waits: our own may be superseded, another's only knowingly", async () => {
  const later = { ...BARE, hotplug: { applyOn: "nextBoot" } } as const;
  const stack = await stackOnLab(lab(), {
    ours: later,
    withdrawn: later,
    same: BARE,
    seen: BARE,
    theirs: BARE,
  });
  await stack.apply();
  const names = ["ours", "withdrawn", "same", "seen", "theirs"];
  const pids = () => names.map((name) => lab().qemuPid(name));
  const before = pids();
  for (const name of ["ours", "withdrawn"]) stack.edit(name, { memory: "600MiB" });
  await stack.apply();
  for (const name of ["ours", "withdrawn"])
    expect(await stack.outputsOf(name)).toMatchObject({ pendingMemory: "600MiB" });
  for (const name of ["same", "seen", "theirs"])
    await editByHand(lab(), name, (xml) =>
      xml
        .replaceAll(`>${256 * MIB}<`, `>${768 * MIB}<`)
        .replace(`memory='${256 * MIB}'`, `memory='${768 * MIB}'`),
    );

  stack.edit("ours", { memory: "512MiB", hotplug: { applyOn: "now" } });
  stack.edit("withdrawn", { memory: "256MiB" });
  stack.edit("same", { memory: "768MiB" });
  const preview = await stack.preview();
  expect(said(preview, "ours")).toMatch(
    /^info: live: 256 → 512 MiB, one 256 MiB DIMM in slot 0 .*\nthis replaces the pending change to 600 MiB$/ms,
  );
  expect(said(preview, "withdrawn")).toMatch(
    /^info: next boot: 600 → 256 MiB in the definition .*\nthis replaces the pending change to 600 MiB$/m,
  );
  expect(said(preview, "same")).toMatch(
    /^info: live: 256 → 768 MiB, one 512 MiB DIMM in slot 0 .* no restart$/m,
  );
  await stack.apply();
  expect(await liveMemory(lab(), "ours")).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
  expect(await nextBootMemory(lab(), "ours")).toMatchObject({ cells: [512 * MIB], devices: [] });
  expect(await nextBootMemory(lab(), "withdrawn")).toMatchObject({ cells: [256 * MIB], devices: [] });
  expect(await liveMemory(lab(), "same")).toMatchObject({ memory: 768 * MIB, cells: [256 * MIB] });
  expect(await nextBootMemory(lab(), "same")).toMatchObject({ cells: [768 * MIB], devices: [] });
  for (const name of ["ours", "withdrawn", "same"])
    expect(await stack.outputsOf(name)).not.toHaveProperty("pendingMemory");

  stack.edit("theirs", { memory: "512MiB" });
  const refused = await stack.up();
  expect(refused.ok).toBe(false);
  expect(said(refused, "theirs")).toContain(
    "refused: someone else set 768 MiB for the next boot, but the program wants 512 MiB\nset memory to 768 MiB, or run pulumi refresh, which shows the difference, and then pulumi up",
  );
  expect(await liveMemory(lab(), "theirs")).toMatchObject({ memory: 256 * MIB });
  expect(await nextBootMemory(lab(), "theirs")).toMatchObject({ memory: 768 * MIB });

  const refreshed = await stack.refresh();
  expect(refreshed.errors).toEqual([]);
  expect(refreshed.changes).toMatchObject({ update: 2 });
  stack.edit("seen", { memory: "512MiB" });
  await stack.apply();
  for (const name of ["seen", "theirs"]) {
    expect(await liveMemory(lab(), name)).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
    expect(await nextBootMemory(lab(), name)).toMatchObject({ cells: [512 * MIB], devices: [] });
  }
  await stack.expectSettled();
  expect(pids()).toEqual(before);
  await powerCycle(lab(), "ours");
  expect(await liveMemory(lab(), "ours")).toMatchObject({ cells: [512 * MIB], devices: [] });
});
