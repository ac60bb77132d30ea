import { isDeepStrictEqual } from "node:util";
import { defined } from "../defined.ts";
import { isCpuMode, specElement } from "./build.ts";
import { settleTotal } from "./memory.ts";
import { merge } from "./merge.ts";
import { type Written, writeOwnership } from "./metadata.ts";
import { parseDomain, readDomainXml } from "./parse.ts";
import { isUefi, readCells } from "./read.ts";
import type { DomainSpec } from "./spec.ts";
import type { Ownership } from "./state.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  insert,
  remove,
  removeAll,
  type SharedElement,
  serialise,
  serialiseNode,
  setAttribute,
  textOf,
} from "./tree.ts";
import { fitNodes, readMaxVcpus } from "./vcpus.ts";

/**
 * Applies the differences between two specs to an inactive definition, and keeps everything else byte for byte, including
 * manual changes of other parts. Disks are matched by their target device, interfaces by their MAC, the serial port by its
 * number, the guest agent's channel by its name.
 *
 * `setMemory` sets memory sizes, `setVcpus` the vCPUs and `setOwnership` the ownership; here only a new NUMA cell gets its size and
 * its vCPUs.
 */
export function editDefinition(xml: string, before: DomainSpec, after: DomainSpec): string {
  const document = parseDomain(xml);
  // An adopted domain may have no cells; a change of vCPUs doesn't add any.
  const isWithoutCells = readCells(document.root).length === 0 && before.cells.length === after.cells.length;
  const parts = (spec: DomainSpec) => {
    const { cells, ...rest } = withoutMemory(spec, after);
    // Without cells the specs still have <cpu><numa>, so that a CPU that is no longer named doesn't remove the nodes.
    return { ...rest, cells: after.keepsNodes || isWithoutCells ? [] : cells };
  };
  const [was, wanted] = [parts(before), parts(after)];
  changeParts(document.root, was, wanted);
  removeEmptyNuma(document.root);
  // A program names the vCPUs at boot; those up to the maximum are spread over the nodes as in a new domain.
  if (!isDeepStrictEqual(was.cells, wanted.cells)) fitNodes(document.root, readMaxVcpus(document.root));
  return serialise(document);
}

/**
 * The same by the difference of two whole definitions, made from the program's own XML: what the program no longer names
 * becomes what that XML has. Memory sizes and the ownership aren't compared.
 */
export function editByDefinitions(xml: string, before: string, after: string, nodes: NodesOfEdit): string {
  const document = parseDomain(xml);
  const domain = document.root;
  const keepsNodes = nodes === "kept";
  const [was, wanted] = [comparable(before, keepsNodes), comparable(after, keepsNodes)];
  if (nodes === "replaced") replaceNuma(was, bare(domain));
  // A node that stays gets its size from setMemory.
  for (const cell of children(find(was, "cpu", "numa"), "cell")) {
    const same = children(find(wanted, "cpu", "numa"), "cell").find(
      (one) => attribute(one, "id") === attribute(cell, "id"),
    );
    if (same) setAttribute(cell, "memory", attribute(same, "memory"));
  }
  const [old, named] = [namedParts(was), namedParts(wanted)];
  clearFilledIn(domain, old, named);
  const cells = readCells(domain).length;
  merge(domain, was, wanted);
  removeEmptyNuma(domain);
  if (readCells(domain).length !== cells) settleTotal(domain);
  settleBootOrder(domain);
  return serialise(document);
}

/** Whether the nodes stay, follow the difference of two definitions, or become those of the second one. */
export type NodesOfEdit = "kept" | "changed" | "replaced";

function replaceNuma(domain: Element, by: Element): void {
  const [cpu, numa] = [find(domain, "cpu"), find(by, "cpu", "numa")];
  if (cpu === undefined) return;
  removeNamed(cpu, "numa");
  if (numa) insert(cpu, numa);
}

/** A definition without white space, comments, memory sizes and metadata, and with the nodes only where they are named. */
function comparable(xml: string, keepsNodes: boolean): Element {
  const domain = bare(readDomainXml(xml));
  removeNamed(domain, "memory", "currentMemory", "maxMemory", "metadata", "vcpu", "vcpus");
  const devices = find(domain, "devices");
  if (devices) removeNamed(devices, "memory");
  const cpu = find(domain, "cpu");
  if (cpu) removeNamed(cpu, "topology");
  if (!keepsNodes) return domain;
  if (cpu) removeNamed(cpu, "numa");
  // A CPU that is no longer named doesn't remove the nodes.
  merge(domain, undefined, element("domain", {}, element("cpu", {}, element("numa"))));
  return domain;
}

function bare({ name, attributes, children: nodes }: SharedElement): Element {
  const hasElements = nodes.some(({ kind }) => kind === "element");
  const kept = nodes.filter((node) => node.kind === "element" || (!hasElements && node.kind !== "comment"));
  return {
    kind: "element",
    name,
    attributes: new Map(attributes),
    children: kept.map((node) => (node.kind === "element" ? bare(node) : node)),
  };
}

/** What `clearFilledIn` compares. */
function namedParts(domain: Element): Partial<DomainSpec> {
  const cpu = find(domain, "cpu");
  const serial = find(domain, "devices", "serial");
  const isSpice = children(find(domain, "devices"), "graphics").some(
    (one) => attribute(one, "type") === "spice",
  );
  return defined({
    graphics: isSpice ? ({ type: "spice" } as const) : undefined,
    firmware: isUefi(domain) ? ("uefi" as const) : ("bios" as const),
    cpu: cpu && cpuName(cpu),
    serial: serial && { file: serialiseNode(serial) },
    machine: attribute(find(domain, "os", "type"), "machine"),
  });
}

