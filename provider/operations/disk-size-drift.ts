import { diskImages } from "../args/disk-images.ts";
import { describeImage, sourceKey } from "../args/disk-source.ts";
import type { DiskInput, Inputs } from "../args/inputs.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { withImages } from "../observe/images.ts";
import type { Observation } from "../observe/observe.ts";
import { type Bytes, formatBytes } from "../units/bytes.ts";
import { canonicalSize } from "../units/size.ts";

/** How the images of a domain differ from the program's sizes. */
interface DiskSizeDrift {
  /** The program's list with what smaller images have: the next update grows them again. */
  disks?: Inputs["disks"];
  /** Images that are larger: `size` is what they have at least. */
  notes: string[];
}

/** Asks for the capacity of each image with a `size`. What libvirt doesn't know of shows nothing. */
export async function diskSizeDrift(
  hypervisor: Hypervisor,
  domain: DomainRef,
  observation: Observation,
  inputs: Inputs,
): Promise<DiskSizeDrift> {
  const sized = diskImages(inputs).flatMap(({ size, ...image }) =>
    size === undefined ? [] : [{ ...image, size }],
  );
  const { observed } = await withImages(hypervisor, domain, observation, sized);
  const smaller = new Map<string, Bytes>();
  const notes: string[] = [];
  for (const { path, key, source, size } of sized) {
    const found = observed.images?.[key];
    if (found === undefined || found === size) continue;
    if (found < size) smaller.set(key, found);
    const image = `${path}: ${describeImage(source)} has ${formatBytes(found)}`;
    if (found > size) notes.push(`${image}, more than size (${formatBytes(size)}): it stays`);
  }
  const shrunk = (disk: DiskInput): DiskInput => {
    const found = smaller.get(sourceKey(disk) ?? "");
    return found === undefined ? disk : { ...disk, size: canonicalSize(Math.floor(found / 1024)) };
  };
  return {
    ...(smaller.size > 0 && Array.isArray(inputs.disks) && { disks: inputs.disks.map(shrunk) }),
    notes,
  };
}
