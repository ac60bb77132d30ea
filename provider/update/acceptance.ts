import { domainUuid } from "../args/identity.ts";
import { parseDomain } from "../domain/parse.ts";
import { attribute, children, find, remove, serialise, setText, textOf } from "../domain/tree.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import type { Reason } from "../plan/plan.ts";

/** Why the host can't have this definition, found without changing anything. */
export async function definitionRefusals(_hypervisor: Hypervisor, _xml: string): Promise<Reason[]> {
  return [];
}

/**
 * Defines the definition under a name and UUID of its own, and undefines it again.
 *
 * @throws LibvirtError where libvirt refuses it
 */
export async function probeDefine(hypervisor: Hypervisor, xml: string): Promise<void> {
  const document = parseDomain(xml);
  const { root } = document;
  const [name, id] = [find(root, "name"), find(root, "uuid")];
  const uuid = domainUuid(`probe of ${textOf(id)}`);
  if (name) setText(name, `probe-${uuid}`);
  if (id) setText(id, uuid);
  const os = find(root, "os");
  const nvram = find(os, "nvram");
  if (os && nvram) remove(os, nvram);
  for (const card of children(find(root, "devices"), "interface")) {
    const mac = find(card, "mac");
    if (mac && attribute(mac, "address")) remove(card, mac);
  }
  const metadata = find(root, "metadata");
  if (metadata) remove(root, metadata);
  await hypervisor.undefine(await hypervisor.define(serialise(document)));
}