/** libvirt: "NUMA topology defined without NUMA cells". */
function removeEmptyNuma(domain: Element): void {
  const cpu = find(domain, "cpu");
  const numa = find(cpu, "numa");
  if (cpu && numa && children(numa).length === 0) remove(cpu, numa);
}

/**
 * Writes the ownership into the metadata, or removes it; keeps everything else byte for byte.
 *
 * @param written what is written into the definition now; what is left out stays
 */
export function setOwnership(xml: string, ownership: Ownership | undefined, written?: Written): string {
  const document = parseDomain(xml);
  writeOwnership(document.root, ownership, written);
  return serialise(document);
}

/** A spec without memory sizes, except those of cells, which are the same in both specs and so don't differ. */
function withoutMemory(spec: DomainSpec, after: DomainSpec): DomainSpec {
  const { maxMemory: _1, currentMemory: _2, virtioMem: _3, ownership: _4, keepsNodes: _5, ...rest } = spec;
  return {
    ...rest,
    cells: spec.cells.map((cell, id) => ({ ...cell, memory: after.cells[id]?.memory ?? cell.memory })),
  };
}

/** Applies the difference of two specs to a domain; what `before` doesn't name is set in any case. */
export function changeParts(domain: Element, before: Partial<DomainSpec>, after: Partial<DomainSpec>): void {
  clearFilledIn(domain, before, after);
  const cells = readCells(domain).length;
  merge(domain, specElement(before), specElement(after));
  if (readCells(domain).length !== cells) settleTotal(domain);
  settleBootOrder(domain);
}

/** libvirt: "per-device boot elements cannot be used together with os/boot elements"; it fills in the latter by itself. */
function settleBootOrder(domain: Element): void {
  const os = find(domain, "os");
  const isOrdered = children(find(domain, "devices")).some((device) => find(device, "boot") !== undefined);
  if (os && isOrdered) removeNamed(os, "boot");
}

/**
 * Removes what libvirt filled in because of a part that now changes, and what contradicts its new value. A part that
 * already has the new value isn't touched.
 */
function clearFilledIn(domain: Element, before: Partial<DomainSpec>, after: Partial<DomainSpec>): void {
  const becomes = <Part extends keyof DomainSpec>(part: Part, found: DomainSpec[Part] | undefined) =>
    !isDeepStrictEqual(before[part], after[part]) && after[part] !== found;
  const os = find(domain, "os");
  const cpu = find(domain, "cpu");
  if (os && becomes("firmware", isUefi(domain) ? "uefi" : "bios"))
    removeNamed(os, "loader", "nvram", "firmware");
  if (cpu && becomes("cpu", cpuName(cpu))) {
    const isMode = after.cpu === undefined || isCpuMode(after.cpu);
    for (const name of ["check", "migratable", ...(isMode ? ["match"] : [])])
      setAttribute(cpu, name, undefined);
    removeNamed(cpu, "model", "vendor");
  }
  if (!isDeepStrictEqual(before.serial, after.serial)) clearConsole(domain);
  if (before.graphics && before.graphics.type !== after.graphics?.type) clearAudio(domain);
  if (becomes("machine", undefined)) clearAddresses(domain, after.machine);
}

/** The CPU as a spec names it: its mode, or its model in mode custom (the default). */
function cpuName(cpu: Element): string | undefined {
  const mode = attribute(cpu, "mode") ?? "custom";
  return mode === "custom" ? textOf(find(cpu, "model")) || undefined : mode;
}

function removeNamed(parent: Element, ...names: string[]): void {
  removeAll(parent, ({ name }) => names.includes(name));
}

/** libvirt mirrors the first serial port as a console, which would stay that of the old port. */
function clearConsole(domain: Element): void {
  const devices = find(domain, "devices");
  const isSerial = (console: SharedElement) =>
    (attribute(find(console, "target"), "type") ?? "serial") === "serial";
  if (devices) removeAll(devices, (device) => device.name === "console" && isSerial(device));
}

/** libvirt adds sound over SPICE to a domain with SPICE, and QEMU refuses it without. Where there is a sound card, it adds another. */
function clearAudio(domain: Element): void {
  const devices = find(domain, "devices");
  if (devices)
    removeAll(devices, ({ name, attributes }) => name === "audio" && attributes.get("type") === "spice");
}

/**
 * Buses differ between kinds of machine, but not between versions of one: a new kind gets new addresses from libvirt, and
 * the old kind's controllers are removed.
 */
function clearAddresses(domain: Element, machine: string | undefined): void {
  const found = attribute(find(domain, "os", "type"), "machine");
  if (found === undefined || machineKind(found) === machineKind(machine ?? "")) return;
  const devices = find(domain, "devices");
  if (devices === undefined) return;
  const isOfMachine = (device: Element) =>
    device.name === "controller" && ["pci", "ide", "sata"].includes(attribute(device, "type") ?? "");
  removeAll(devices, isOfMachine);
  for (const device of children(devices))
    removeAll(device, (child) => child.name === "address" && attribute(child, "type") === "pci");
}

/** The name without its version: pc-q35-7.2 and q35 are one kind, pc-i440fx-7.2 and pc another. */
function machineKind(machine: string): string {
  const kind = machine.replace(/-[0-9][\w.]*$/, "").replace(/^pc-/, "");
  return kind === "i440fx" ? "pc" : kind;
}
