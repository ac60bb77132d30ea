import { PROBE_NAME } from "../acceptance/leftovers.ts";
import { describeImage, type ImageSource } from "../args/disk-source.ts";
import { keptUuid } from "../args/identity.ts";
import { readDomainXml } from "../domain/parse.ts";
import type { SharedElement } from "../domain/tree.ts";
import { ConnectionError, ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { deleteImage } from "../storage/image.ts";
import { namesImage } from "../storage/names-image.ts";
import type { StorageHost } from "../storage/pool.ts";

/** A definition of a domain of the host: the running one, or the one of the next boot. */
interface Definition {
  name: string;
  root: SharedElement;
}

/**
 * Deletes images that no domain of the host has any more, whatever domain had them before.
 *
 * @param own the domain that had the images. Its earlier definition, which is kept until a restart has ended, doesn't count
 * @param warn is called with each image that stays, and why: another domain has it, or libvirt refuses
 * @returns the images that don't exist any more
 */
export async function deleteUnused<Image extends { source: ImageSource }>(
  host: StorageHost,
  images: readonly Image[],
  own: Pick<DomainRef, "uuid">,
  warn: (text: string) => Promise<void>,
): Promise<Image[]> {
  if (images.length === 0) return [];
  const domains = await definitions(host.hypervisor, own);
  const gone: Image[] = [];
  for (const image of images) {
    const { source } = image;
    const user = domains.find(({ root }) => namesImage(root, source));
    const why = user === undefined ? await tryToDelete(host, source) : `domain ${user.name} has it`;
    if (why === undefined) gone.push(image);
    else await warn(`${describeImage(source)} isn't deleted: ${why}`);
  }
  return gone;
}

/** Why the image couldn't be deleted. */
async function tryToDelete(host: StorageHost, source: ImageSource): Promise<string | undefined> {
  try {
    await deleteImage(host, source);
    return undefined;
  } catch (error) {
    // It isn't known then what was done.
    if (error instanceof ConnectionError) throw error;
    return messageOf(error);
  }
}

/** Of all domains, both what runs and what the next boot has. A domain that is deleted meanwhile has no disks. */
async function definitions(hypervisor: Hypervisor, own: Pick<DomainRef, "uuid">): Promise<Definition[]> {
  const domains = (await hypervisor.list()).filter(
    ({ uuid, name }) => uuid !== keptUuid(own.uuid) && !name.startsWith(PROBE_NAME),
  );
  const found = await Promise.all(domains.map((domain) => definitionsOf(hypervisor, domain)));
  return found.flat();
}

async function definitionsOf(hypervisor: Hypervisor, domain: DomainRef): Promise<Definition[]> {
  try {
    const xmls = [];
    for (const inactive of [false, true]) xmls.push(await hypervisor.xml(domain, { inactive }));
    return [...new Set(xmls)].map((xml) => ({ name: domain.name, root: readDomainXml(xml) }));
  } catch (error) {
    if (hasCode(error, ErrorCode.NO_DOMAIN)) return [];
    throw error;
  }
}
