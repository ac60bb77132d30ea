import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bootLinux } from "../support/linux-guest.ts";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, said, stackOnLab } from "../support/stack-on-lab.ts";

const lab = labOfThisFile();
const GIB = 2 ** 30;

/** What libvirt says of a disk. */
async function capacity(domain: string, target = "vda"): Promise<number> {
  const info = await lab().virsh("domblkinfo", domain, target);
  return Number(/Capacity:\s+(\d+)/.exec(info)?.[1]) / GIB;
}

test("a disk grows while its domain runs, in the same QEMU, and never shrinks", async () => {
  const file = lab().file("live.qcow2");
  await lab().virsh("pool-create-as", "files", "dir", "--target", lab().file(""));
  await lab().virsh("vol-create-as", "files", "live.qcow2", "1G", "--format", "qcow2");
  await lab().virsh("pool-destroy", "files");
  const disks = (size: string) => [{ file, size }];
  const stack = await stackOnLab(lab(), { web: { ...BARE, forceOff: true, disks: disks("1GiB") } });
  await stack.apply();
  const pid = lab().qemuPid("web");
  stack.edit("web", { disks: disks("3GiB") });
  expect(said(await stack.preview(), "web")).toContain(`live: disk ${file} 1 → 3 GiB, no restart`);
  await stack.apply();
  expect(await capacity("web")).toBe(3);
  expect(lab().qemuPid("web")).toBe(pid);
  await stack.expectSettled();

  // Somebody grows it meanwhile.
  await lab().virsh("blockresize", "web", "vda", "5G");
  stack.edit("web", { disks: disks("4GiB") });
  const refused = await stack.up();
  expect(refused.ok).toBe(false);
  expect(said(refused, "web")).toMatch(/disks\[0\]\.size is 4 GiB, but .* has 5 GiB/);
  expect(await capacity("web")).toBe(5);
  stack.edit("web", { disks: disks("5GiB") });
  await stack.apply();
  await stack.expectSettled();

  stack.edit("web", { disks: disks("6GiB"), running: false });
  await stack.apply();
  expect(await capacity("web")).toBe(6);
  stack.edit("web", { disks: disks("7GiB") });
  expect(said(await stack.preview(), "web")).toContain("6 → 7 GiB, while the domain is off");
  await stack.apply();
  expect(await capacity("web")).toBe(7);
  expect((await lab().virsh("pool-list", "--all", "--name")).trim()).toBe("");
  await stack.expectSettled();
});

/** A folder in which the daemon can make files. */
function folder(name: string): string {
  const path = lab().file(name);
  mkdirSync(path);
  chownSync(path, lab().user.uid, lab().user.gid);
  return path;
}

const pools = async () => (await lab().virsh("pool-list", "--all", "--name")).trim();

test("a new domain gets an image where there is none, and destroy deletes only what was made and isn't kept", async () => {
  const path = folder("images");
  const files = ["gone", "kept", "theirs"].map((name) => join(path, `${name}.qcow2`));
  await lab().virsh("pool-create-as", "made", "dir", "--target", path);
  await lab().virsh("vol-create-as", "made", "theirs.qcow2", "1G", "--format", "qcow2");
  await lab().virsh("pool-destroy", "made");
  const [gone, kept, theirs] = files;
  const disks = [
    { file: gone ?? "", size: "2GiB", onDelete: "delete" as const },
    { file: kept ?? "", size: "1GiB" },
    { file: theirs ?? "", size: "2GiB", onDelete: "delete" as const },
  ];
  const stack = await stackOnLab(lab(), { made: { ...BARE, disks } });
  await stack.apply();
  expect([
    await capacity("made", "vda"),
    await capacity("made", "vdb"),
    await capacity("made", "vdc"),
  ]).toEqual([2, 1, 2]);
  expect(await pools()).toBe("");
  await stack.expectSettled();
  const destroyed = await stack.destroy();
  expect(destroyed.errors).toEqual([]);
  await lab().virsh("pool-create-as", "after", "dir", "--target", path);
  const left = await lab().virsh("vol-list", "after");
  await lab().virsh("pool-destroy", "after");
  expect(left).not.toContain("gone.qcow2");
  expect(left).toContain("kept.qcow2");
  expect(left).toContain("theirs.qcow2");
});

