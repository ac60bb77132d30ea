import { insertInOrder } from "./merge.ts";
import type { Ownership } from "./state.ts";
import { attribute, children, type Element, element, remove, replace } from "./tree.ts";

/** The XML namespace of this provider's element in a domain's `<metadata>`. */
export const OWNERSHIP_NAMESPACE = "urn:pulumi-libvirt-hotplug:domain:1";

/** The prefix of that namespace. */
export const OWNERSHIP_PREFIX = "hotplug";

/** `<hotplug:domain version='1' urn='…' creating='true'/>`; `creating` is left out once create has finished. */
export function ownershipElement(ownership: Ownership): Element {
  return element(`${OWNERSHIP_PREFIX}:domain`, {
    [`xmlns:${OWNERSHIP_PREFIX}`]: OWNERSHIP_NAMESPACE,
    version: ownership.version,
    urn: ownership.urn,
    creating: ownership.creating ? "true" : undefined,
  });
}

/** The owner of the domain; undefined when its metadata has no valid element of this provider. */
export function readOwnership(domain: Element): Ownership | undefined {
  const [ours] = ownershipElements(domain);
  const urn = attribute(ours, "urn");
  const version = Number(attribute(ours, "version"));
  if (urn === undefined || !Number.isInteger(version)) return undefined;
  return { version, urn, creating: attribute(ours, "creating") === "true" };
}

/** Sets or replaces this provider's element in the domain's metadata; undefined removes it. */
export function writeOwnership(domain: Element, ownership: Ownership | undefined): void {
  const [old] = ownershipElements(domain);
  const metadata = children(domain, "metadata").find((some) => !old || some.children.includes(old));
  if (metadata && old && ownership) replace(metadata, old, ownershipElement(ownership));
  else if (metadata && ownership) insertInOrder(metadata, ownershipElement(ownership));
  else if (ownership) insertInOrder(domain, element("metadata", {}, ownershipElement(ownership)));
  else if (metadata && old) {
    remove(metadata, old);
    if (metadata.children.length === 0) remove(domain, metadata);
  }
}

/** This provider's elements, by their namespace: its prefix may be any that the nearest declaration binds. */
function ownershipElements(domain: Element): Element[] {
  return children(domain, "metadata").flatMap((metadata) =>
    children(metadata, `{${OWNERSHIP_NAMESPACE}}domain`),
  );
}
