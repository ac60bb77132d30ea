import { chmodSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { bootLinux } from "../support/linux-guest.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, stackOnLab } from "../support/stack-on-lab.ts";

const lab = labOfThisFile();

/** An empty image; QEMU reads it as another user. */
function image(name: string, mib: number): string {
  const file = lab().file(name);
  writeFileSync(file, Buffer.alloc(mib * 1024 * 1024));
  chmodSync(file, 0o666);
  return file;
}

test("disks and a network card reach a running guest and leave it again", { timeout: 150_000 }, async () => {
  const { stack, console, pid } = await bootLinux(lab(), "guest", "", {
    hotplug: { whenNotPossible: "error", awaitGuest: 60 },
  });
  const from = () => ({ after: console.text().length });
  const live = async () => readDomain(await lab().virsh("dumpxml", "guest"));
  const defined = async () => readDomain(await lab().virsh("dumpxml", "guest", "--inactive"));
  expect([(await live()).freePorts, (await defined()).freePorts]).toEqual([8, 8]);

  const data = { name: "data", file: image("data.raw", 8), format: "raw" } as const;
  const scsi = { name: "scsi", file: image("scsi.raw", 4), format: "raw", bus: "scsi" } as const;
  const lan = { name: "lan", user: true };
  const before = from();
  stack.edit("guest", { disks: [data, scsi], interfaces: [lan] });
  const preview = await stack.preview();
  expect(preview.errors).toEqual([]);
  expect(preview.diagnostics.map(({ message }) => message).join("\n")).toContain("live: attach ");
  await stack.apply();
  await console.waitFor(/GUEST disks (?=\S*vda=8192)(?=\S*sda=4096)/, before);
  await console.waitFor(/GUEST address eth0=10\.0\.2\.15/, before);
  await stack.expectSettled();
  expect([(await live()).freePorts, (await defined()).freePorts]).toEqual([5, 8]);

  const { mac } = (await live()).cards[0] ?? {};
  const down = from();
  stack.edit("guest", { interfaces: [{ ...lan, link: "down" }] });
  await stack.apply();
  await console.waitFor(new RegExp(`GUEST nics eth0=${mac}/down`), down);

  const after = from();
  stack.edit("guest", { disks: [], interfaces: [] });
  await stack.apply();
  await console.waitFor(/GUEST disks \s/, after);
  await console.waitFor(/GUEST nics \s/, after);
  await stack.expectSettled();
  expect((await defined()).disks).toEqual([]);
  expect(lab().qemuPid("guest")).toBe(pid);
});

test("libvirt takes every option, and what is free is exactly what was asked for", {
  timeout: 150_000,
}, async () => {
  const root = { name: "root", file: image("root.raw", 1), format: "raw", bootOrder: 2 } as const;
  const more = {
    name: "more",
    file: image("more.raw", 1),
    format: "raw",
    cache: "none",
    discard: "unmap",
  } as const;
  const [first, second] = [image("a.iso", 1), image("b.iso", 2)];
  const empty = { name: "cd", device: "cdrom", bootOrder: 1 } as const;
  const drive = { ...empty, file: first };
  const lan = { user: true, model: "e1000" };
  const stack = await stackOnLab(lab(), {
    modern: { ...BARE, disks: [root, drive], interfaces: [{ user: true }] },
    classic: {
      ...BARE,
      machine: "pc",
      disks: [{ file: image("old.raw", 1), format: "raw" }],
    },
    plain: { ...BARE, hotplugPorts: 3, disks: [{ file: image("plain.raw", 1), format: "raw" }] },
  });
  await stack.apply();
  const live = async (name: string) => readDomain(await lab().virsh("dumpxml", name));
  expect([(await live("modern")).freePorts, (await live("plain")).freePorts]).toEqual([8, 3]);

  stack.edit("modern", { disks: [{ ...drive, file: second }, { ...more, serial: "D1" }, root] });
  stack.edit("classic", { interfaces: [lan] });
  // A list without boot orders gets one: libvirt has filled in its own order.
  stack.edit("plain", { disks: [{ file: lab().file("plain.raw"), format: "raw", bootOrder: 1 }] });
  await stack.apply();
  await stack.expectSettled();
  const modern = await live("modern");
  const byTarget = (target: string) => modern.disks.find((disk) => disk.target === target);
  expect(byTarget("sda")).toMatchObject({ device: "cdrom", file: second, alias: "ua-pulumi-disk-cd" });
  expect(byTarget("vdb")).toMatchObject({ cache: "none", discard: "unmap", serial: "D1" });
  expect(modern.freePorts).toBe(7);
  expect((await live("classic")).cards).toMatchObject([{ kind: "user", model: "e1000" }]);

  stack.edit("modern", { disks: [empty, { ...more, serial: "D1" }, root] });
  await stack.apply();
  expect((await live("modern")).disks.find(({ target }) => target === "sda")?.file).toBeUndefined();
  await stack.expectSettled();

  // Nothing runs in it that could release a disk.
  stack.edit("modern", { disks: [empty, root] });
  const refused = await stack.up();
  expect(refused.errors.join()).toContain("no answer from the guest within 5 s: the disk is still attached");
  expect((await live("modern")).disks).toHaveLength(3);
});
