import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pLimit from "p-limit";
import { expect, test } from "vitest";
import { hostClock } from "../../provider/deadline.ts";
import { connect } from "../../provider/libvirt/connect.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { deleteImage, findImage, growImage, makeImage } from "../../provider/storage/image.ts";
import { labOfThisFile } from "../support/live-lab.ts";

const lab = labOfThisFile();
const GIB = 2 ** 30;
const EMPTY = { format: "qcow2", capacity: GIB };

/** A folder in which the daemon can make files. */
function folder(name: string): string {
  const path = lab().file(name);
  mkdirSync(path);
  chownSync(path, lab().user.uid, lab().user.gid);
  return path;
}

/** One process: connections and a lock of its own. */
async function oneProcess() {
  const hypervisor = await connect(lab().uri);
  const lock = pLimit(1);
  return {
    hypervisor,
    session: { locked: <T>(_: string, work: () => Promise<T>) => lock(work), clock: hostClock },
  };
}

const pools = () => lab().virsh("pool-list", "--all", "--name");

test("an image is made, grown and deleted, in a transient pool that is gone afterwards", async () => {
  const host = await oneProcess();
  const file = join(folder("alone"), "disk 'größer' & <later>.qcow2");
  const source = { kind: "file", file } as const;
  expect(await findImage(host, source)).toBeUndefined();
  expect(await makeImage(host, source, EMPTY)).toBe(true);
  expect(await makeImage(host, source, EMPTY)).toBe(false);
  expect(await findImage(host, source)).toEqual(EMPTY);
  await growImage(host, source, 3 * GIB);
  expect((await findImage(host, source))?.capacity).toBe(3 * GIB);
  await expect(growImage(host, source, GIB)).rejects.toMatchObject({ code: ErrorCode.INVALID_ARG });
  const loose = join(lab().file("alone"), "loose.raw");
  writeFileSync(loose, "x".repeat(512));
  chownSync(loose, lab().user.uid, lab().user.gid);
  expect(await makeImage(host, { kind: "file", file: loose }, EMPTY)).toBe(false);
  expect(await findImage(host, { kind: "file", file: loose })).toEqual({ format: "raw", capacity: 512 });
  await deleteImage(host, source);
  expect(await findImage(host, source)).toBeUndefined();
  expect((await pools()).trim()).toBe("");
  await host.hypervisor.close();
});

test("a pool that the host has for the folder is refreshed and stays", async () => {
  const path = folder("pooled");
  await lab().virsh("pool-create-as", "mine", "dir", "--target", path);
  const host = await oneProcess();
  const source = { kind: "volume", pool: "mine", volume: "a.raw" } as const;
  expect(await makeImage(host, source, { format: "raw", capacity: GIB })).toBe(true);
  expect(await findImage(host, { kind: "file", file: join(path, "a.raw") })).toEqual({
    format: "raw",
    capacity: GIB,
  });
  expect((await pools()).trim()).toBe("mine");
  await lab().virsh("pool-destroy", "mine");
  await expect(findImage(host, source)).rejects.toThrow('storage pool "mine" doesn\'t exist');
  await host.hypervisor.close();
});

test("six processes that make images in one folder at once make each of them once, and leave no pool", async () => {
  const path = folder("shared");
  const hosts = await Promise.all(Array.from({ length: 6 }, oneProcess));
  const files = hosts.map((_, index) => join(path, `${index % 4}.qcow2`));
  for (let round = 0; round < 5; round++) {
    const made = await Promise.all(
      hosts.map((host, index) => makeImage(host, { kind: "file", file: files[index] ?? "" }, EMPTY)),
    );
    expect(made.filter(Boolean)).toHaveLength(4);
    expect((await pools()).trim()).toBe("");
    const [first] = hosts;
    for (const file of new Set(files)) if (first) await deleteImage(first, { kind: "file", file });
  }
  for (const host of hosts) await host.hypervisor.close();
});

test("a disk of a domain: its size while it is off and while it runs, and a new one only while it runs", async () => {
  const host = await oneProcess();
  const file = join(folder("disk"), "a.qcow2");
  await makeImage(host, { kind: "file", file }, EMPTY);
  const { hypervisor } = host;
  const off = await hypervisor.define(`<domain type='qemu'><name>storage</name><memory unit='MiB'>64</memory>
    <os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'>
    <driver name='qemu' type='qcow2'/><source file='${file}'/><target dev='vda' bus='virtio'/></disk></devices></domain>`);
  expect(await hypervisor.blockInfo(off, "vda")).toMatchObject({ capacity: GIB });
  await expect(hypervisor.blockResize(off, "vda", 2 * GIB)).rejects.toMatchObject({
    code: ErrorCode.OPERATION_INVALID,
  });
  const on = await hypervisor.start(off, { paused: true });
  await hypervisor.blockResize(on, "vda", 2 * GIB);
  expect(await hypervisor.blockInfo(on, "vda")).toMatchObject({ capacity: 2 * GIB });
  expect(await lab().virsh("domblkinfo", "storage", "vda")).toContain(`${2 * GIB}`);
  await expect(hypervisor.blockInfo(on, "vdb")).rejects.toMatchObject({ code: ErrorCode.INVALID_ARG });
  // libvirt shrinks without a word.
  await hypervisor.blockResize(on, "vda", GIB);
  expect(await hypervisor.blockInfo(on, "vda")).toMatchObject({ capacity: GIB });
  await hypervisor.close();
});
