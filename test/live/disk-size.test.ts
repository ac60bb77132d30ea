import { expect, test } from "vitest";
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
