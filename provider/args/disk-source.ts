import { posix } from "node:path";

/** The image of a disk: a file on the host, or a volume of a storage pool. */
export type ImageSource = { kind: "file"; file: string } | { kind: "volume"; pool: string; volume: string };

/** What a disk's content comes from, as the program and a definition name it. */
export interface DiskSource {
  file?: string | undefined;
  /** The path of a block device. */
  block?: string | undefined;
  pool?: string | undefined;
  volume?: string | undefined;
}

/**
 * Identifies the source of a disk on its host; undefined for an empty drive. A pool's name has no slash. `//`, `/./` and `/../` in a path
 * make no difference to libvirt's storage. A symbolic link does, which only the host knows.
 */
export function sourceKey({ file, block, pool, volume }: DiskSource): string | undefined {
  const path = file ?? block;
  if (path !== undefined) return normalPath(path);
  return pool === undefined || volume === undefined ? undefined : `${pool}/${volume}`;
}

/** The key of a source as any version wrote it. */
export function normalPath(key: string): string {
  return key.startsWith("/") ? posix.normalize(key) : key;
}

/** The argument that names the source, for messages. */
export function sourceField({ file, block }: DiskSource): "file" | "block" | "volume" {
  if (file !== undefined) return "file";
  return block === undefined ? "volume" : "block";
}

/** The image; undefined for an empty drive and for a block device. */
export function imageSource({ file, pool, volume }: DiskSource): ImageSource | undefined {
  if (file !== undefined) return { kind: "file", file };
  return pool === undefined || volume === undefined ? undefined : { kind: "volume", pool, volume };
}

/** An image in messages. */
export function describeImage(source: ImageSource): string {
  return source.kind === "file" ? source.file : `volume "${source.volume}" of storage pool "${source.pool}"`;
}
