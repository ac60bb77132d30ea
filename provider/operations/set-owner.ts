import { OWNERSHIP_NAMESPACE, OWNERSHIP_PREFIX } from "../domain/metadata.ts";
import { element, serialiseNode } from "../domain/tree.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff } from "../observe/wait-for-domain.ts";

/**
 * Sets the owner in a domain's metadata, in the running domain and in its definition.
 *
 * @param urn undefined removes the owner
 */
export async function setOwner(
  hypervisor: Hypervisor,
  domain: DomainRef,
  urn: string | undefined,
): Promise<void> {
  const [off, config] = await Promise.all([isOff(hypervisor, domain), hypervisor.isPersistent(domain)]);
  const live = !off;
  // libvirt adds the prefix and its namespace to the element (virXMLInjectNamespace).
  const xml = urn === undefined ? undefined : serialiseNode(element("domain", { version: 1, urn }));
  await hypervisor.setMetadata(
    domain,
    { namespace: OWNERSHIP_NAMESPACE, prefix: OWNERSHIP_PREFIX, xml },
    { config, live },
  );
}
