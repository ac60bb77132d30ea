import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { defineByHand } from "../support/virsh.ts";

const lab = labOfThisFile();
const MAC = "52:54:00:00:00:77";

/** An empty image in a folder that has a storage pool; QEMU reads it as another user. */
function image(folder: string, name: string): string {
  const file = join(folder, name);
  writeFileSync(file, Buffer.alloc(8 * 1024 * 1024));
  chmodSync(file, 0o666);
  return file;
}

const other = (devices: string) =>
  `<domain type='qemu'><name>other</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${devices}</devices></domain>`;
const disk = (source: string, also = "") =>
  `<disk type='${source.includes("pool=") ? "volume" : "file"}' device='disk'><driver name='qemu' type='raw'/><source ${source}/><target dev='vda' bus='virtio'/>${also}</disk>`;

let folder: string;
beforeEach(async () => {
  folder = lab().file(`images-${Math.random().toString(36).slice(2)}`);
  mkdirSync(folder);
  chownSync(folder, lab().user.uid, lab().user.gid);
});

/** What the preview and the work show, which do nothing. */
async function refusedBy(stack: StackOnLab): Promise<[preview: string, up: string]> {
  const before = await lab().virsh("list", "--all", "--name");
  const text = ({ ok, stdout }: { ok: boolean; stdout: string }) => (ok ? "not refused" : stdout);
  const shown: [string, string] = [text(await stack.preview()), text(await stack.up())];
  expect(await lab().virsh("list", "--all", "--name")).toBe(before);
  return shown;
}

test("what another domain of the host has is refused to a new domain", { timeout: 240_000 }, async () => {
  await lab().virsh("pool-create-as", "images", "dir", "--target", folder);
  const [written, read] = [image(folder, "written.raw"), image(folder, "read.raw")];
  await lab().virsh("pool-refresh", "images");
  const card = `<interface type='user'><mac address='${MAC}'/></interface>`;
  const readDisk = disk(`file='${read}'`, "<readonly/>").replace("vda", "vdb");
  await defineByHand(lab(), other(disk("pool='images' volume='written.raw'") + readDisk + card));
  await lab().virsh("start", "other");
  const disks = [
    { file: written.replace("/written", "//./written"), format: "raw" as const },
    { file: read, format: "raw" as const },
  ];
  const stack = await stackOnLab(lab(), { web: { ...BARE, disks, interfaces: [{ user: true, mac: MAC }] } });
  for (const shown of await refusedBy(stack)) {
    expect(shown).toContain(
      `disks[0].file: "${written}" is already a disk of domain other, which writes to it`,
    );
    expect(shown).toContain(`disks[1].file: "${read}" is a disk that the running domain other reads`);
    expect(shown).toContain(
      `interfaces[0].mac: the MAC address ${MAC} already belongs to an interface of domain other`,
    );
  }
  // QEMU refuses the same of two running domains.
  const conflicting = lab().file("conflicting.xml");
  for (const one of [disk(`file='${written}'`, "<readonly/>"), disk(`file='${read}'`)]) {
    writeFileSync(conflicting, other(one).replace("other", "second"));
    await expect(lab().virsh("create", conflicting)).rejects.toThrow(/Failed to get (shared )?"write" lock/);
  }
  stack.edit("web", {
    disks: [{ file: read, format: "raw", readOnly: true }],
    interfaces: [{ user: true }],
  });
  await stack.apply();
  await stack.expectSettled();
  await lab().virsh("pool-destroy", "images");
});

test("a network that isn't active or isn't there, and an image that isn't what the program says", {
  timeout: 240_000,
}, async () => {
  await lab().virsh("pool-create-as", "images", "dir", "--target", folder);
  const file = image(folder, "data.raw");
  await lab().virsh("pool-refresh", "images");
  const network = lab().file("network.xml");
  writeFileSync(network, "<network><name>idle</name></network>");
  await lab().virsh("net-define", network);
  const stack = await stackOnLab(lab(), {
    web: {
      ...BARE,
      disks: [
        { file, format: "raw", size: "4MiB" },
        { file: `${file}.qcow2`, size: "1GiB" },
      ],
    },
  });
  for (const shown of await refusedBy(stack))
    expect(shown).toContain(
      `disks[0].size is 4 MiB, but ${file} has 8 MiB, and a disk is never made smaller`,
    );
  stack.edit("web", {
    disks: [{ file: `${file}.qcow2`, size: "1GiB" }],
    interfaces: [{ network: "idle" }, { network: "none" }],
  });
  const preview = await stack.preview();
  const messages = preview.diagnostics.map(({ message }) => message).join("\n");
  expect(preview.errors).toEqual([]);
  expect(messages).toContain('interfaces[0].network: network "idle" isn\'t active');
  expect(messages).toContain('interfaces[1].network: network "none" doesn\'t exist');
  const up = await stack.up();
  expect(up.stdout).toContain('interfaces[0].network: network "idle" isn\'t active');
  expect(up.stdout).toContain('interfaces[1].network: network "none" doesn\'t exist');
  expect((await lab().virsh("vol-list", "images")).includes("data.raw.qcow2")).toBe(false);
  await lab().virsh("net-undefine", "idle");
  await lab().virsh("pool-destroy", "images");
});
