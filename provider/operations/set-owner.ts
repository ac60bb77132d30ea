import { ownershipNamespace } from "../domain/metadata.ts";
import { element, serialiseNode } from "../domain/tree.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isPoweredOff } from "../observe/observe.ts";

/**
 * Writes into a domain's metadata whose it is; undefined takes that out. Running domains have it at once, defined ones
 * in their definition.
 */
export async function setOwner(
  hypervisor: Hypervisor,
  domain: DomainRef,
  urn: string | undefined,
): Promise<void> {
  const [{ power }, config] = await Promise.all([hypervisor.state(domain), hypervisor.isPersistent(domain)]);
  const live = !isPoweredOff(power);
  // libvirt puts the prefix and its namespace on the element itself (virXMLInjectNamespace).
  const xml = urn === undefined ? undefined : serialiseNode(element("domain", { version: 1, urn }));
  await hypervisor.setMetadata(
    domain,
    { namespace: ownershipNamespace, prefix: "hotplug", xml },
    { config, live },
  );
}
