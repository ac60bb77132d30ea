import { posix } from "node:path";
import { parseXml } from "../domain/parse.ts";
import { attribute, element, find, serialiseNode, textOf } from "../domain/tree.ts";
import { UserError } from "../errors.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { PoolRef, VolumeRef } from "../libvirt/storage.ts";
import { refreshed, type StorageHost, withNamedPool, withPoolOf } from "./pool.ts";

/** Where an image is: a file on the host, or a volume of a storage pool. */
export type ImageSource = { kind: "file"; file: string } | { kind: "volume"; pool: string; volume: string };

/** A disk image as libvirt finds it. */
export interface Image {
  /** libvirt's name of the format that the file has. */
  format: string;
  /** What a guest sees, in bytes. */
  capacity: number;
}

/** The images of these files, in their order: each folder is looked at once. */
export async function findImages(
  host: StorageHost,
  files: readonly string[],
): Promise<(Image | undefined | UserError)[]> {
  const found = new Map<string, Image | undefined | UserError>();
  const paths = files.map((file) => posix.normalize(file));
  for (const folder of new Set(paths.map((file) => posix.dirname(file)))) {
    const inFolder = paths.filter((file) => posix.dirname(file) === folder);
    const look = withPoolOf(host, folder, async (pool) => {
      for (const file of inFolder) found.set(file, await imageIn(host, pool, posix.basename(file)));
    });
    await look.catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      for (const file of inFolder) found.set(file, error);
    });
  }
  return paths.map((file) => found.get(file));
}

/** The image as it is now; undefined where there is none. */
export function findImage(host: StorageHost, source: ImageSource): Promise<Image | undefined> {
  return withImage(host, source, ({ pool, name }) => imageIn(host, pool, name));
}

async function imageIn({ hypervisor }: StorageHost, pool: PoolRef, name: string): Promise<Image | undefined> {
  const volume = await hypervisor.findVolume(pool, name);
  return volume && readImage(await hypervisor.volumeXml(volume));
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

function withImage<T>(
  host: StorageHost,
  source: ImageSource,
  work: (at: { pool: PoolRef; name: string }) => Promise<T>,
): Promise<T> {
  if (source.kind === "volume")
    return withNamedPool(host, source.pool, (pool) => work({ pool, name: source.volume }));
  const file = posix.normalize(source.file);
  return withPoolOf(host, posix.dirname(file), (pool) => work({ pool, name: posix.basename(file) }));
}

function volumeXml(name: string, { format, capacity }: Image): string {
  return serialiseNode(
    element(
      "volume",
      {},
      element("name", {}, name),
      element("capacity", { unit: "bytes" }, String(capacity)),
      element("allocation", {}, "0"),
      element(
        "target",
        {},
        element("format", { type: format }),
        // libvirt's default is the format of QEMU 0.10, without lazy reference counts and with slower snapshots.
        format === "qcow2" ? element("compat", {}, "1.1") : undefined,
      ),
    ),
  );
}

/** The format and the capacity in libvirt's description of a volume. */
export function readImage(xml: string): Image {
  const { root } = parseXml(xml);
  return {
    format: attribute(find(root, "target", "format"), "type") ?? "raw",
    // libvirt prints it in bytes.
    capacity: Number(textOf(find(root, "capacity"))),
  };
}
