import { type Bytes, readBytes } from "../units/bytes.ts";
import { completeDisk, diskEntry } from "./device-entries.ts";
import { type ImageSource, imageSource, normalPath, sourceKey } from "./disk-source.ts";
import type { DiskInput, Inputs } from "./inputs.ts";
import { matchEntries } from "./match-entries.ts";
import { containsUnknown } from "./unknown.ts";

/** Fields of a disk that the definition doesn't have. */
const NOT_DEFINED = ["size", "onDelete"] as const;

/** The image of a disk. */
export interface DiskImage {
  /** Its place in the program: `disks[0]`. */
  path: string;
  /** By what it is found: the path of the file, or the pool and the volume. */
  key: string;
  source: ImageSource;
  format: "qcow2" | "raw";
  /** What the image has at least. Undefined: it must exist. */
  size?: Bytes;
  /** What becomes of an image that the provider made, when the domain is deleted. */
  onDelete: "delete" | "keep";
}

/** An image that is made where it doesn't exist. */
export type SizedImage = DiskImage & { size: Bytes };

/** A disk whose `size` the program changes. */
export interface ResizedDisk extends Pick<SizedImage, "path" | "key" | "source" | "size"> {
  /** The earlier `size`: the image has at least that. Undefined: the program didn't set it. */
  before?: Bytes;
}

/** The images of the disks, as far as they are known. */
export function diskImages(inputs: Partial<Inputs>): DiskImage[] {
  return knownDisks(inputs).flatMap((disk, index) => {
    const source = imageSource(disk);
    const key = sourceKey(disk);
    if (source === undefined || key === undefined || containsUnknown(disk)) return [];
    const { size, onDelete = "keep" } = disk;
    const image = { path: `disks[${index}]`, key, source, format: completeDisk(disk).format, onDelete };
    return [{ ...image, ...(size !== undefined && { size: readBytes(size) }) }];
  });
}

/** The images that have a `size`. */
export function sizedImages(inputs: Partial<Inputs>): SizedImage[] {
  return diskImages(inputs).flatMap(withSize);
}

function withSize({ size, ...image }: DiskImage): SizedImage[] {
  return size === undefined ? [] : [{ ...image, size }];
}

/** The images that are made where they don't exist. */
export function imagesToMake(inputs: Partial<Inputs>): string[] {
  return sizedImages(inputs).map(({ key }) => key);
}

/** The images of disks that weren't there before. */
export function newImages(before: Partial<Inputs>, inputs: Partial<Inputs>): DiskImage[] {
  const earlier = new Set(diskImages(before).map(({ key }) => key));
  return diskImages(inputs).filter(({ key }) => !earlier.has(key));
}

/** Those of them that are made where they don't exist. */
export function newSizedDisks(before: Partial<Inputs>, inputs: Partial<Inputs>): SizedImage[] {
  return newImages(before, inputs).flatMap(withSize);
}

/** The disks that were there before and have another `size` now. */
export function resizedDisks(before: Partial<Inputs>, inputs: Partial<Inputs>): ResizedDisk[] {
  const earlier = new Map(diskImages(before).map((image) => [image.key, image]));
  return diskImages(inputs).flatMap(({ path, key, source, size }) => {
    const was = earlier.get(key);
    if (was === undefined || size === undefined || size === was.size) return [];
    return [{ path, key, source, size, ...(was.size !== undefined && { before: was.size }) }];
  });
}

/** The image of a disk that the program no longer has. */
export type RemovedImage = Pick<DiskImage, "key" | "source">;

/**
 * The images that the program no longer has and doesn't keep (`onDelete: "delete"`). `removed`: of a disk that is no longer in the list;
 * `exchanged`: of a disk that has another source now.
 */
export function leftImages(
  before: Partial<Inputs>,
  inputs: Partial<Inputs>,
): { removed: RemovedImage[]; exchanged: RemovedImage[] } {
  if (containsUnknown(inputs.disks) || containsUnknown(before.disks)) return { removed: [], exchanged: [] };
  const [earlier, now] = [before.disks ?? [], inputs.disks ?? []];
  const kept = new Set(matchEntries(now.map(diskEntry), earlier.map(diskEntry)));
  const images = earlier.map((disk) => diskImages({ disks: [disk] })[0]);
  const isKept = (key: string) =>
    images.some((image) => image?.key === key && image.onDelete === "keep") ||
    diskImages(inputs).some((image) => image.key === key);
  const left = images.flatMap((image, index) =>
    image === undefined || isKept(image.key)
      ? []
      : [{ image: { key: image.key, source: image.source }, isRemoved: !kept.has(index) }],
  );
  const those = (isRemoved: boolean) =>
    left.flatMap((one) => (one.isRemoved === isRemoved ? [one.image] : []));
  return { removed: those(true), exchanged: those(false) };
}

/** The disks as the definition has them. */
export function definedDisks<Disks extends Partial<Inputs>["disks"]>(disks: Disks): Disks {
  if (!Array.isArray(disks)) return disks;
  const stored = disks.map((disk: DiskInput) =>
    typeof disk === "object"
      ? Object.fromEntries(Object.entries(disk).filter(([name]) => !NOT_DEFINED.some((one) => one === name)))
      : disk,
  );
  return stored as unknown as Disks;
}

/** The images that a mark has, by their keys. Anyone may edit the metadata. */
export function readMade(mark: string | undefined): string[] {
  if (mark === undefined) return [];
  try {
    const value: unknown = JSON.parse(mark);
    return Array.isArray(value) ? value.filter((one) => typeof one === "string").map(normalPath) : [];
  } catch {
    return [];
  }
}

/** Whether an image is among those that a state has. */
export function isAmong(made: readonly string[], key: string): boolean {
  return made.some((one) => normalPath(one) === key);
}

/** The mark with another image. */
export function withMade(mark: string | undefined, made: string): string {
  return JSON.stringify([...new Set([...readMade(mark), made])]);
}

/** The mark without an image; undefined where it has no other. */
export function withoutMade(mark: string | undefined, gone: string): string | undefined {
  const made = readMade(mark).filter((key) => key !== gone);
  return made.length === 0 ? undefined : JSON.stringify(made);
}

function knownDisks({ disks }: Partial<Inputs>): DiskInput[] {
  return Array.isArray(disks) ? disks.filter((disk) => typeof disk === "object") : [];
}
