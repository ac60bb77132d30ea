import type { DiskImage, SizedImage } from "../args/disk-images.ts";
import { describeImage } from "../args/disk-source.ts";
import type { Image } from "../domain/volume.ts";
import { UserError } from "../errors.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { knownImage } from "../observe/images.ts";
import { wouldShrink } from "../plan/disks/plan-disks.ts";
import type { Reason } from "../plan/plan.ts";
import { findImages } from "../storage/image.ts";
import type { StorageHost } from "../storage/pool.ts";

/** What the images of some disks still need. */
export interface NeededImages {
  make: SizedImage[];
  grow: SizedImage[];
}

/** What images need, and every reason why they can't be used as the program asks, before anything is done. */
export async function imageReasons(
  host: StorageHost,
  images: readonly DiskImage[],
): Promise<NeededImages & { reasons: Reason[] }> {
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
      const unfit = unfitImage(image, there);
      if (unfit !== undefined) reasons.push(unfit);
      else if (size !== undefined && there.capacity < size) needed.grow.push({ ...image, size });
    }
  }
  return { ...needed, reasons };
}

/**
 * The same for a preview, which only reads: libvirt knows the files of active pools since their last refresh.
 *
 * @returns also the files that such a pool hasn't seen, which may be there all the same
 */
export async function knownImageReasons(
  hypervisor: Hypervisor,
  images: readonly DiskImage[],
): Promise<{ reasons: Reason[]; unseen: string[] }> {
  const found = await Promise.all(images.map((image) => knownImage(hypervisor, image.source)));
  return {
    reasons: images.flatMap((image, index) => {
      const there = found[index];
      return typeof there === "object" ? (unfitImage(image, there) ?? []) : [];
    }),
    unseen: images.flatMap((image, index) =>
      found[index] === "unseen" && image.size === undefined ? unseen(image, hypervisor.uri) : [],
    ),
  };
}

/** A failed query refuses nothing: libvirt's storage driver may be missing. It is needed only if an image has to be made. */
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

function unseen({ path, source }: DiskImage, uri: string): string {
  return `${path}.${source.kind}: libvirt on ${uri} doesn't know ${describeImage(source)}: its storage pool didn't contain it at the last refresh; pulumi up fails if it doesn't exist by then`;
}

function atPath({ path, source }: DiskImage, { code, message }: UserError): Reason {
  const field = source.kind === "file" ? "file" : "pool";
  return { code: code ?? "missing-on-host", text: `${path}.${field}: ${message}` };
}

/** Why an existing image can't be used for the program's disk. */
export function unfitImage(image: DiskImage, there: Image): Reason | undefined {
  const { size } = image;
  const isLarger = size !== undefined && there.capacity > size;
  return (
    otherFormat(image, there) ?? (isLarger ? wouldShrink({ ...image, size }, there.capacity) : undefined)
  );
}

/** Formats whose header a guest would see as the content of a raw disk. */
const IMAGE_FORMATS = ["qcow", "qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc"];

/** Why an image can't be a disk of the program's format. */
function otherFormat(
  { path, source, format }: Pick<SizedImage, "path" | "source" | "format">,
  found: Image,
): Reason | undefined {
  const isOther = format === "raw" ? IMAGE_FORMATS.includes(found.format) : found.format !== format;
  if (!isOther) return undefined;
  const text = `${path}.format is "${format}", but ${describeImage(source)} is ${found.format}; set format to what it is`;
  return { code: "disk-format", text };
}
