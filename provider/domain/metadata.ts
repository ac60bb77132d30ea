import { defined } from "../defined.ts";
import type { Kib } from "../units/kib.ts";
import { insertInOrder } from "./merge.ts";
import type { Ownership } from "./state.ts";
import {
  attribute,
  children,
  type Element,
  element,
  remove,
  replace,
  type SharedElement,
  serialiseNode,
} from "./tree.ts";

/** The XML namespace of this provider's element in a domain's `<metadata>`. */
export const OWNERSHIP_NAMESPACE = "urn:pulumi-libvirt-hotplug:domain:1";

/** The prefix of that namespace. */
const OWNERSHIP_PREFIX = "hotplug";

/** What this provider wrote into the definition last, besides the owner. */
export interface Written {
  /** The total of the definition. */
  total?: Kib | undefined;
  /** The arguments, as JSON; null: not set. What an interrupted update left is known by them. */
  arguments?: string | undefined;
  /** The paths of the disk images that this provider made, as a JSON array. */
  made?: string | undefined;
}

/**
 * `<hotplug:domain version='1' urn='…' creating='true' previous='…' total='1048576' arguments='{"vcpus":2}'/>`: `creating` is
 * left out once create has finished, `previous` is the URN before a rename, `total` is in KiB.
 */
export function ownershipElement(ownership: Ownership, written: Written = {}): Element {
  return element(`${OWNERSHIP_PREFIX}:domain`, {
    [`xmlns:${OWNERSHIP_PREFIX}`]: OWNERSHIP_NAMESPACE,
    version: ownership.version,
    urn: ownership.urn,
    creating: ownership.creating ? "true" : undefined,
    previous: ownership.previousUrn,
    total: written.total,
    arguments: written.arguments,
    made: written.made,
  });
}

/** The owner of the domain; undefined when its metadata has no valid element of this provider. */
export function readOwnership(domain: SharedElement): Ownership | undefined {
  const [ours] = ownershipElements(domain);
  const urn = attribute(ours, "urn");
  const version = Number(attribute(ours, "version"));
  if (urn === undefined || !Number.isInteger(version)) return undefined;
  const creating = attribute(ours, "creating") === "true";
  return defined({ version, urn, creating, previousUrn: attribute(ours, "previous") });
}

/** The same as an element that libvirt is asked to set: it adds the prefix and its namespace (virXMLInjectNamespace). */
export function ownershipMetadata(
  ownership: Ownership | undefined,
  written: Written = {},
): { namespace: string; prefix: string; xml: string | undefined } {
  const mark = ownership && ownershipElement(ownership, written);
  mark?.attributes.delete(`xmlns:${OWNERSHIP_PREFIX}`);
  const xml = mark && serialiseNode({ ...mark, name: "domain" });
  return { namespace: OWNERSHIP_NAMESPACE, prefix: OWNERSHIP_PREFIX, xml };
}

/** Marks of earlier versions have neither. */
export function readWritten(domain: SharedElement): Written {
  const [ours] = ownershipElements(domain);
  const total = attribute(ours, "total");
  const isTotal = total !== undefined && /^\d{1,15}$/.test(total);
  return defined({
    total: isTotal ? Number(total) : undefined,
    arguments: attribute(ours, "arguments"),
    made: attribute(ours, "made"),
  });
}

/**
 * Sets or replaces this provider's element in the domain's metadata; undefined removes it. What is left out of `changed` stays in
 * the element.
 */
export function writeOwnership(
  domain: Element,
  ownership: Ownership | undefined,
  changed: Written = {},
): void {
  const written = { ...readWritten(domain), ...changed };
  const [old] = ownershipElements(domain);
  const metadata = children(domain, "metadata").find((some) => !old || some.children.includes(old));
  if (metadata && old && ownership) replace(metadata, old, ownershipElement(ownership, written));
  else if (metadata && ownership) insertInOrder(metadata, ownershipElement(ownership, written));
  else if (ownership) insertInOrder(domain, element("metadata", {}, ownershipElement(ownership, written)));
  else if (metadata && old) {
    remove(metadata, old);
    if (metadata.children.length === 0) remove(domain, metadata);
  }
}

/** The elements in a domain's metadata that aren't this provider's. */
export function foreignMetadata<E extends SharedElement>(domain: E): E[] {
  const ours = new Set<SharedElement>(ownershipElements(domain));
  const all = children(domain, "metadata").flatMap((metadata) => children(metadata));
  return all.filter((one) => !ours.has(one));
}

/** This provider's elements, by their namespace: its prefix may be any that the nearest declaration binds. */
function ownershipElements<E extends SharedElement>(domain: E): E[] {
  return children(domain, "metadata").flatMap((metadata) =>
    children(metadata, `{${OWNERSHIP_NAMESPACE}}domain`),
  );
}
