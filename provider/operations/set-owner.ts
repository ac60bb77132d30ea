import { OWNERSHIP_NAMESPACE, OWNERSHIP_PREFIX } from "../domain/metadata.ts";
import { element, serialiseNode } from "../domain/tree.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { type Observation, observe } from "../observe/observe.ts";

/**
 * Sets the owner in a domain's metadata, in the running domain and in its definition, and keeps the total that this provider
 * set last.
 *
 * @param urn undefined removes the owner. If it replaces another one, the metadata has that one as the previous owner.
 * @param seen the domain as it was read right before; left out: it is read
 */
export async function setOwner(
  hypervisor: Hypervisor,
  domain: DomainRef,
  urn: string | undefined,
  seen?: Observation,
): Promise<void> {
  const { observed, definition } = seen ?? (await observe(hypervisor, domain));
  const [live, config] = [observed.power !== "off", observed.persistent];
  // libvirt adds the prefix and its namespace to the element (virXMLInjectNamespace).
  const { ownership, written: total } = definition;
  const previous = ownership?.urn === urn ? undefined : ownership?.urn;
  const xml =
    urn === undefined ? undefined : serialiseNode(element("domain", { version: 1, urn, previous, total }));
  await hypervisor.setMetadata(
    domain,
    { namespace: OWNERSHIP_NAMESPACE, prefix: OWNERSHIP_PREFIX, xml },
    { config, live },
  );
}
