import { settleTotal } from "../../provider/domain/memory.ts";
import { parseDomain, parseXml } from "../../provider/domain/parse.ts";
import { freePorts } from "../../provider/domain/ports.ts";
import { readDevices, readDomain } from "../../provider/domain/read.ts";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  insert,
  remove,
  replace,
  serialise,
  setAttribute,
  setText,
} from "../../provider/domain/tree.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { libvirtError } from "./libvirt-error.ts";

// What libvirt does to the XML of a domain, for the fake of it.

/** libvirt's own checks of a DIMM (qemuDomainDefValidateMemoryHotplug), in its own words. */
export function withDimm(xml: string, device: string): string {
  const state = readDomain(xml);
  const dimm = parseXml(device).root;
  const size = Number(
    find(dimm, "target", "size")
      ?.children.map((node) => ("raw" in node ? node.raw : ""))
      .join(""),
  );
  const slot = attribute(find(dimm, "address"), "slot");
  const { size: max = 0, slots = 0 } = state.maxMemory ?? {};
  if (state.devices.length + 1 > slots)
    throw libvirtError(
      ErrorCode.CONFIG_UNSUPPORTED,
      `memory device count '${state.devices.length + 1}' exceeds slots count '${slots}'`,
    );
  if (state.memory + size > max)
    throw libvirtError(
      ErrorCode.CONFIG_UNSUPPORTED,
      `Attaching memory device with size '${size}' would exceed domain's maxMemory config size '${max}'`,
    );
  if (state.devices.some((one) => String(one.slot) === slot))
    throw libvirtError(ErrorCode.INTERNAL, `a slot ${slot} is in use by another memory device`);
  return withDevice(xml, device);
}

/** Behind the other devices, which begin at 4 GiB: as QEMU does while no DIMM in between is removed. */
export function placed(xml: string, device: string): string {
  const dimm = parseXml(device).root;
  const address = find(dimm, "address");
  if (address === undefined || attribute(address, "base") !== undefined) return device;
  const ends = readDomain(xml).devices.flatMap(({ base, size }) =>
    base === undefined ? [] : BigInt(base) + BigInt(size) * 1024n,
  );
  const base = [2n ** 32n, ...ends].sort((a, b) => Number(b - a))[0] ?? 0n;
  return device.replace(/(<address type=.dimm.)/, `$1 base='0x${base.toString(16)}'`);
}

/** libvirt's own checks of a definition with memory devices (qemuDomainDefValidateMemoryHotplug), in its own words. */
export function validateMemory(xml: string): void {
  const { devices, maxMemory, memory, cells } = readDomain(xml);
  const refuse = (why: string) =>
    libvirtError(ErrorCode.CONFIG_UNSUPPORTED, `unsupported configuration: ${why}`);
  if (maxMemory === undefined) {
    if (devices.length === 0) return;
    throw refuse("cannot use/hotplug a memory device when domain 'maxMemory' is not defined");
  }
  const { size, slots = 0 } = maxMemory;
  if (devices.length > slots)
    throw refuse(`memory device count '${devices.length}' exceeds slots count '${slots}'`);
  if (memory > size)
    throw libvirtError(
      ErrorCode.XML_ERROR,
      "XML error: maximum memory size must be equal or greater than the actual memory size",
    );
  const base = cells.reduce((sum, cell) => sum + cell.memory, 0);
  if (base > 0 && base === size)
    throw refuse("QEMU: invalid value of maxmem: must be greater than the initial memory size with slots");
}

export function withDevice(xml: string, device: string): string {
  const document = parseDomain(xml);
  const devices = find(document.root, "devices");
  if (devices) insert(devices, parseXml(device).root);
  settleTotal(document.root);
  return serialise(document);
}

/** The device at the same place is replaced: a disk by its target, an interface by its MAC. */
export function withUpdated(xml: string, device: string): string {
  const document = parseDomain(xml);
  const devices = find(document.root, "devices");
  const updated = parseXml(device).root;
  const placeOf = (one: Element) =>
    attribute(find(one, "target"), "dev") ?? attribute(find(one, "mac"), "address");
  const old = children(devices, updated.name).find((one) => placeOf(one) === placeOf(updated));
  if (devices === undefined || old === undefined)
    throw libvirtError(ErrorCode.INVALID_ARG, `no such ${updated.name} to update`);
  replace(devices, old, updated);
  return serialise(document);
}

/** libvirt's own checks of a disk or an interface that is attached, in its own words. */
export function withListDevice(xml: string, device: string): string {
  const { root } = parseDomain(xml);
  const added = parseXml(device).root;
  const [target, mac] = [attribute(find(added, "target"), "dev"), attribute(find(added, "mac"), "address")];
  const alias = attribute(find(added, "alias"), "name");
  const others = children(find(root, "devices"));
  if (
    target !== undefined &&
    others.some((one) => one.name === "disk" && attribute(find(one, "target"), "dev") === target)
  )
    throw libvirtError(ErrorCode.OPERATION_FAILED, `operation failed: target ${target} already exists`);
  if (mac !== undefined && others.some((one) => attribute(find(one, "mac"), "address") === mac))
    throw libvirtError(ErrorCode.OPERATION_INVALID, `network device with mac ${mac} already exists`);
  if (alias !== undefined && others.some((one) => attribute(find(one, "alias"), "name") === alias))
    throw libvirtError(ErrorCode.XML_ERROR, `non unique alias detected: ${alias}`);
  if (attribute(find(added, "target"), "bus") === "virtio" || added.name === "interface") {
    if (freePorts(root) === 0)
      throw libvirtError(ErrorCode.INTERNAL, "internal error: No more available PCI slots");
  }
  return withDevice(xml, device);
}

