import { keptUuid } from "../args/identity.ts";
import { nameOf, setIdentity } from "../domain/identity.ts";
import { insertInOrder } from "../domain/merge.ts";
import { parseDomain } from "../domain/parse.ts";
import { attribute, children, type Element, element, find, remove, serialise } from "../domain/tree.ts";
import { ErrorCode, hasCode } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { isKept, KEPT_NAME, noteKept } from "./leftovers.ts";

/**
 * A definition that a change may have to go back to is kept as a second domain, which never starts, until the changed one
 * runs. There a kill can't lose it, and its secrets stay in libvirt (docs/decisions/0005-kept-definition.md).
 */
const KEPT_NAMESPACE = "urn:pulumi-libvirt-hotplug:kept:1";

/** What `<metadata>` of a kept definition records, besides the definition. */
interface Kept {
  /** The domain's own name. */
  name: string;
  /** It ran before the change, so it is started again. */
  ran: boolean;
  autostart: boolean;
}

/** The name that the kept definition of a domain has. */
export function keptName(uuid: string): string {
  return `${KEPT_NAME}${uuid}`;
}

/**
 * Keeps the present definition of a domain; an earlier kept one is overwritten.
 *
 * @param xml the definition with the secrets in it, where it was just read
 */
export async function keepDefinition(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { ran, xml: read }: Pick<Kept, "ran"> & { xml?: string },
): Promise<void> {
  const [xml, autostart] = await Promise.all([
    read ?? hypervisor.xml(domain, { inactive: true, secure: true }),
    hypervisor.autostart(domain),
  ]);
  const document = parseDomain(xml);
  const { root } = document;
  const mark = keptElement({ name: nameOf(root), ran, autostart });
  const metadata = find(root, "metadata");
  if (metadata) insertInOrder(metadata, mark);
  else insertInOrder(root, element("metadata", {}, mark));
  setIdentity(root, { name: keptName(domain.uuid), uuid: keptUuid(domain.uuid) });
  await noteKept(hypervisor, domain.uuid, true);
  await hypervisor.define(serialise(document));
}

/** The domain that holds the kept definition of the domain with this UUID. */
export async function findKept(hypervisor: Hypervisor, uuid: string): Promise<DomainRef | undefined> {
  return (await isKept(hypervisor, uuid)) ? hypervisor.findByUuid(keptUuid(uuid)) : undefined;
}

/**
 * Puts the kept definition of a domain back, and starts the domain if it ran before the change. It can be repeated, and the
 * kept definition stays until `dropKept`.
 *
 * @returns the domain; undefined when no definition of it is kept
 * @throws LibvirtError where libvirt can't define or start it
 */
export async function restoreKept(hypervisor: Hypervisor, uuid: string): Promise<DomainRef | undefined> {
  const kept = await findKept(hypervisor, uuid);
  if (kept === undefined) return undefined;
  const document = parseDomain(await hypervisor.xml(kept, { inactive: true, secure: true }));
  const { root } = document;
  const { name, ran, autostart } = takeKept(root);
  setIdentity(root, { name, uuid });
  const present = await hypervisor.findByUuid(uuid);
  // libvirt doesn't define a UUID under a second name.
  if (present !== undefined && present.name !== name) await hypervisor.undefine(present);
  const domain = await hypervisor.define(serialise(document));
  if (autostart) await hypervisor.setAutostart(domain, true);
  if (!ran || !(await isOff(hypervisor, domain))) return domain;
  return hypervisor.start(domain);
}

/** Removes the kept definition of a domain, if there is one. The files that it names belong to the domain. */
export async function dropKept(hypervisor: Hypervisor, uuid: string): Promise<void> {
  if (!(await isKept(hypervisor, uuid))) return;
  const kept = { name: keptName(uuid), uuid: keptUuid(uuid), id: -1 };
  await hypervisor.undefine(kept, { keepsFiles: true }).catch((error: unknown) => {
    // Somebody else removed it.
    if (!hasCode(error, ErrorCode.NO_DOMAIN)) throw error;
  });
  await noteKept(hypervisor, uuid, false);
}

function keptElement({ name, ran, autostart }: Kept): Element {
  const mark = { "xmlns:kept": KEPT_NAMESPACE, name, ran: String(ran), autostart: String(autostart) };
  return element("kept:definition", mark);
}

/** Reads what a kept definition records of its domain, and removes it from the definition. */
function takeKept(domain: Element): Kept {
  const metadata = find(domain, "metadata");
  const mark = children(metadata).find((child) =>
    [...child.attributes.keys()].some((key) => attribute(child, key) === KEPT_NAMESPACE),
  );
  if (metadata && mark) remove(metadata, mark);
  if (metadata && metadata.children.length === 0) remove(domain, metadata);
  return {
    name: attribute(mark, "name") ?? nameOf(domain),
    ran: attribute(mark, "ran") === "true",
    autostart: attribute(mark, "autostart") === "true",
  };
}
