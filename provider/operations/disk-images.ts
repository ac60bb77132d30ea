import type { DiskImage } from "../args/disk-images.ts";
import { setOwnership } from "../domain/edit.ts";
import { readDomain } from "../domain/read.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { deleteImage, growImage } from "../storage/image.ts";
import type { StorageHost } from "../storage/pool.ts";
import type { NeededImages } from "../update/image-reasons.ts";
import { makeDiskImage } from "../update/make-image.ts";

/**
 * Makes and grows images. What was made is recorded in the domain's metadata at once: only that is ever deleted.
 *
 * @returns the images that were made
 */
export async function provideImages(
  host: StorageHost,
  domain: DomainRef,
  { make, grow }: NeededImages,
): Promise<DiskImage[]> {
  const made: DiskImage[] = [];
  for (const image of make) {
    await makeDiskImage(host, domain, image, { config: true });
    made.push(image);
  }
  for (const { source, size } of grow) await growImage(host, source, size);
  return made;
}

/**
 * The definition of a new domain, with the images that were made for the one before it: of an interrupted create, or of a domain that
 * is replaced.
 *
 * @param made as the mark has them
 */
export function withMadeImages(xml: string, made: string | undefined): string {
  return made === undefined ? xml : setOwnership(xml, readDomain(xml).ownership, { made });
}

/** Deletes images that were made for a domain that never ran, where the program doesn't keep them. */
export async function dropImages(host: StorageHost, made: readonly DiskImage[]): Promise<void> {
  for (const { source, onDelete } of made) if (onDelete === "delete") await deleteImage(host, source);
}
