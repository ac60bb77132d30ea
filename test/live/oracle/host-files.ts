import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../lab/lab.ts";
import { ejectingGuest } from "../../support/ejecting-guest.ts";
import type { Program } from "./program.ts";

/** In a story: the folder of the images, which differs from lab to lab. */
export const IMAGES = "/IMAGES";

/** A storage pool with a folder of its own. */
export const POOL = "volumes";

const MIB = 2 ** 20;

/** An image on the host: read without the provider or libvirt. */
export interface SeenImage {
  capacity: number;
  /** Of a file that was deleted and made again it is another one. */
  inode: number;
}

/** The program with the paths that it has on this lab. */
export function placed(lab: Lab, program: Program): Program {
  return JSON.parse(JSON.stringify(program).replaceAll(`"${IMAGES}/`, `"${lab.file("images")}/`));
}

/** The images that are there before a story: those that its program names without a size, media, and an administrator's. */
export async function provideFiles(lab: Lab): Promise<void> {
  const [images, volumes] = [folder(lab, "images"), folder(lab, POOL)];
  const make = (path: string, mib: number) => {
    writeFileSync(path, Buffer.alloc(mib * MIB));
    chownSync(path, lab.user.uid, lab.user.gid);
    chmodSync(path, 0o666);
  };
  for (const n of [1, 2, 3, 4]) {
    make(join(images, `${n}.raw`), 8);
    make(join(volumes, `${n}.img`), 8);
  }
  for (const n of [1, 2]) {
    make(join(images, `theirs-${n}.raw`), 4);
    make(join(images, `medium-${n}.iso`), 1);
  }
  writeFileSync(join(images, "ejecting-guest"), ejectingGuest());
  if (!(await lab.virsh("pool-list", "--all", "--name")).includes(POOL))
    await lab.virsh("pool-create-as", POOL, "dir", "--target", volumes);
  await lab.virsh("pool-refresh", POOL);
}

/** An empty one. */
function folder(lab: Lab, name: string): string {
  const path = lab.file(name);
  if (!existsSync(path)) mkdirSync(path);
  chownSync(path, lab.user.uid, lab.user.gid);
  for (const file of readdirSync(path)) rmSync(join(path, file));
  return path;
}

/** All images in the folders of the story. */
export function seeImages(lab: Lab): Record<string, SeenImage> {
  return { ...seeImagesIn(lab.file("images")), ...seeImagesIn(lab.file(POOL)) };
}

/** By their paths. */
export function seeImagesIn(folder: string): Record<string, SeenImage> {
  if (!existsSync(folder)) return {};
  const paths = readdirSync(folder)
    .sort()
    .map((file) => join(folder, file));
  return Object.fromEntries(paths.map((path) => [path, seeImage(path)]));
}

function seeImage(path: string): SeenImage {
  const { size, ino: inode } = statSync(path);
  if (!path.endsWith(".qcow2")) return { capacity: size, inode };
  const header = readFileSync(path).subarray(0, 32);
  return { capacity: header.length < 32 ? 0 : Number(header.readBigUInt64BE(24)), inode };
}
