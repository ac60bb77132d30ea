import { type DiskImage, diskImages, type SizedImage } from "../args/disk-images.ts";
import { describeImage } from "../args/disk-source.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { setOwnership } from "../domain/edit.ts";
import { readDomain } from "../domain/read.ts";
import type { Image } from "../domain/volume.ts";
import { UserError } from "../errors.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { wouldShrink } from "../plan/disks/plan-disks.ts";
import type { Reason } from "../plan/plan.ts";
import { deleteImage, findImages, growImage } from "../storage/image.ts";
import type { StorageHost } from "../storage/pool.ts";
import { makeDiskImage, otherFormat } from "../update/make-image.ts";
import type { NewDomain } from "./new-domain.ts";

/** What the images of a new domain still need. */
export interface NeededImages {
  make: SizedImage[];
  grow: SizedImage[];
}

/**
 * Looks at the images of a new domain, before anything is done.
 *
 * @throws UserError with every reason why it can't have them
 */
export async function requireImages({ session, hypervisor, inputs }: NewDomain): Promise<NeededImages> {
  const { reasons, ...needed } = await imageReasons({ session, hypervisor }, inputs);
  const [reason] = reasons;
  if (reason === undefined) return needed;
  const text = reasons.map((one) => one.text).join("\n");
  throw new UserError(redact(`Unable to create domain ${inputs.name}: ${text}`, inputs), {
    code: reason.code,
  });
}

/** The same with the reasons, and without an error. */
export async function imageReasons(
  host: StorageHost,
  inputs: Inputs,
): Promise<NeededImages & { reasons: Reason[] }> {
  const images = diskImages(inputs);
  const needed: NeededImages = { make: [], grow: [] };
  if (images.length === 0) return { ...needed, reasons: [] };
  const found = await look(host, images);
  const { hypervisor } = host;
  const reasons: Reason[] = [];
  for (const [index, image] of images.entries()) {
    const there = found[index];
    const { size } = image;
    if (there === "unknown") continue;
    if (there instanceof UserError) {
      if (size !== undefined || there.code === "missing-on-host") reasons.push(atPath(image, there));
    } else if (there === undefined && size === undefined) reasons.push(missing(image, hypervisor.uri));
    else if (there === undefined && size !== undefined) needed.make.push({ ...image, size });
    else if (there !== undefined) {
      const other = otherFormat(image, there);
      if (other !== undefined) reasons.push(other);
      else if (size !== undefined && there.capacity > size)
        reasons.push(wouldShrink({ ...image, size }, there.capacity));
      else if (size !== undefined && there.capacity < size) needed.grow.push({ ...image, size });
    }
  }
  return { ...needed, reasons };
}

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

/** An answer that fails refuses nothing: libvirt's storage driver may be missing. It is needed where an image has to be made. */
async function look(
  host: StorageHost,
  images: readonly DiskImage[],
): Promise<(Image | UserError | "unknown" | undefined)[]> {
  try {
    return await findImages(
      host,
      images.map(({ source }) => source),
    );
  } catch (error) {
    if (error instanceof LibvirtError && images.every(({ size }) => size === undefined))
      return images.map(() => "unknown");
    throw error;
  }
}

function missing({ path, source }: DiskImage, uri: string): Reason {
  const text = `${path}.${source.kind}: ${describeImage(source)} doesn't exist on ${uri}; create it first, or set size to have an empty image made`;
  return { code: "missing-on-host", text };
}

function atPath({ path, source }: DiskImage, { code, message }: UserError): Reason {
  const field = source.kind === "file" ? "file" : "pool";
  return { code: code ?? "missing-on-host", text: `${path}.${field}: ${message}` };
}
