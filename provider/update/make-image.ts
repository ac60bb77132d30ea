import { type SizedImage, withMade, withoutMade } from "../args/disk-images.ts";
import { describeImage } from "../args/disk-source.ts";
import { ownershipMetadata, readOwnership, readWritten } from "../domain/metadata.ts";
import { readDomainXml } from "../domain/parse.ts";
import { UserError } from "../errors.ts";
import type { DomainRef, Hypervisor, Where } from "../libvirt/hypervisor.ts";
import { makeImage } from "../storage/image.ts";
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
  await changeMade(host.hypervisor, domain, where, (mark) => withMade(mark, key));
}

/** Records that the domain has no such image any more: somebody else may make a file of that name. */
export function unmarkImage(
  hypervisor: Hypervisor,
  domain: DomainRef,
  key: string,
  where: Where,
): Promise<void> {
  return changeMade(hypervisor, domain, where, (mark) => withoutMade(mark, key));
}

async function changeMade(
  hypervisor: Hypervisor,
  domain: DomainRef,
  where: Where,
  change: (mark: string | undefined) => string | undefined,
): Promise<void> {
  const root = readDomainXml(await hypervisor.xml(domain, { inactive: where.config === true }));
  const [ownership, written] = [readOwnership(root), readWritten(root)];
  if (ownership === undefined) return;
  const marked = { ...written, made: change(written.made) };
  await hypervisor.setMetadata(domain, ownershipMetadata(ownership, marked), where);
}
