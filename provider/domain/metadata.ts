import { defined } from "../defined.ts";
import type { Kib } from "../units/kib.ts";
import { insertInOrder } from "./merge.ts";
import type { Ownership } from "./state.ts";
import { attribute, children, type Element, element, remove, replace } from "./tree.ts";

/** The XML namespace of this provider's element in a domain's `<metadata>`. */
export const OWNERSHIP_NAMESPACE = "urn:pulumi-libvirt-hotplug:domain:1";

/** The prefix of that namespace. */
export const OWNERSHIP_PREFIX = "hotplug";

/**
 * `<hotplug:domain version='1' urn='…' creating='true' previous='…' total='1048576'/>`: `creating` is left out once create
 * has finished, `previous` is the URN before a rename, `total` is in KiB.
 */
export function ownershipElement(ownership: Ownership, total?: Kib): Element {
  return element(`${OWNERSHIP_PREFIX}:domain`, {
    [`xmlns:${OWNERSHIP_PREFIX}`]: OWNERSHIP_NAMESPACE,
    version: ownership.version,
    urn: ownership.urn,
    creating: ownership.creating ? "true" : undefined,
    previous: ownership.previousUrn,
    total,
  });
}

/** The owner of the domain; undefined when its metadata has no valid element of this provider. */
export function readOwnership(domain: Element): Ownership | undefined {
  const [ours] = ownershipElements(domain);
  const urn = attribute(ours, "urn");
  const version = Number(attribute(ours, "version"));
  if (urn === undefined || !Number.isInteger(version)) return undefined;
  const creating = attribute(ours, "creating") === "true";
  return defined({ version, urn, creating, previousUrn: attribute(ours, "previous") });
}

/** The total of the definition as this provider set it last; undefined in marks of earlier versions. */
export function readWritten(domain: Element): Kib | undefined {
  const total = attribute(ownershipElements(domain)[0], "total");
  return total !== undefined && /^\d{1,15}$/.test(total) ? Number(total) : undefined;
}

/** Sets or replaces this provider's element in the domain's metadata, and keeps the total in it; undefined removes it. */
export function writeOwnership(
  domain: Element,
  ownership: Ownership | undefined,
  total: Kib | undefined = readWritten(domain),
): void {
  const [old] = ownershipElements(domain);
  const metadata = children(domain, "metadata").find((some) => !old || some.children.includes(old));
  if (metadata && old && ownership) replace(metadata, old, ownershipElement(ownership, total));
  else if (metadata && ownership) insertInOrder(metadata, ownershipElement(ownership, total));
  else if (ownership) insertInOrder(domain, element("metadata", {}, ownershipElement(ownership, total)));
  else if (metadata && old) {
    remove(metadata, old);
    if (metadata.children.length === 0) remove(domain, metadata);
  }
}

/** The elements in a domain's metadata that aren't this provider's. */
export function foreignMetadata(domain: Element): Element[] {
  const ours = new Set(ownershipElements(domain));
  const all = children(domain, "metadata").flatMap((metadata) => children(metadata));
  return all.filter((one) => !ours.has(one));
}

/** This provider's elements, by their namespace: its prefix may be any that the nearest declaration binds. */
function ownershipElements(domain: Element): Element[] {
  return children(domain, "metadata").flatMap((metadata) =>
    children(metadata, `{${OWNERSHIP_NAMESPACE}}domain`),
  );
}
