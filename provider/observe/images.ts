import { ErrorCode, hasCode, LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Bytes } from "../units/bytes.ts";
import type { Observation } from "./observe.ts";

/**
 * The capacity of a disk of a domain, by the path of its image; undefined where the domain doesn't have the disk: it may be defined
 * for the next boot.
 */
export async function capacityOf(
  hypervisor: Hypervisor,
  domain: DomainRef,
  file: string,
): Promise<Bytes | undefined> {
  try {
    return (await hypervisor.blockInfo(domain, file)).capacity;
  } catch (error) {
    if (hasCode(error, ErrorCode.INVALID_ARG)) return undefined;
    throw error;
  }
}

/** The observation with the capacity of these disks, as far as libvirt knows it. */
export async function withImages(
  hypervisor: Hypervisor,
  domain: DomainRef,
  observation: Observation,
  files: readonly string[],
): Promise<Observation> {
  if (files.length === 0) return observation;
  const found = await Promise.all(files.map((file) => unlessRefused(capacityOf(hypervisor, domain, file))));
  const images = Object.fromEntries(
    files.flatMap((file, index) => {
      const capacity = found[index];
      return capacity === undefined ? [] : [[file, capacity]];
    }),
  );
  return { ...observation, observed: { ...observation.observed, images } };
}

/** The step itself reads the capacity again, and fails then. */
async function unlessRefused(capacity: Promise<Bytes | undefined>): Promise<Bytes | undefined> {
  return capacity.catch((error: unknown) => {
    if (error instanceof LibvirtError) return undefined;
    throw error;
  });
}