/** While a domain runs, each device has an alias. */
export function withAliases(xml: string): string {
  const document = parseDomain(xml);
  for (const device of children(find(document.root, "devices"))) {
    if (find(device, "alias") !== undefined) continue;
    const place = attribute(find(device, "target"), "dev") ?? attribute(find(device, "mac"), "address");
    if ((device.name === "disk" || device.name === "interface") && place !== undefined)
      insert(device, element("alias", { name: `${device.name}-${place}` }));
  }
  return serialise(document);
}

export function withoutDevice(xml: string, alias: string): string {
  const document = parseDomain(xml);
  const devices = find(document.root, "devices");
  for (const device of children(devices))
    if (devices && attribute(find(device, "alias"), "name") === alias) remove(devices, device);
  settleTotal(document.root);
  return serialise(document);
}

/** libvirt says what the guest has of a virtio-mem device while the domain runs. */
export function withCurrent(xml: string, of: (device: MemoryDevice) => number): string {
  const document = parseDomain(xml);
  const elements = children(find(document.root, "devices"), "memory");
  for (const [index, device] of readDevices(document.root).entries()) {
    const target = find(elements[index], "target");
    if (device.model !== "virtio-mem" || target === undefined) continue;
    const found = find(target, "current");
    if (found) setText(found, String(of(device)));
    else insert(target, element("current", { unit: "KiB" }, String(of(device))));
  }
  return serialise(document);
}

/** QEMU's balloon keeps the pages that it has: what it leaves grows and shrinks with the DIMMs. */
export function balloonFollows(before: string, after: string): string {
  const { memory, currentMemory } = readDomain(before);
  if (memory === currentMemory) return withBalloon(after, readDomain(after).memory);
  return withBalloon(after, currentMemory + readDomain(after).memory - memory);
}

export function withBalloon(xml: string, kib: number): string {
  const document = parseDomain(xml);
  const found = find(document.root, "currentMemory");
  if (found) setText(found, String(kib));
  else insert(document.root, element("currentMemory", { unit: "KiB" }, String(kib)));
  return serialise(document);
}

/** libvirt declares the namespace on the element that it puts in (virDomainDefSetMetadata). */
export function withMetadata(
  xml: string,
  set: { namespace: string; prefix: string; xml: string | undefined },
): string {
  const document = parseDomain(xml);
  const metadata = find(document.root, "metadata") ?? element("metadata");
  if (!document.root.children.includes(metadata)) insert(document.root, metadata);
  const rest = children(metadata).filter(
    (child) => attribute(child, `xmlns:${set.prefix}`) !== set.namespace,
  );
  metadata.children.splice(0, metadata.children.length, ...rest);
  if (set.xml !== undefined) {
    const { root } = parseXml(set.xml);
    const attributes = Object.fromEntries(
      [...root.attributes.keys()].map((key) => [key, attribute(root, key)]),
    );
    const name = `${set.prefix}:${root.name}`;
    insert(metadata, element(name, { [`xmlns:${set.prefix}`]: set.namespace, ...attributes }));
  }
  return serialise(document);
}

/** The vCPUs of a running domain or a definition, as libvirt changes them (qemuDomainSetVcpusLive), in its own words. */
export function withVcpus(xml: string, count: number): { xml: string; removed: boolean } {
  const document = parseDomain(xml);
  const { root } = document;
  const vcpu = find(root, "vcpu");
  const { vcpus: maximum, currentVcpus: current = maximum } = readDomain(xml);
  if (count > maximum)
    throw libvirtError(
      ErrorCode.INVALID_ARG,
      `invalid argument: requested vcpus is greater than max allowable vcpus for the live domain: ${count} > ${maximum}`,
    );
  const listed = children(find(root, "vcpus"), "vcpu");
  const list = Array.from({ length: maximum }, (_, id) => ({
    isEnabled: listed.length === 0 ? id < current : attribute(listed[id], "enabled") === "yes",
    isRemovable: listed.length === 0 ? id >= current : attribute(listed[id], "hotpluggable") === "yes",
  }));
  const ids = [...list.keys()];
  const chosen =
    count > current
      ? ids.filter((id) => list[id]?.isEnabled === false).slice(0, count - current)
      : ids
          .reverse()
          .filter((id) => list[id]?.isEnabled && list[id]?.isRemovable)
          .slice(0, current - count);
  if (chosen.length < Math.abs(count - current))
    throw libvirtError(
      ErrorCode.CONFIG_UNSUPPORTED,
      "unsupported configuration: failed to find appropriate hotpluggable vcpus to reach the desired target vcpu count",
    );
  const elements = list.map(({ isEnabled, isRemovable }, id) =>
    element("vcpu", {
      id,
      enabled: isEnabled !== chosen.includes(id) ? "yes" : "no",
      hotpluggable: isRemovable ? "yes" : "no",
    }),
  );
  const present = find(root, "vcpus");
  if (present !== undefined) remove(root, present);
  insert(root, element("vcpus", {}, ...elements));
  if (vcpu !== undefined) setAttribute(vcpu, "current", count === maximum ? undefined : count);
  return { xml: serialise(document), removed: count < current };
}
