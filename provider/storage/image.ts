import { posix } from "node:path";
import type { ImageSource } from "../args/disk-source.ts";
import { type Image, readVolume, volumeXml } from "../domain/volume.ts";
import { UserError } from "../errors.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { PoolRef, VolumeRef } from "../libvirt/storage.ts";
import { refreshed, type StorageHost, stopLeftPool, withNamedPool, withPoolOf } from "./pool.ts";

/** The images, in their order: each folder and pool is looked at once. An error is that of its pool. */
export async function findImages(
  host: StorageHost,
  sources: readonly ImageSource[],
): Promise<(Image | undefined | UserError)[]> {
  const found = new Map<ImageSource, Image | undefined | UserError>();
  const groups = new Map<string, ImageSource[]>();
  for (const source of sources) {
    const place = placeOf(source);
    const key = `${source.kind} ${place.pool}`;
    groups.set(key, [...(groups.get(key) ?? []), source]);
  }
  for (const [first, ...rest] of groups.values()) {
    if (first === undefined) continue;
    const group = [first, ...rest];
    const look = withPool(host, first, async (pool) => {
      for (const source of group) found.set(source, await imageIn(host, pool, placeOf(source).name));
    });
    await look.catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      for (const source of group) found.set(source, error);
    });
  }
  return sources.map((source) => found.get(source));
}

/** The image as it is now; undefined where there is none. */
export function findImage(host: StorageHost, source: ImageSource): Promise<Image | undefined> {
  return withImage(host, source, ({ pool, name }) => imageIn(host, pool, name));
}

async function imageIn({ hypervisor }: StorageHost, pool: PoolRef, name: string): Promise<Image | undefined> {
  const volume = await hypervisor.findVolume(pool, name);
  return volume && readVolume(await hypervisor.volumeXml(volume));
}

/**
 * Makes an empty image that only takes the space of what is written to it.
 *
 * @returns false where a file of that name is there, which stays as it is
 */
export function makeImage(host: StorageHost, source: ImageSource, image: Image): Promise<boolean> {
  const { hypervisor, session } = host;
  return withImage(host, source, async ({ pool, name }) => {
    try {
      await hypervisor.createVolume(pool, volumeXml(name, image));
      return true;
    } catch (error) {
      if (hasCode(error, ErrorCode.STORAGE_VOL_EXIST)) return false;
      if (!hasCode(error, ErrorCode.OPERATION_INVALID)) throw error;
      // A file that was put there since the refresh, or the pool isn't active any more.
      await refreshed(hypervisor, session.clock, pool);
      if ((await hypervisor.findVolume(pool, name)) !== undefined) return false;
      throw error;
    }
  });
}

/** Sets a larger capacity of an image that no running domain has. libvirt refuses a smaller one. */
export async function growImage(host: StorageHost, source: ImageSource, capacity: number): Promise<void> {
  await withImage(host, source, async ({ pool, name }) =>
    host.hypervisor.resizeVolume(await present(host, pool, name), capacity),
  );
}

/** Deletes an image, if it is there. */
export async function deleteImage(host: StorageHost, source: ImageSource): Promise<void> {
  await withImage(host, source, async ({ pool, name }) => {
    const volume = await host.hypervisor.findVolume(pool, name);
    if (volume !== undefined) await host.hypervisor.deleteVolume(volume);
  });
}

async function present({ hypervisor }: StorageHost, pool: PoolRef, name: string): Promise<VolumeRef> {
  const volume = await hypervisor.findVolume(pool, name);
  if (volume === undefined) throw new Error(`${name} is gone from the storage of ${hypervisor.uri}`);
  return volume;
}

/** Stops the transient pool that a run left which was killed while it worked on the image. */
export async function stopLeftPoolOf(host: StorageHost, source: ImageSource): Promise<void> {
  if (source.kind === "file") await stopLeftPool(host, placeOf(source).pool);
}

function withImage<T>(
  host: StorageHost,
  source: ImageSource,
  work: (at: { pool: PoolRef; name: string }) => Promise<T>,
): Promise<T> {
  return withPool(host, source, (pool) => work({ pool, name: placeOf(source).name }));
}

function withPool<T>(
  host: StorageHost,
  source: ImageSource,
  work: (pool: PoolRef) => Promise<T>,
): Promise<T> {
  const { pool } = placeOf(source);
  return source.kind === "volume" ? withNamedPool(host, pool, work) : withPoolOf(host, pool, work);
}

/** The pool, or the folder that is one, and the name of the volume in it. */
function placeOf(source: ImageSource): { pool: string; name: string } {
  if (source.kind === "volume") return { pool: source.pool, name: source.volume };
  const file = posix.normalize(source.file);
  return { pool: posix.dirname(file), name: posix.basename(file) };
}
