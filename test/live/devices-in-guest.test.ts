import { chownSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { agentAnswers } from "../lab/agent.ts";
import { bootLinux } from "../support/linux-guest.ts";
import { BOOT, labOfThisFile } from "../support/live-lab.ts";
import { blockDevicesByQemu } from "../support/qemu.ts";
import { said } from "../support/stack-on-lab.ts";

const lab = labOfThisFile();
const TIMEOUT = 300_000;

/** An empty image that QEMU may write. */
function image(name: string, mib: number): string {
  const file = lab().file(name);
  writeFileSync(file, Buffer.alloc(mib * 1024 * 1024));
  chownSync(file, lab().user.uid, lab().user.gid);
  return file;
}

const disk = (name: string, mib: number, args: object = {}) => ({
  ...{ name, file: image(`${name}.raw`, mib), format: "raw" as const },
  ...args,
});

/** The files of the disks that QEMU has, by their aliases. */
async function filesByQemu(domain: string): Promise<Record<string, string | undefined>> {
  const devices = await blockDevicesByQemu(lab(), domain);
  return Object.fromEntries(devices.map(({ id, file }) => [id.replace("ua-pulumi-disk-", ""), file]));
}

const inDefinition = async (domain: string) =>
  readDomain(await lab().virsh("dumpxml", domain, "--inactive")).disks.map(({ alias = "" }) =>
    alias.replace("ua-pulumi-disk-", ""),
  );

/** Has the guest's agent run something in it. */
async function inGuest(domain: string, script: string): Promise<void> {
  const args = { path: "/bin/sh", arg: ["-c", script] };
  await lab().virsh("qemu-agent-command", domain, JSON.stringify({ execute: "guest-exec", arguments: args }));
}

test("disks on the USB and the SCSI bus reach a running guest and leave it", {
  timeout: TIMEOUT,
}, async () => {
  const { stack, console, pid } = await bootLinux(lab(), "buses", "", {
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  const [stick, first, second] = [
    disk("stick", 3, { bus: "usb" }),
    disk("first", 4, { bus: "scsi" }),
    disk("second", 5, { bus: "scsi", serial: "S2" }),
  ];
  const from = () => console.text().length;
  let after = from();
  stack.edit("buses", { disks: [stick, first, second] });
  expect(said(await stack.preview(), "buses")).toMatch(/^info: live: attach 3 disks/);
  await stack.apply();
  await console.waitFor(/GUEST disks (?=\S*=4096)(?=\S*=5120)/, { ...BOOT, after });
  const files = Object.fromEntries([stick, first, second].map(({ name, file }) => [name, file]));
  expect(await filesByQemu("buses")).toEqual(files);
  expect(await inDefinition("buses")).toEqual(["stick", "first", "second"]);
  await stack.expectSettled();

  // One of each bus goes; what stays keeps its target.
  after = from();
  stack.edit("buses", { disks: [second] });
  await stack.apply();
  await console.waitFor(/GUEST disks \w+=5120\s/, { ...BOOT, after });
  expect(Object.keys(await filesByQemu("buses"))).toEqual(["second"]);
  expect(await inDefinition("buses")).toEqual(["second"]);
  await stack.expectSettled();

  // They come back, to the bus of the other.
  after = from();
  stack.edit("buses", { disks: [second, { ...stick, bus: "scsi" }, { ...first, bus: "usb" }] });
  await stack.apply();
  await console.waitFor(/GUEST disks (?=\S*=3072)(?=\S*=5120)/, { ...BOOT, after });
  expect(await filesByQemu("buses")).toEqual(files);
  await stack.expectSettled();

  stack.edit("buses", { disks: [] });
  await stack.apply();
  expect(await filesByQemu("buses")).toEqual({});
  expect(await inDefinition("buses")).toEqual([]);
  await stack.expectSettled();
  expect(lab().qemuPid("buses")).toBe(pid);
});

test("without a free port whenNotPossible decides, and a port that becomes free serves", {
  timeout: TIMEOUT,
}, async () => {
  const { stack, console, pid } = await bootLinux(lab(), "ports", "", {
    hotplugPorts: 2,
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  const disks = [1, 2, 3].map((n) => disk(`d${n}`, n));
  const [d1, d2, d3] = disks;
  stack.edit("ports", { disks });
  const refused = await stack.preview();
  expect(refused.errors.join("\n")).toContain(
    "the change of disks needs 3 PCI ports, but the domain has 2 free ports",
  );
  expect((await stack.up()).ok).toBe(false);
  expect(await filesByQemu("ports")).toEqual({});
  expect(await inDefinition("ports")).toEqual([]);

  // The same by the other ways out, in the preview.
  for (const [whenNotPossible, outcome] of [
    ["restart", "warning: restart"],
    ["replace", "warning: replace"],
    ["nextBoot", "info: next boot"],
  ] as const) {
    stack.edit("ports", { hotplug: { whenNotPossible, awaitGuest: 60 } });
    expect(said(await stack.preview(), "ports")).toMatch(new RegExp(`^${outcome}: the change of disks`));
  }
  await stack.apply();
  expect(await filesByQemu("ports")).toEqual({});
  expect(await inDefinition("ports")).toEqual(["d1", "d2", "d3"]);
  await stack.expectSettled();

  // What fits comes live, also with what waited before.
  let after = console.text().length;
  stack.edit("ports", { disks: disks.slice(0, 2), hotplug: { whenNotPossible: "error", awaitGuest: 60 } });
  await stack.apply();
  await console.waitFor(/GUEST disks (?=\S*=1024)(?=\S*=2048)/, { ...BOOT, after });
  expect(await inDefinition("ports")).toEqual(["d1", "d2"]);
  await stack.expectSettled();

  // A port of what is detached in the same update serves the new one.
  after = console.text().length;
  stack.edit("ports", { disks: [d2, d3].flatMap((one) => one ?? []) });
  await stack.apply();
  await console.waitFor(/GUEST disks (?=\S*=2048)(?=\S*=3072)(?!\S*=1024)/, { ...BOOT, after });
  expect(await filesByQemu("ports")).toEqual({ d2: d2?.file, d3: d3?.file });
  await stack.expectSettled();

  // A first SCSI disk needs a port for its controller, a USB disk needs none.
  stack.edit("ports", { disks: [d2, d3, { ...d1, bus: "scsi" } as const].flatMap((one) => one ?? []) });
  expect((await stack.preview()).errors.join("\n")).toContain(
    "needs a PCI port, but the domain has no free port",
  );
  stack.edit("ports", { disks: [d2, d3, { ...d1, bus: "usb" } as const].flatMap((one) => one ?? []) });
  await stack.apply();
  expect(Object.keys(await filesByQemu("ports")).sort()).toEqual(["d1", "d2", "d3"]);
  await stack.expectSettled();
  expect(lab().qemuPid("ports")).toBe(pid);
});

test("the medium of a CD-ROM drive changes in a running guest", { timeout: TIMEOUT }, async () => {
  const media = [image("first.iso", 1), image("second.iso", 2)];
  const drive = { name: "cd", device: "cdrom", bus: "scsi" } as const;
  const { stack, console, pid } = await bootLinux(lab(), "media", "", {
    disks: [{ ...drive, file: media[0] ?? "" }],
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  await console.waitFor(/GUEST disks sr0=1024\s/, BOOT);
  await agentAnswers(lab(), "media");
  // Linux asks the drive for its medium when somebody opens it.
  await inGuest("media", "while :; do dd if=/dev/sr0 of=/dev/null count=0; sleep 1; done 2>/dev/null &");
  for (const file of [media[1], undefined, media[0]]) {
    const after = console.text().length;
    stack.edit("media", { disks: [{ ...drive, ...(file !== undefined && { file }) }] });
    expect(said(await stack.preview(), "media")).toMatch(/^info: live: change CD-ROM "cd"/);
    await stack.apply();
    expect(await filesByQemu("media")).toEqual({ cd: file });
    if (file !== undefined)
      await console.waitFor(file === media[1] ? /GUEST disks sr0=2048\s/ : /GUEST disks sr0=1024\s/, {
        ...BOOT,
        after,
      });
    await stack.expectSettled();
  }
  expect(lab().qemuPid("media")).toBe(pid);
});

test("the disk that the guest booted from is detached from the running guest only with forceOff", {
  timeout: TIMEOUT,
}, async () => {
  const [root, data] = [disk("root", 6, { bootOrder: 1 }), disk("data", 7)];
  const { stack, console, pid } = await bootLinux(lab(), "root", "", {
    disks: [root, data],
    hotplug: { whenNotPossible: "replace", awaitGuest: 60 },
  });
  await console.waitFor(/GUEST disks (?=\S*vda=6144)(?=\S*vdb=7168)/, BOOT);
  for (const disks of [[data], [], [data, { ...root, bus: "scsi" as const }]]) {
    stack.edit("root", { disks });
    for (const refused of [await stack.preview(), await stack.up()]) {
      expect(refused.ok).toBe(false);
      expect(refused.errors.join("\n")).toContain("is the disk that the guest booted from");
    }
    expect(Object.keys(await filesByQemu("root")).sort()).toEqual(["data", "root"]);
    expect(lab().qemuPid("root")).toBe(pid);
  }
  const after = console.text().length;
  stack.edit("root", { disks: [data], forceOff: true });
  await stack.apply();
  await console.waitFor(/GUEST disks vdb=7168\s/, { ...BOOT, after });
  expect(await filesByQemu("root")).toEqual({ data: data.file });
  await stack.expectSettled();
  expect(lab().qemuPid("root")).toBe(pid);
});
