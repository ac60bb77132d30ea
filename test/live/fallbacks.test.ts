import { chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { BOOT, labOfThisFile, MIB } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";
import { notShutDown } from "../support/texts.ts";
import { editByHand, liveMemory, nextBootMemory, powerState } from "../support/virsh.ts";

/** Every preview of 256 → 300 MiB, whatever the program wants then. */
const CHANGE = "256 → 300 MiB is not a multiple of 256 MiB (live: 512 MiB)";
const WHY = [
  "the increase of 44 MiB is not a multiple of 256 MiB",
  "sizes that work without a restart: 256 MiB (current), 512 MiB; range 512–2048 MiB, step 256 MiB",
];

const lab = labOfThisFile();

test("each way out of what can't be plugged: the preview names it and what it costs, and up does that alone", async () => {
  const disk = diskFile(lab());
  const stack = await stackOnLab(lab(), {
    replaced: { ...BARE, disks: [{ file: disk.file, format: "raw" }] },
    restarted: { ...BARE, forceOff: true, hotplug: { whenNotPossible: "restart" } },
    silent: { ...BARE, hotplug: { whenNotPossible: "restart" } },
    later: { ...BARE, hotplug: { whenNotPossible: "nextBoot" } },
  });
  await stack.apply();
  const names = ["replaced", "restarted", "silent", "later"];
  const pids = () => Object.fromEntries(names.map((name) => [name, lab().qemuPid(name)]));
  const before = pids();
  for (const name of ["replaced", "restarted"])
    await editByHand(lab(), name, (xml) => xml.replace("<vcpu", "<title>by hand</title>\n  <vcpu"));

  for (const name of names) stack.edit(name, { memory: "300MiB" });
  const preview = await stack.preview({ continueOnError: true });
  const restart = [
    "1. shut the guest down",
    "2. set the definition to 300 MiB of base memory for the next boot",
    "3. start the domain",
  ];
  const foretold = Object.fromEntries(names.map((name) => [name, said(preview, name)]));
  expect(foretold).toEqual({
    replaced: [
      `warning: replace: ${CHANGE}`,
      ...WHY,
      "the domain is shut down, deleted and recreated: disk files are kept; NVRAM, TPM state, snapshots and manual changes are lost",
      'hotplug.whenNotPossible "restart" keeps NVRAM, TPM state, snapshots and manual changes',
      "1. delete the domain and create it again",
    ].join("\n"),
    restarted: [
      `warning: restart: ${CHANGE}`,
      ...WHY,
      "the guest is shut down within shutdownTimeout (after that, forceOff forces it off) and started with 300 MiB",
      ...restart,
    ].join("\n"),
    silent: [
      `warning: restart: ${CHANGE}`,
      ...WHY,
      "the guest is shut down within shutdownTimeout (it is never forced off) and started with 300 MiB",
      ...restart,
    ].join("\n"),
    later: [
      "info: next boot: 256 → 300 MiB, after a shutdown and start",
      ...WHY,
      "the change takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough",
      "1. set the definition to 300 MiB of base memory for the next boot",
    ].join("\n"),
  });
  expect(pids()).toEqual(before);

  const up = await stack.up({ continueOnError: true });
  expect(up.ok).toBe(false);
  expect(said(up, "silent")).toContain(notShutDown(0));
  for (const name of ["replaced", "restarted", "later"]) expect(said(up, name)).toBe(foretold[name]);

  const after = pids();
  for (const name of ["silent", "later"]) expect(after[name]).toBe(before[name]);
  const title = async (name: string) => /<title>.*<\/title>/.exec(await lab().virsh("dumpxml", name))?.[0];
  for (const name of ["replaced", "restarted"]) {
    expect(after[name]).toBeTypeOf("number");
    expect(after[name]).not.toBe(before[name]);
    expect(await liveMemory(lab(), name)).toMatchObject({ cells: [300 * MIB], devices: [] });
  }
  expect({ replaced: await title("replaced"), restarted: await title("restarted") }).toEqual({
    replaced: undefined,
    restarted: "<title>by hand</title>",
  });
  expect(readFileSync(disk.file, "utf8").startsWith("precious")).toBe(true);
  expect(statSync(disk.file).ino).toBe(disk.inode);

  // A guest that didn't shut down keeps all of what it had.
  expect(await liveMemory(lab(), "silent")).toMatchObject({ memory: 256 * MIB, devices: [] });
  expect(await nextBootMemory(lab(), "silent")).toMatchObject({ memory: 256 * MIB, cells: [256 * MIB] });
  expect(await stack.outputsOf("silent")).not.toHaveProperty("pendingMemory");

  // The definition of this one is changed, but what runs is not: the state says so.
  expect(await liveMemory(lab(), "later")).toMatchObject({ memory: 256 * MIB, devices: [] });
  expect(await nextBootMemory(lab(), "later")).toMatchObject({
    memory: 300 * MIB,
    currentMemory: 300 * MIB,
    cells: [300 * MIB],
  });
  expect(await stack.outputsOf("later")).toMatchObject({
    liveMemory: "256MiB",
    nextBootMemory: "300MiB",
    pendingMemory: "300MiB",
  });

  // The restart is still due; with its plug pulled it comes to its end.
  stack.edit("silent", { forceOff: true });
  const pulled = await stack.apply();
  expect(said(pulled, "silent")).toMatch(/^warning: restart: 256 → 300 MiB/);
  expect(pulled.changes).toEqual({ same: 4, update: 1 });
  expect(lab().qemuPid("silent")).not.toBe(before.silent);
  expect(await liveMemory(lab(), "silent")).toMatchObject({ cells: [300 * MIB], devices: [] });
  expect(await stack.outputsOf("silent")).not.toHaveProperty("pendingMemory");
  await stack.expectSettled();
});

test("restart: a guest that answers the power button is shut down by itself, and started with the new size", async () => {
  const file = lab().file("polite.log");
  const console = lab().console(file);
  // QEMU would begin the file anew with the guest, and its last words were lost.
  const serial = `<serial type='file'><source path='${file}' append='on'/></serial>`;
  const stack = await stackOnLab(lab(), {
    polite: {
      memory: "384MiB",
      agent: false,
      shutdownTimeout: 120,
      boot: { ...lab().guest, commandLine: "console=ttyS0 quiet" },
      xml: `<domain><devices>${serial}</devices></domain>`,
      hotplug: { whenNotPossible: "restart" },
    },
  });
  await stack.apply();
  await console.waitFor(/GUEST memtotal_kb=/, BOOT);
  const pid = lab().qemuPid("polite");

  stack.edit("polite", { memory: "400MiB" });
  await stack.apply();
  const booted = /GUEST booted.*GUEST memtotal_kb=.*/s;
  await console.waitFor(new RegExp(`${booted.source}GUEST powering off.*${booted.source}`, "s"), BOOT);
  expect(lab().qemuPid("polite")).not.toBe(pid);
  expect(await liveMemory(lab(), "polite")).toMatchObject({ cells: [400 * MIB], devices: [] });
  await stack.expectSettled();
  expect((await stack.destroy()).errors).toEqual([]);
  expect(console.text().match(/GUEST powering off/g)).toHaveLength(2);
});

test("a replace that the host would refuse leaves the domains running, and goes on with the next up, whatever the program says by then", async () => {
  const stack = await stackOnLab(lab(), { same: BARE, other: BARE });
  await stack.apply();
  for (const name of ["same", "other"]) {
    const disks = [{ file: `/nowhere/${name}.raw`, format: "raw" as const }];
    stack.edit(name, { memory: "300MiB", disks, adopt: true });
  }
  const pids = () => ["same", "other"].map((name) => lab().qemuPid(name));
  const before = pids();
  const up = await stack.up({ continueOnError: true });
  expect(up.ok).toBe(false);
  expect(up.errors.join("\n").match(/"\/nowhere\/(same|other)\.raw" doesn't exist on/g)).toHaveLength(2);
  expect(pids()).toEqual(before);

  stack.edit("same", { disks: [] });
  stack.edit("other", { disks: [], memory: "512MiB", adopt: false });
  const { changes } = await stack.apply();
  // The old domain still runs, so that the other size is a live growth.
  expect(changes).toEqual({ same: 1, replace: 1, update: 1 });
  expect(await liveMemory(lab(), "same")).toMatchObject({ cells: [300 * MIB], devices: [] });
  expect(await liveMemory(lab(), "other")).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
  await stack.expectSettled();
});

test("a stack that forbids downtime: neither restart nor replace, and what needs none goes on", async () => {
  const stack = await stackOnLab(
    lab(),
    {
      replace: BARE,
      restart: { ...BARE, forceOff: true, hotplug: { whenNotPossible: "restart" } },
      later: { ...BARE, hotplug: { whenNotPossible: "nextBoot" } },
    },
    { config: { "libvirt-hotplug:allowDowntime": "false" } },
  );
  await stack.apply();
  const pids = () => ["replace", "restart", "later"].map((name) => lab().qemuPid(name));
  const before = pids();

  // What is refused ends the operation before others are done: one at a time.
  for (const [name, need] of [
    ["replace", "replacement"],
    ["restart", "restart"],
  ] as const) {
    stack.edit(name, { memory: "300MiB" });
    const up = await stack.up();
    expect(said(up, name)).toContain(
      [
        `refused: 256 → 300 MiB needs a ${need}, which libvirt-hotplug:allowDowntime forbids (live: 512 MiB)`,
        ...WHY,
        "the stack forbids downtime (libvirt-hotplug:allowDowntime is false), so nothing is done",
      ].join("\n"),
    );
    expect(up.ok).toBe(false);
    expect(await nextBootMemory(lab(), name)).toMatchObject({ memory: 256 * MIB });
    stack.edit(name, { memory: "512MiB" });
  }
  expect(pids()).toEqual(before);

  stack.edit("later", { memory: "300MiB" });
  await stack.apply();
  expect(await nextBootMemory(lab(), "later")).toMatchObject({ memory: 300 * MIB });
  expect(await liveMemory(lab(), "replace")).toMatchObject({ memory: 512 * MIB, cells: [256 * MIB] });
  await stack.expectSettled();
  expect(pids()).toEqual(before);
  expect(await powerState(lab(), "restart")).toBe("running");
});

/** A disk that QEMU can use, with something in it that must not be lost. */
function diskFile({ file, user }: Lab): { file: string; inode: number } {
  const path = file("disk.raw");
  writeFileSync(path, "precious".padEnd(MIB * MIB));
  chownSync(path, user.uid, user.gid);
  return { file: path, inode: statSync(path).ino };
}
