import { chmodSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "../lab/command.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { type Args, BARE, opOf, said, stackOnLab } from "../support/stack-on-lab.ts";
import { notShutDown } from "../support/texts.ts";
import { inOneVirsh, liveMemory, xmlOfAll } from "../support/virsh.ts";

const lab = labOfThisFile();

interface Case {
  before?: Args;
  after: Args;
  /** What the preview's row says. */
  says: string | RegExp;
  /** In the definition after up, and in the domain after its next real start. */
  defined: string | RegExp;
}

const later = (name: string) => `next boot: ${name}, after a shutdown and start`;

test("a change of any argument but memory: previewed for what it is, done without touching what runs", async () => {
  const file = (name: string) => lab().file(name);
  const [disk, added, log] = [file("disk.qcow2"), file("added.qcow2"), file("serial.log")];
  for (const file of [disk, added]) await makeDisk(file);
  // What is plugged by default.
  const waiting: Args = { hotplug: { applyOn: "nextBoot" } };
  const cases: Record<string, Case> = {
    vcpus: {
      before: waiting,
      after: { vcpus: 3 },
      says: later("vCPUs 1 → 3"),
      defined: "<vcpu placement='static' current='3'>4</vcpu>",
    },
    cpu: { after: { cpu: "Nehalem" }, says: later("cpu"), defined: ">Nehalem</model>" },
    disks: {
      before: { ...waiting, disks: [{ file: disk }] },
      after: { disks: [{ file: disk }, { file: added, bus: "scsi", readOnly: true }] },
      says: later("disks"),
      defined: `<source file='${added}'`,
    },
    interfaces: {
      before: waiting,
      after: { interfaces: [{ user: true, model: "e1000e" }] },
      says: later("interfaces"),
      defined: /<interface type='user'>\s*<mac address='52:54:00:/,
    },
    serial: {
      before: { serial: "pty" },
      after: { serial: { file: log } },
      says: later("serial"),
      defined: `<source path='${log}'`,
    },
    balloon: { after: { balloon: true }, says: later("balloon"), defined: "<stats period=" },
    machine: {
      before: { machine: "pc-q35-7.2" },
      after: { machine: "pc-q35-7.1" },
      says: later("machine"),
      defined: "machine='pc-q35-7.1'",
    },
    xml: {
      before: { xml: "<domain><title>first</title></domain>" },
      after: { xml: "<domain><title>second</title></domain>" },
      says: /^info: next boot: xml, after a shutdown and start\n.*\nthe definition is rewritten from xml; manual changes are lost/,
      defined: "<title>second</title>",
    },
    description: {
      after: { description: "for <people> & others" },
      says: "live: change description in the definition",
      defined: "<description>for &lt;people&gt; &amp; others</description>",
    },
    autostart: {
      after: { autostart: true },
      says: "live: turn autostart on",
      defined: "<name>autostart</name>",
    },
    timeout: {
      after: { shutdownTimeout: 7 },
      says: "setting only: shutdownTimeout",
      defined: "<name>timeout</name>",
    },
    ceiling: {
      after: { maxMemory: "4GiB", memorySlots: 8 },
      says: "next boot: maxMemory 4 GiB in 8 slots, after a shutdown and start",
      defined: "<maxMemory slots='8' unit='KiB'>4194304</maxMemory>",
    },
  };
  const names = Object.keys(cases);
  const stack = await stackOnLab(
    lab(),
    Object.fromEntries(Object.entries(cases).map(([name, { before }]) => [name, { ...BARE, ...before }])),
  );
  await stack.apply();
  const pids = names.map((name) => lab().qemuPid(name));
  const live = await xmlOfAll(lab(), names);

  for (const [name, { after }] of Object.entries(cases)) stack.edit(name, after);
  const preview = await stack.preview();
  expect(preview.errors).toEqual([]);
  for (const [name, { says }] of Object.entries(cases)) {
    expect(opOf(preview, name)).toBe("update");
    expect(said(preview, name)).toMatch(says);
  }
  await stack.apply();
  expect(names.map((name) => lab().qemuPid(name))).toEqual(pids);
  expect(await xmlOfAll(lab(), names)).toEqual(live);
  expect(await lab().virsh("list", "--all", "--autostart", "--name")).toMatch(/^autostart\s*$/);
  const expectDefinedIn = (xmls: string[]) =>
    Object.values(cases).map(({ defined }, index) => expect(xmls[index]).toMatch(defined));
  expectDefinedIn(await xmlOfAll(lab(), names, "--inactive"));
  await stack.expectSettled();

  await inOneVirsh(lab(), names, (name) => `destroy ${name} ; start ${name}`);
  expectDefinedIn(await xmlOfAll(lab(), names));
  await stack.apply({ expectNoChanges: true });
});

test("running: false shuts the guest down and never pulls its plug; true starts it with what changed meanwhile", async () => {
  const file = lab().file("console.log");
  rmSync(file, { force: true });
  const console = lab().console(file);
  const stack = await stackOnLab(lab(), {
    guest: {
      memory: "256MiB",
      maxMemory: "2GiB",
      boot: { ...lab().guest, commandLine: "console=ttyS0 quiet" },
      serial: { file },
      shutdownTimeout: 90,
    },
    deaf: { ...BARE, shutdownTimeout: 1 },
  });
  await stack.apply();
  await console.waitFor(/GUEST memtotal_kb=/, { timeoutMs: 150_000 });
  const deaf = lab().qemuPid("deaf");

  for (const name of ["guest", "deaf"]) stack.edit(name, { running: false });
  const preview = await stack.preview();
  expect(said(preview, "guest")).toContain("shut the domain down (running: false)");
  const stopped = await stack.up({ continueOnError: true });
  expect(stopped.ok).toBe(false);
  expect(stopped.stdout).toContain(notShutDown(1));
  expect(lab().qemuPid("deaf")).toBe(deaf);
  expect((await lab().virsh("domstate", "guest")).trim()).toBe("shut off");
  expect(await stack.outputsOf("guest")).toMatchObject({ state: "shutoff" });

  stack.edit("deaf", { running: true });
  stack.edit("guest", { memory: "300MiB" });
  const off = await stack.apply();
  expect(said(off, "guest")).toContain("live: 256 → 300 MiB in the definition (the domain is off)");
  await stack.expectSettled();

  stack.edit("guest", { running: true });
  const started = await stack.apply();
  expect(said(started, "guest")).toContain("start the domain, which is off");
  expect(await liveMemory(lab(), "guest")).toMatchObject({ memory: 300 * 1024, devices: [] });
  await stack.expectSettled();
});

/** An empty disk that the daemon's user may write. */
async function makeDisk(file: string): Promise<void> {
  await run("qemu-img", ["create", "-q", "-f", "qcow2", file, "16M"]);
  chmodSync(file, 0o666);
}
