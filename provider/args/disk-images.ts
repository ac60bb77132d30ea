import { type Bytes, readBytes } from "../units/bytes.ts";
import { completeDisk } from "./device-entries.ts";
import type { DiskInput, Inputs } from "./inputs.ts";
import { containsUnknown } from "./unknown.ts";

/** Fields of a disk that the definition doesn't have. */
const NOT_DEFINED = ["size", "onDelete"] as const;

/** A disk whose `size` the program changes. */
export interface SizedDisk {
  /** Its place in `disks`, for messages. */
  path: string;
  file: string;
  size: Bytes;
  /** The earlier `size`: the image has at least that. Undefined: the program didn't set it. */
  before?: Bytes;
}

/** The image of a disk. */
export interface DiskImage {
  /** Its place in the program: `disks[0]`. */
  path: string;
  file: string;
  format: "qcow2" | "raw";
  /** What the image has at least. Undefined: it must exist. */
  size?: Bytes;
  /** What becomes of an image that the provider made, when the domain is deleted. */
  onDelete: "delete" | "keep";
}

export type SizedImage = DiskImage & { size: Bytes };

/** The images of the disks, whose values must be known. */
export function diskImages(inputs: Partial<Inputs>): DiskImage[] {
  return knownDisks(inputs).flatMap((disk, index) => {
    const { file, size, onDelete = "keep" } = disk;
    // A drive may be empty.
    if (file === undefined) return [];
    const image = { path: `disks[${index}]`, file, format: completeDisk(disk).format, onDelete };
    return [{ ...image, ...(size !== undefined && { size: readBytes(size) }) }];
  });
}

/** The images that are made where they don't exist. */
export function imagesToMake(inputs: Partial<Inputs>): string[] {
  return diskImages(inputs).flatMap(({ file, size }) => (size === undefined ? [] : [file]));
}

/** The disks that weren't there before and whose images are made where they don't exist. */
export function newSizedDisks(before: Partial<Inputs>, inputs: Partial<Inputs>): SizedImage[] {
  if (containsUnknown(inputs.disks)) return [];
  const earlier = new Set(knownDisks(before).flatMap(({ file }) => file ?? []));
  return diskImages(inputs).flatMap(({ size, ...image }) =>
    size === undefined || earlier.has(image.file) ? [] : [{ ...image, size }],
  );
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

/** The disks that were there before and have another `size` now. A value that isn't known yet is no change. */
export function resizedDisks(before: Partial<Inputs>, inputs: Partial<Inputs>): SizedDisk[] {
  const earlier = knownDisks(before);
  return knownDisks(inputs).flatMap(({ file, size }, index) => {
    const was = earlier.find((disk) => disk.file === file);
    if (
      file === undefined ||
      was === undefined ||
      size === undefined ||
      size === was.size ||
      containsUnknown([file, size])
    )
      return [];
    return {
      path: `disks[${index}]`,
      file,
      size: readBytes(size),
      ...(was.size !== undefined && { before: readBytes(was.size) }),
    };
  });
}

/** The images that a mark has. Anyone may edit the metadata. */
export function readMade(mark: string | undefined): string[] {
  if (mark === undefined) return [];
  try {
    const value: unknown = JSON.parse(mark);
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

/** The mark with more images; undefined where there are none. */
export function withMade(mark: string | undefined, made: readonly string[]): string | undefined {
  const all = [...new Set([...readMade(mark), ...made])];
  return all.length === 0 ? undefined : JSON.stringify(all);
}

function knownDisks({ disks }: Partial<Inputs>): DiskInput[] {
  return Array.isArray(disks) ? disks.filter((disk) => typeof disk === "object") : [];
}
