import { type ImageSource, normalPath, sourceKey } from "../args/disk-source.ts";
import { type Image, readVolume } from "../domain/volume.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Observed } from "../plan/observed.ts";
import type { Bytes } from "../units/bytes.ts";
import type { Observation } from "./observe.ts";

/** An image by what it is found. */
interface KeyedImage {
  key: string;
  source: ImageSource;
}

/**
 * The capacity of a disk, by the domain that has it. Undefined where the domain doesn't have the disk, which may be defined for the next
 * boot; and for a volume while the domain is off, since libvirt finds its file at the start.
 */
export async function capacityOf(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { live, nextBoot }: Observed,
  { key, source }: KeyedImage,
): Promise<Bytes | undefined> {
  if (live === undefined && source.kind === "volume") return undefined;
  const disk = (live ?? nextBoot)?.disks?.find((one) => sourceKey(one) === key);
  return disk && (await hypervisor.blockInfo(domain, disk.target)).capacity;
}

/** The observation with the capacity of these images, as far as libvirt knows it. */
export async function withImages(
  hypervisor: Hypervisor,
  domain: DomainRef,
  observation: Observation,
  wanted: readonly KeyedImage[],
): Promise<Observation> {
  if (wanted.length === 0) return observation;
  const { observed } = observation;
  const found = await Promise.all(
    wanted.map(async (image): Promise<[string, Bytes][]> => {
      const capacity =
        (await unlessRefused(capacityOf(hypervisor, domain, observed, image))) ??
        capacityIn(await knownImage(hypervisor, image.source));
      return capacity === undefined ? [] : [[image.key, capacity]];
    }),
  );
  return { ...observation, observed: { ...observed, images: Object.fromEntries(found.flat()) } };
}

/**
 * What libvirt knows of an image without a refresh of its pool, which a preview doesn't make. `unseen`: its pool is active and doesn't
 * know it; undefined: libvirt knows nothing of it.
 */
export async function knownImage(
  hypervisor: Hypervisor,
  source: ImageSource,
): Promise<Image | "unseen" | undefined> {
  return unlessRefused(
    source.kind === "file" ? fileOfPool(hypervisor, source.file) : volumeOf(hypervisor, source),
  );
}

async function fileOfPool(hypervisor: Hypervisor, file: string): Promise<Image | "unseen" | undefined> {
  const path = normalPath(file);
  const volume = await hypervisor.findVolumeByPath(path);
  if (volume !== undefined) return readVolume(await hypervisor.volumeXml(volume));
  const pool = await hypervisor.findPoolByTargetPath(path.slice(0, path.lastIndexOf("/")) || "/");
  return pool && "unseen";
}

async function volumeOf(
  hypervisor: Hypervisor,
  { pool: name, volume: named }: Extract<ImageSource, { kind: "volume" }>,
): Promise<Image | undefined> {
  const pool = await hypervisor.findPool(name);
  const volume = pool && (await hypervisor.findVolume(pool, named));
  return volume && readVolume(await hypervisor.volumeXml(volume));
}

function capacityIn(image: Image | "unseen" | undefined): Bytes | undefined {
  return typeof image === "object" ? image.capacity : undefined;
}

/** The step itself reads the capacity again, and fails then. */
async function unlessRefused<T>(answer: Promise<T | undefined>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof LibvirtError) return undefined;
    throw error;
  });
}