test("a volume grows live and off", async () => {
  await lab().virsh("pool-create-as", "ssd", "dir", "--target", folder("ssd"));
  const disks = (size: string) => [{ pool: "ssd", volume: "vol.qcow2", size }];
  const stack = await stackOnLab(lab(), { vol: { ...BARE, forceOff: true, disks: disks("1GiB") } });
  await stack.apply();
  stack.edit("vol", { disks: disks("2GiB") });
  await stack.apply();
  expect(await capacity("vol")).toBe(2);
  stack.edit("vol", { running: false });
  await stack.apply();
  stack.edit("vol", { disks: disks("3GiB") });
  await stack.apply();
  expect(await lab().virsh("vol-info", "vol.qcow2", "ssd")).toContain("3.00 GiB");
  await stack.expectSettled();
  stack.edit("vol", { running: true, disks: [{ pool: "nope", volume: "v" }] });
  const refused = await stack.up();
  expect(said(refused, "vol")).toContain('storage pool "nope" doesn\'t exist');
  await lab().virsh("pool-destroy", "ssd");
});

test("two stacks that create in one folder at once", async () => {
  const path = folder("both");
  const stackOf = (name: string) =>
    stackOnLab(lab(), {
      [`${name}-1`]: { ...BARE, disks: [{ file: join(path, `${name}-1.qcow2`), size: "1GiB" }] },
      [`${name}-2`]: { ...BARE, disks: [{ file: join(path, `${name}-2.raw`), format: "raw", size: "1GiB" }] },
    });
  const [a, b] = await Promise.all([stackOf("a"), stackOf("b")]);
  await Promise.all([a.apply(), b.apply()]);
  for (const domain of ["a-1", "a-2", "b-1", "b-2"]) expect(await capacity(domain)).toBe(1);
  expect(await pools()).toBe("");
  await a.expectSettled();
  await b.expectSettled();
});

test("what a create refuses by path: a missing file, another format, a smaller size", async () => {
  const path = folder("refused");
  await lab().virsh("pool-create-as", "refused", "dir", "--target", path);
  await lab().virsh("vol-create-as", "refused", "big.qcow2", "3G", "--format", "qcow2");
  await lab().virsh("vol-create-as", "refused", "raw.img", "1G", "--format", "raw");
  const disks = [
    { file: join(path, "nope.qcow2") },
    { file: join(path, "raw.img") },
    { file: join(path, "big.qcow2"), format: "raw" as const },
    { file: join(path, "big.qcow2"), size: "1GiB" },
  ];
  for (const [index, disk] of disks.entries()) {
    const stack = await stackOnLab(lab(), { refused: { ...BARE, disks: [disk] } });
    const result = await stack.up();
    expect(result.ok).toBe(false);
    expect(said(result, "refused")).toMatch(
      [/doesn't exist/, /format is "qcow2", but .* is raw/, /format is "raw", but .* is qcow2/, /has 3 GiB/][
        index
      ] ?? /x/,
    );
    expect(await lab().virsh("list", "--all", "--name")).not.toContain("refused");
  }
  await lab().virsh("pool-destroy", "refused");
});

test("a Linux guest sees the size of a new disk, and the larger one at once", async () => {
  const file = join(folder("guest"), "data.qcow2");
  const disks = (size: string) => [{ file, size }];
  const { stack, console, pid } = await bootLinux(lab(), "grown", "", {
    ...{ disks: disks("64MiB"), agent: false },
    hotplug: { awaitGuest: false },
  });
  await console.waitFor(/GUEST disks vda=65536\s/);
  stack.edit("grown", { disks: disks("128MiB") });
  await stack.apply();
  await console.waitFor(/GUEST disks vda=131072\s/);
  expect(lab().qemuPid("grown")).toBe(pid);
  await stack.expectSettled();
});
