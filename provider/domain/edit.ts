import { isDeepStrictEqual } from "node:util";
import { isCpuMode, specElement } from "./build.ts";
import { settleTotal } from "./memory.ts";
import { merge } from "./merge.ts";
import { writeOwnership } from "./metadata.ts";
import { parseDomain } from "./parse.ts";
import { isUefi, readCells, readVcpus } from "./read.ts";
import type { DomainSpec } from "./spec.ts";
import type { Ownership } from "./state.ts";
import {
  attribute,
  children,
  type Element,
  find,
  removeAll,
  serialise,
  setAttribute,
  textOf,
} from "./tree.ts";

/**
 * Applies the differences between two specs to an inactive definition, and keeps everything else byte for byte, including
 * manual changes of other parts. Disks are matched by their target device, interfaces by their MAC, the serial port by its
 * number, the guest agent's channel by its name.
 *
 * `setMemory` sets memory sizes and `setOwnership` the ownership; here only a new NUMA cell gets its size.
 */
export function editDefinition(xml: string, before: DomainSpec, after: DomainSpec): string {
  const document = parseDomain(xml);
  // An adopted domain may have no cells; a change of vCPUs doesn't add any.
  const isWithoutCells = readCells(document.root).length === 0 && before.cells.length === after.cells.length;
  const parts = (spec: DomainSpec) => {
    const { cells, ...rest } = withoutMemory(spec, after);
    return isWithoutCells ? rest : { ...rest, cells };
  };
  changeParts(document.root, parts(before), parts(after));
  return serialise(document);
}

/** Writes the ownership into the metadata, or removes it; keeps everything else byte for byte. */
export function setOwnership(xml: string, ownership: Ownership | undefined): string {
  const document = parseDomain(xml);
  writeOwnership(document.root, ownership);
  return serialise(document);
}

/** A spec without memory sizes, except those of cells, which are the same in both specs and so don't differ. */
function withoutMemory(spec: DomainSpec, after: DomainSpec): DomainSpec {
  const { maxMemory: _1, currentMemory: _2, virtioMem: _3, ownership: _4, ...rest } = spec;
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
  if (becomes("vcpus", readVcpus(domain))) clearVcpus(domain, after.vcpus ?? 1);
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
  const isSerial = (console: Element) =>
    (attribute(find(console, "target"), "type") ?? "serial") === "serial";
  if (devices) removeAll(devices, (device) => device.name === "console" && isSerial(device));
}

/** Removes which vCPUs are online at boot: libvirt refuses them with fewer vCPUs. */
function clearVcpus(domain: Element, vcpus: number): void {
  removeNamed(domain, "vcpus");
  const vcpu = find(domain, "vcpu");
  if (vcpu && Number(attribute(vcpu, "current") ?? 0) >= vcpus) setAttribute(vcpu, "current", undefined);
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
