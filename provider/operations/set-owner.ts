import { OWNERSHIP_NAMESPACE, OWNERSHIP_PREFIX } from "../domain/metadata.ts";
import { element, serialiseNode } from "../domain/tree.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { ownerOf } from "./ownership.ts";

/**
 * Sets the owner in a domain's metadata, in the running domain and in its definition, and keeps the total that this provider
 * set last.
 *
 * @param urn undefined removes the owner. If it replaces another one, the metadata has that one as the previous owner.
 */
export async function setOwner(
  hypervisor: Hypervisor,
  domain: DomainRef,
  urn: string | undefined,
): Promise<void> {
  const [off, config] = await Promise.all([isOff(hypervisor, domain), hypervisor.isPersistent(domain)]);
  const live = !off;
  // libvirt adds the prefix and its namespace to the element (virXMLInjectNamespace).
  const { ownership, written: total } = await ownerOf(hypervisor, domain);
  const previous = ownership?.urn === urn ? undefined : ownership?.urn;
  const xml =
    urn === undefined ? undefined : serialiseNode(element("domain", { version: 1, urn, previous, total }));
  await hypervisor.setMetadata(
    domain,
    { namespace: OWNERSHIP_NAMESPACE, prefix: OWNERSHIP_PREFIX, xml },
    { config, live },
  );
}
