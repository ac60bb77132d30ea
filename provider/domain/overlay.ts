import type { Kib } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { MemoryBackingSpec } from "./backing.ts";
import { changeParts } from "./edit.ts";
import { settleTotal } from "./memory.ts";
import { writeOwnership } from "./metadata.ts";
import { parseDomain, readDomainXml } from "./parse.ts";
import { isUefi, readCells, readCountedMemory, readMaxMemory, readSize } from "./read.ts";
import type { DomainSpec } from "./spec.ts";
import { vcpusOf } from "./state.ts";
import { attribute, children, type Element, find, removeAll, serialise, textOf } from "./tree.ts";
import { readVcpuState, setVcpus, type VcpuSpec } from "./vcpus.ts";

/** The arguments of a program with XML of its own: only what they name is changed there. */
export type DomainOverlay = Pick<DomainSpec, "name" | "uuid"> & Partial<DomainSpec>;

/**
 * Applies the arguments of a program to its own domain XML, and keeps the rest as written. Disks replace those with the same
 * target device, interfaces those with the same MAC, the serial port the first one; others are added. The cells are
 * exactly those of the arguments, but keep their vCPUs where the arguments name none; memory devices of the XML add to them.
 */
export function overlay(userXml: string, named: DomainOverlay): string {
  const document = parseDomain(userXml);
  const domain = document.root;
  const { ownership, ...rest } = named;
  const vcpus = vcpusOver(domain, rest);
  const numbers = { vcpus: vcpus.current, maxVcpus: vcpus.maximum };
  const spec = rest.cells ? { ...rest, ...numbers, cells: cellsOver(domain, rest.cells, rest.vcpus) } : rest;
  if (isUefi(domain) && spec.firmware === "uefi") delete spec.firmware;
  changeParts(domain, refused(spec), spec);
  if (rest.cells) settleTotal(domain);
  if (rest.vcpus !== undefined || rest.maxVcpus !== undefined || rest.topology) setVcpus(domain, vcpus);
  if (ownership) writeOwnership(domain, ownership);
  return serialise(document);
}

/** What the program turns off, as if it had been on before, so that it is removed from the XML. */
function refused(spec: Partial<DomainSpec>): Partial<DomainSpec> {
  return {
    ...(spec.firmware === "bios" && { firmware: "uefi" }),
    ...(spec.agent === false && { agent: true }),
    ...(spec.acpi === false && { acpi: true }),
    ...(spec.memoryBacking && { memoryBacking: refusedBacking(spec.memoryBacking) }),
  };
}

function refusedBacking({ locked, shared }: MemoryBackingSpec): MemoryBackingSpec {
  return { ...(locked === false && { locked: true }), ...(shared === false && { shared: true }) };
}

/** The XML decides what the program leaves out. */
function vcpusOver(domain: Element, { vcpus, maxVcpus, topology }: DomainOverlay): VcpuSpec {
  const own = readVcpuState(domain);
  const hasRoom = vcpus === undefined || own.currentVcpus !== undefined;
  const maximum = maxVcpus ?? Math.max(vcpus ?? 1, hasRoom ? own.vcpus : 1);
  const current = Math.min(maximum, vcpus ?? vcpusOf(own));
  return { current, maximum, ...(topology && { topology }) };
}

function cellsOver(
  domain: Element,
  cells: DomainSpec["cells"],
  vcpus: number | undefined,
): DomainSpec["cells"] {
  const numa = find(domain, "cpu", "numa");
  const surplus = new Set(
    children(numa, "cell").filter((cell, index) => Number(attribute(cell, "id") ?? index) >= cells.length),
  );
  if (numa) removeAll(numa, (cell) => surplus.has(cell));
  const theirs = readCells(domain);
  return cells.map((cell, id) => {
    const cpus = cell.cpus ?? (vcpus === undefined ? theirs[id]?.cpus : undefined);
    return cpus === undefined ? cell : { ...cell, cpus };
  });
}

/** The arguments that `contradictions` compares with the XML; those left out aren't compared. */
export interface StatedArguments {
  name?: string;
  uuid?: string;
  memory?: Kib;
  currentMemory?: Kib;
  maxMemory?: Kib;
  memorySlots?: number;
  vcpus?: number;
  maxVcpus?: number;
}

/** A contradiction between the program's XML and one of its arguments. */
export interface Contradiction {
  argument: keyof StatedArguments;
  /** A predicate that follows the property `xml`, with both values. */
  reason: string;
}

/** The contradictions between the program's XML and its arguments. The memory is the total of cells and memory devices. */
export function contradictions(userXml: string, given: StatedArguments): Contradiction[] {
  const domain = readDomainXml(userXml);
  const maxMemory = readMaxMemory(domain);
  const memory = readCountedMemory(domain);
  const found: Contradiction[] = [];
  const compare = <T>(
    what: string,
    inXml: T | undefined,
    argument: keyof StatedArguments,
    value: T | undefined,
    format: (value: T) => string,
  ) => {
    if (inXml === undefined || value === undefined || inXml === value) return;
    const reason = `has ${what} ${format(inXml)}, but ${argument} is ${format(value)}`;
    found.push({ argument, reason });
  };
  const nonEmpty = (name: string) => textOf(find(domain, name)).trim() || undefined;
  const quoted = (value: string) => JSON.stringify(value);
  compare("<name>", nonEmpty("name"), "name", given.name, quoted);
  compare("<uuid>", nonEmpty("uuid")?.toLowerCase(), "uuid", given.uuid?.toLowerCase(), quoted);
  compare(memory?.from ?? "", memory?.size, "memory", given.memory, formatMib);
  compare(
    "<currentMemory>",
    readSize(domain, "currentMemory"),
    "currentMemory",
    given.currentMemory,
    formatMib,
  );
  compare("<maxMemory>", maxMemory?.size, "maxMemory", given.maxMemory, formatMib);
  compare("<maxMemory slots>", maxMemory?.slots, "memorySlots", given.memorySlots, String);
  const { vcpus, currentVcpus = vcpus } = readVcpuState(domain);
  const hasVcpus = find(domain, "vcpu") !== undefined;
  const isCurrent = currentVcpus !== vcpus;
  compare(
    isCurrent ? "<vcpu current>" : "<vcpu>",
    hasVcpus && given.vcpus !== vcpus ? currentVcpus : undefined,
    "vcpus",
    given.vcpus,
    String,
  );
  compare("<vcpu>", hasVcpus ? vcpus : undefined, "maxVcpus", given.maxVcpus, String);
  return found;
}
