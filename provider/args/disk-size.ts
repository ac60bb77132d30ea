import { isDeepStrictEqual } from "node:util";
import { type Bytes, readBytes } from "../units/bytes.ts";
import type { Inputs } from "./inputs.ts";
import { containsUnknown } from "./unknown.ts";

type DiskInput = NonNullable<Inputs["disks"]>[number];

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

/** Whether two lists of disks are the same in a definition. */
export function haveSameDefinition(a: Partial<Inputs>["disks"], b: Partial<Inputs>["disks"]): boolean {
  return isDeepStrictEqual(definedDisks(a), definedDisks(b));
}

/** The disks that were there before and have another `size` now. A value that isn't known yet is no change. */
export function resizedDisks(before: Partial<Inputs>, inputs: Partial<Inputs>): SizedDisk[] {
  const earlier = knownDisks(before);
  return knownDisks(inputs).flatMap(({ file, size }, index) => {
    const was = earlier.find((disk) => disk.file === file);
    if (was === undefined || size === undefined || size === was.size || containsUnknown([file, size]))
      return [];
    return {
      path: `disks[${index}]`,
      file,
      size: readBytes(size),
      ...(was.size !== undefined && { before: readBytes(was.size) }),
    };
  });
}

function knownDisks({ disks }: Partial<Inputs>): DiskInput[] {
  return Array.isArray(disks) ? disks.filter((disk) => typeof disk === "object") : [];
}
