import { expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { BARE } from "../support/stack-on-lab.ts";
import {
  expectSameEnd,
  expectSettledFleet,
  FOLDER,
  imagesOf,
  interrupted,
  type Operation,
} from "./interrupted-fleet.ts";

const WITH_GUEST = { ...BARE, forceOff: true, boot: { kernel: `${FOLDER}/ejecting-guest` } };

const image = (name: string) => ({ name, file: `${FOLDER}/${name}.raw`, format: "raw" as const });
const made = (name: string, size: string) => ({ name, file: `${FOLDER}/${name}.qcow2`, size });
const medium = (n: number) => ({ name: "cd", device: "cdrom" as const, file: `${FOLDER}/medium-${n}.iso` });
const lan = { name: "lan", user: true };
const dmz = { name: "dmz", user: true };

const OPERATIONS: Record<string, Operation> = {
  "a domain whose images are made": {
    change: {
      ...WITH_GUEST,
      disks: [made("one", "16MiB"), image("a"), made("two", "8MiB")],
      interfaces: [lan],
    },
  },
  "memory, vCPUs, disks and interfaces": {
    before: { ...WITH_GUEST, disks: [image("a"), image("b")], interfaces: [lan] },
    change: {
      ...{ memory: "512MiB", vcpus: 2 },
      disks: [image("a"), made("one", "16MiB"), { ...image("c"), bus: "scsi" }],
      interfaces: [dmz, { ...lan, link: "down" }],
    },
    keepsRunning: true,
  },
  "a larger disk and another medium": {
    before: { ...WITH_GUEST, disks: [made("one", "16MiB"), medium(1)] },
    change: { vcpus: 3, disks: [medium(2), made("one", "24MiB")] },
    keepsRunning: true,
  },
  "entries without names": {
    before: {
      ...WITH_GUEST,
      disks: [{ file: `${FOLDER}/a.raw`, format: "raw" }],
      interfaces: [{ user: true }],
    },
    change: {
      disks: [
        { file: `${FOLDER}/b.raw`, format: "raw", bus: "usb" },
        { file: `${FOLDER}/c.raw`, format: "raw" },
      ],
      interfaces: [{ user: true }, { user: true, link: "down" }],
    },
    keepsRunning: true,
  },
  "none is left": {
    before: { ...WITH_GUEST, disks: [image("a"), made("one", "8MiB")], interfaces: [lan, dmz] },
    change: { disks: [], interfaces: [] },
    keepsRunning: true,
  },
  "a replace": {
    before: { ...WITH_GUEST, disks: [image("a"), { ...made("one", "8MiB"), onDelete: "delete" }] },
    change: {
      memory: "300MiB",
      disks: [image("b"), { ...made("one", "16MiB"), onDelete: "delete" }, made("two", "8MiB")],
    },
  },
  "power off": {
    before: { ...WITH_GUEST, disks: [made("one", "8MiB")] },
    change: { running: false, disks: [made("one", "16MiB"), made("two", "8MiB")] },
  },
  "a removal": {
    before: {
      ...WITH_GUEST,
      disks: [image("a"), { ...made("one", "8MiB"), onDelete: "delete" }, made("two", "8MiB")],
    },
  },
};

const lab = labOfThisFile();

test.for(Object.entries(OPERATIONS))(
  "%s: the connection is lost before or after any change: the next up ends where an undisturbed one does, with every image",
  { timeout: 600_000 },
  async ([, operation]) => {
    const run = await interrupted(lab(), operation);
    // No image is deleted while its domain may be put back.
    await expectSameEnd(lab(), operation, run);
    const { fleet, images, end } = run;
    for (const [index, one] of fleet.entries())
      expect(inodes(imagesOf(one))).toMatchObject(kept(images[index], end.files, one.folder));
    expect((await lab().virsh("pool-list", "--all", "--name")).trim()).toBe("");
    await expectSettledFleet(lab(), operation, run);
  },
);

function inodes(images: ReturnType<typeof imagesOf>): Record<string, number> {
  return Object.fromEntries(Object.entries(images).map(([path, { inode }]) => [path, inode]));
}

/** The inodes of the images that an undisturbed operation leaves. */
function kept(
  images: ReturnType<typeof imagesOf> | undefined,
  files: Record<string, number>,
  folder: string,
): Record<string, number> {
  const all = Object.entries(inodes(images ?? {}));
  return Object.fromEntries(all.filter(([path]) => path.replace(folder, FOLDER) in files));
}
