import { defined } from "../defined.ts";
import { ownershipMetadata, type Written } from "../domain/metadata.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { ownerOf } from "./ownership.ts";

/**
 * Sets the owner in a domain's metadata, in the running domain and in its definition, and keeps what this provider wrote there
 * last.
 *
 * @param urn undefined removes the owner. If it replaces another one, the metadata has that one as the previous owner.
 * @param changed what is written there now
 */
export async function setOwner(
  hypervisor: Hypervisor,
  domain: DomainRef,
  urn: string | undefined,
  changed: Written = {},
): Promise<void> {
  const [off, config] = await Promise.all([isOff(hypervisor, domain), hypervisor.isPersistent(domain)]);
  const live = !off;
  const { ownership, written } = await ownerOf(hypervisor, domain);
  const previous = ownership?.urn === urn ? undefined : ownership?.urn;
  const owner =
    urn === undefined ? undefined : defined({ version: 1, urn, creating: false, previousUrn: previous });
  await hypervisor.setMetadata(domain, ownershipMetadata(owner, { ...written, ...changed }), {
    config,
    live,
  });
}
