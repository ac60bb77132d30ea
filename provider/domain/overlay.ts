import type { Kib } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import { changeParts } from "./edit.ts";
import { settleTotal } from "./memory.ts";
import { writeOwnership } from "./metadata.ts";
import { parseDomain } from "./parse.ts";
import { isUefi, readCells, readCountedMemory, readMaxMemory, readSize, readVcpus } from "./read.ts";
import type { DomainSpec } from "./spec.ts";
import { attribute, children, type Element, find, remove, serialise, text } from "./tree.ts";

/** What a program says beside its own XML: only what it names is changed there. */
export type DomainOverlay = Pick<DomainSpec, "name" | "uuid"> & Partial<DomainSpec>;

/**
 * Lays what a program names over domain XML of its own, and keeps the rest as it was written. Disks take the place of
 * those with their target device, interfaces of those with their MAC, the serial port of the first one; others are
 * added. The cells are exactly the ones named, but keep their vCPUs where none are said; memory devices of the XML
 * come on top of them.
 */
export function overlay(userXml: string, named: DomainOverlay): string {
  const document = parseDomain(userXml);
  const domain = document.root;
  const { ownership, ...rest } = named;
  const spec = rest.cells ? { ...rest, ...cellsOver(domain, rest.cells, rest.vcpus) } : rest;
  if (isUefi(domain) && spec.firmware === "uefi") delete spec.firmware;
  changeParts(domain, refused(spec), spec);
  if (rest.cells) settleTotal(domain);
  if (ownership) writeOwnership(domain, ownership);
  return serialise(document);
}

/** What is taken out when the program says no to it, as if it had been said before. */
function refused(spec: Partial<DomainSpec>): Partial<DomainSpec> {
  return {
    ...(spec.firmware === "bios" && { firmware: "uefi" }),
    ...(spec.agent === false && { agent: true }),
    ...(spec.acpi === false && { acpi: true }),
  };
}

function cellsOver(
  domain: Element,
  cells: DomainSpec["cells"],
  vcpus: number | undefined,
): Pick<DomainSpec, "cells" | "vcpus"> {
  const numa = find(domain, "cpu", "numa");
  for (const [index, cell] of children(numa, "cell").entries()) {
    const id = Number(attribute(cell, "id") ?? index);
    if (numa && id >= cells.length) remove(numa, cell);
  }
  const theirs = readCells(domain);
  return {
    vcpus: vcpus ?? readVcpus(domain),
    cells: cells.map((cell, id) => {
      const cpus = cell.cpus ?? (vcpus === undefined ? theirs[id]?.cpus : undefined);
      return cpus === undefined ? cell : { ...cell, cpus };
    }),
  };
}

/** What a program says in its arguments; only what is there is compared. */
export interface StatedArguments {
  name?: string;
  uuid?: string;
  memory?: Kib;
  currentMemory?: Kib;
  maxMemory?: Kib;
  memorySlots?: number;
  vcpus?: number;
}

/**
 * Where XML of the user's own says something else than the arguments, a sentence each. The memory compared is the
 * total as libvirt counts it: cells and devices.
 */
export function contradictions(userXml: string, desired: StatedArguments): string[] {
  const domain = parseDomain(userXml).root;
  const maxMemory = readMaxMemory(domain);
  const memory = readCountedMemory(domain);
  const found: string[] = [];
  const compare = <T>(
    what: string,
    inXml: T | undefined,
    argument: keyof StatedArguments,
    wanted: T | undefined,
    say: (value: T) => string,
  ) => {
    if (inXml === undefined || wanted === undefined || inXml === wanted) return;
    found.push(`xml says ${what} ${say(inXml)}, the argument ${argument} says ${say(wanted)}`);
  };
  const nonEmpty = (name: string) => text(find(domain, name)).trim() || undefined;
  const quoted = (value: string) => JSON.stringify(value);
  compare("<name>", nonEmpty("name"), "name", desired.name, quoted);
  compare("<uuid>", nonEmpty("uuid")?.toLowerCase(), "uuid", desired.uuid?.toLowerCase(), quoted);
  compare(memory?.from ?? "", memory?.size, "memory", desired.memory, formatMib);
  compare(
    "<currentMemory>",
    readSize(domain, "currentMemory"),
    "currentMemory",
    desired.currentMemory,
    formatMib,
  );
  compare("<maxMemory>", maxMemory?.size, "maxMemory", desired.maxMemory, formatMib);
  compare("<maxMemory slots>", maxMemory?.slots, "memorySlots", desired.memorySlots, String);
  compare("<vcpu>", find(domain, "vcpu") && readVcpus(domain), "vcpus", desired.vcpus, String);
  return found;
}
