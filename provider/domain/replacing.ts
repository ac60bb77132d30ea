import { attribute, children, type Element, element, find, type SharedElement } from "./tree.ts";

/** The XML namespace, and its prefix, of the element that marks the old domain of a replace. */
export const REPLACING_NAMESPACE = "urn:pulumi-libvirt-hotplug:replacing:1";
export const REPLACING_PREFIX = "replacing";

/** The mark of a domain that is being replaced: it is off, and the new one is defined in its place. */
export interface Replacing {
  /** The resource that the new domain belongs to. */
  urn: string;
  /** What the domain was doing before the replace. */
  was: "running" | "off";
}

/** `<replacing:domain was='running' urn='…'/>`; libvirt adds the prefix and its namespace (virXMLInjectNamespace). */
export function replacingElement({ urn, was }: Replacing): Element {
  return element("domain", { was, urn });
}

export function readReplacing(domain: SharedElement): Replacing | undefined {
  const mark = children(find(domain, "metadata")).find((child) =>
    [...child.attributes.keys()].some((key) => attribute(child, key) === REPLACING_NAMESPACE),
  );
  const urn = attribute(mark, "urn");
  if (urn === undefined) return undefined;
  return { urn, was: attribute(mark, "was") === "running" ? "running" : "off" };
}
