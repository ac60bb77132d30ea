import { defined } from "../defined.ts";
import { ownershipMetadata, type Written } from "../domain/metadata.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { type Observation, observe } from "../observe/observe.ts";

/**
 * Sets the owner in a domain's metadata, in the running domain and in its definition, and keeps what this provider wrote there
 * last.
 *
 * @param urn undefined removes the owner. If it replaces another one, the metadata has that one as the previous owner.
 * @param seen the domain as it was read right before; left out: it is read
 * @param changed what is written there now
 */
export async function setOwner(
  hypervisor: Hypervisor,
  domain: DomainRef,
  urn: string | undefined,
  seen?: Observation,
  changed: Written = {},
): Promise<void> {
  const { observed, definition } = seen ?? (await observe(hypervisor, domain));
  const [live, config] = [observed.power !== "off", observed.persistent];
  const { ownership, written: total, writtenArguments, writtenImages } = definition;
  const written = { total, arguments: writtenArguments, made: writtenImages, ...changed };
  const previous = ownership?.urn === urn ? undefined : ownership?.urn;
  const owner =
    urn === undefined ? undefined : defined({ version: 1, urn, creating: false, previousUrn: previous });
  await hypervisor.setMetadata(domain, ownershipMetadata(owner, written), { config, live });
}
