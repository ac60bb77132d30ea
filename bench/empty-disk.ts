import { chownSync, writeFileSync } from "node:fs";
import type { Lab } from "../test/lab/lab.ts";

const SECTOR = 512;

/** Makes a raw image of one sector that the lab's QEMU can write. */
export function emptyDisk({ user }: Lab, path: string): string {
  writeFileSync(path, Buffer.alloc(SECTOR));
  chownSync(path, user.uid, user.gid);
  return path;
}
