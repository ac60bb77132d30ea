import type { Kib } from "../units/kib.ts";
import { sourceElement } from "./device.ts";
import { XmlError } from "./escape.ts";
import { parseDomain } from "./parse.ts";
import { sizeElement, writeSize } from "./size-element.ts";
import type { VirtioMemSpec } from "./spec.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  insert,
  remove,
  type SharedElement,
  serialiseNode,
  textOf,
} from "./tree.ts";

/** The element of a virtio-mem device (libvirt, formatdomain, "Memory devices"). */
export function virtioMemElement(device: VirtioMemSpec): Element {
  return element(
    "memory",
    { model: "virtio-mem" },
    sourceElement(device.source),
    element(
      "target",
      {},
      sizeElement("size", device.size),
      element("node", {}, String(device.node)),
      sizeElement("block", device.block),
      sizeElement("requested", device.requested),
    ),
    element("alias", { name: device.alias }),
  );
}

/**
 * The XML that changes the requested size of a virtio-mem device: the device from the XML of the running domain, including
 * its address, by which libvirt finds it (virDomainMemoryFindByDeviceInfo).
 *
 * @throws XmlError when the running domain doesn't have it
 */
export function resizedXml(liveXml: string, alias: string, requested: Kib): string {
  const devices = children(find(parseDomain(liveXml).root, "devices"), "memory");
  const device = devices.find((one) => aliasOf(one) === alias);
  const target = find(device, "target");
  const request = find(target, "requested");
  if (device === undefined || target === undefined || request === undefined)
    throw new XmlError(`the running domain has no virtio-mem device ${alias}`);
  writeSize(request, requested);
  const current = find(target, "current");
  if (current !== undefined) remove(target, current);
  return serialiseNode(device);
}

/** A virtio-mem device of a definition: this provider's, or without an alias the one on the node that it doesn't manage. */
export type DefinedVirtioMem = Omit<VirtioMemSpec, "alias"> & { alias?: string };

/** Creates this provider's device or sets its size; of one that it doesn't manage, only the requested size is set. */
export function setVirtioMem(domain: Element, wanted: DefinedVirtioMem): void {
  const { alias, ...rest } = wanted;
  const devices = find(domain, "devices");
  const found = children(devices, "memory").find((one) =>
    alias === undefined ? isOnNode(one, wanted.node) : aliasOf(one) === alias,
  );
  const target = find(found, "target");
  const [size, requested] = [find(target, "size"), find(target, "requested")];
  if (size && requested) {
    if (alias !== undefined) writeSize(size, wanted.size);
    writeSize(requested, wanted.requested);
  } else if (devices && alias !== undefined) insert(devices, virtioMemElement({ ...rest, alias }));
  else throw new XmlError(`the definition has no virtio-mem device on node ${wanted.node}`);
}

function isOnNode(device: Element, node: number): boolean {
  return (
    attribute(device, "model") === "virtio-mem" &&
    textOf(find(device, "target", "node")).trim() === String(node)
  );
}

function aliasOf(device: SharedElement): string | undefined {
  return attribute(find(device, "alias"), "name");
}
