import {
  REPLACING_NAMESPACE,
  REPLACING_PREFIX,
  type Replacing,
  replacingElement,
} from "../domain/replacing.ts";
import { serialiseNode } from "../domain/tree.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { readPower } from "../observe/power.ts";

/**
 * Marks the definition of a domain as being replaced. undefined removes the mark, also from the running domain, which may have
 * been started with it.
 */
export async function setReplacing(
  hypervisor: Hypervisor,
  domain: DomainRef,
  replacing: Replacing | undefined,
): Promise<void> {
  const live = replacing === undefined && (await readPower(hypervisor, domain)).isActive;
  const xml = replacing && serialiseNode(replacingElement(replacing));
  await hypervisor.setMetadata(
    domain,
    { namespace: REPLACING_NAMESPACE, prefix: REPLACING_PREFIX, xml },
    { config: true, live },
  );
}
