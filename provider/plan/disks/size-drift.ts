import { diskImages } from "../../args/disk-images.ts";
import { describeImage } from "../../args/disk-source.ts";
import type { DiskInput, Inputs } from "../../args/inputs.ts";
import { type Bytes, formatBytes } from "../../units/bytes.ts";
import { KIB_PER_MIB } from "../../units/kib.ts";
import { canonicalSize } from "../../units/size.ts";
import type { Observed } from "../observed.ts";

/** How the images of disks are smaller than the program's `size`, which is what they have at least. */
export interface DiskSizeDrift {
  /** The list with the sizes that were found; undefined where no image is smaller. */
  disks?: DiskInput[];
  notes: string[];
}

/** What a refresh finds of the sizes: somebody has made an image smaller, or has put a smaller one in its place. */
export function diskSizeDrift(inputs: Partial<Inputs>, images: Observed["images"]): DiskSizeDrift {
  const smaller = diskImages(inputs).flatMap(({ path, key, source, size }) => {
    const found = images?.[key];
    return size === undefined || found === undefined || found >= size ? [] : [{ path, source, size, found }];
  });
  if (smaller.length === 0) return { notes: [] };
  const disks = (inputs.disks ?? []).map((disk, index) => {
    const one = smaller.find(({ path }) => path === `disks[${index}]`);
    return one === undefined ? disk : { ...disk, size: canonicalSize(wholeMib(one.found)) };
  });
  const notes = smaller.map(
    ({ path, source, size, found }) =>
      `${path}: ${describeImage(source)} has ${formatBytes(found)}, less than its size of ${formatBytes(size)}: somebody made it smaller; the next pulumi up makes it ${formatBytes(size)} again, but the data beyond ${formatBytes(found)} is lost`,
  );
  return { disks, notes };
}

function wholeMib(bytes: Bytes): number {
  return Math.max(1, Math.floor(bytes / 1024 / KIB_PER_MIB)) * KIB_PER_MIB;
}
