import { diskImages, type SizedImage, withMade } from "../args/disk-images.ts";
import { describeImage } from "../args/disk-source.ts";
import type { Inputs } from "../args/inputs.ts";
import { ownershipMetadata, readOwnership, readWritten } from "../domain/metadata.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { Image } from "../domain/volume.ts";
import { UserError } from "../errors.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Where } from "../libvirt/hypervisor.ts";
import { wouldShrink } from "../plan/disks/plan-disks.ts";
import type { Reason } from "../plan/plan.ts";
import { findImages, makeImage } from "../storage/image.ts";
import type { StorageHost } from "../storage/pool.ts";

/**
 * Makes an image, and records in the domain's metadata that this provider made it: only such an image is ever deleted.
 *
 * @param where the definition that has the metadata
 * @throws UserError where somebody else made a file of that name since it was looked for
 */
export async function makeDiskImage(
  host: StorageHost,
  domain: DomainRef,
  { path, key, source, format, size }: SizedImage,
  where: Where,
): Promise<void> {
  if (!(await makeImage(host, source, { format, capacity: size })))
    throw new UserError(
      `${path}: somebody else made ${describeImage(source)} in the meantime; it was left unchanged`,
      { code: "domain-changed" },
    );
  const { hypervisor } = host;
  const root = readDomainXml(await hypervisor.xml(domain, { inactive: where.config === true }));
  const [ownership, written] = [readOwnership(root), readWritten(root)];
  if (ownership === undefined) return;
  const marked = { ...written, made: withMade(written.made, key) };
  await hypervisor.setMetadata(domain, ownershipMetadata(ownership, marked), where);
}

/**
 * Why the images of new disks can't be what the program says, before anything is done. A storage driver that doesn't answer
 * refuses nothing.
 */
export async function newImageReasons(
  host: StorageHost,
  { before, news }: { before: Partial<Inputs>; news: Partial<Inputs> },
): Promise<Reason[]> {
  const earlier = new Set(diskImages(before).map(({ key }) => key));
  const images = diskImages(news).filter(({ key }) => !earlier.has(key));
  if (images.length === 0) return [];
  const sources = images.map(({ source }) => source);
  const found = await findImages(host, sources).catch((error: unknown) => {
    if (error instanceof LibvirtError) return [];
    throw error;
  });
  return images.flatMap((image, index) => {
    const there = found[index];
    if (there === undefined || there instanceof UserError) return [];
    const { size } = image;
    const isLarger = size !== undefined && there.capacity > size;
    return otherFormat(image, there) ?? (isLarger ? wouldShrink({ ...image, size }, there.capacity) : []);
  });
}

/** Formats whose header a guest would see as the content of a raw disk. */
const IMAGE_FORMATS = ["qcow", "qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc"];

/** Why an image can't be a disk of the format that the program says. */
export function otherFormat(
  { path, source, format }: Pick<SizedImage, "path" | "source" | "format">,
  found: Image,
): Reason | undefined {
  const isOther = format === "raw" ? IMAGE_FORMATS.includes(found.format) : found.format !== format;
  if (!isOther) return undefined;
  const text = `${path}.format is "${format}", but ${describeImage(source)} is ${found.format}; set format to what it is`;
  return { code: "disk-format", text };
}
