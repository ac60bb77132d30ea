import type { Kib } from "../units/kib.ts";
import { maxMemoryElement, specElement } from "./build.ts";
import { XmlError } from "./escape.ts";
import { insertInOrder, merge } from "./merge.ts";
import { parseDomain } from "./parse.ts";
import { readCells, readDevices, readVcpus } from "./read.ts";
import { sizeElement, writeSize } from "./size-element.ts";
import { attribute, children, type Element, element, find, remove, serialise, setAttribute } from "./tree.ts";
import { type DefinedVirtioMem, setVirtioMem } from "./virtio-mem.ts";

/** The memory of the next boot. Sizes are set, never added to, so that an edit may be repeated. */
interface MemoryEdit {
  /** Each cell's memory, by id; none when the domain has no cells, and `total` says it. One is added where there is none. */
  cells: Kib[];
  /** For a domain without cells: `<memory>`, devices included. */
  total?: Kib;
  /** What the balloon leaves; left out, it follows the total. */
  currentMemory?: Kib;
  /** Left out: stays as it is. `null`: none, for a domain that has grown right up to it (QEMU refuses slots then). */
  maxMemory?: { size: Kib; slots?: number } | null;
  /** Memory devices to take out, by alias: our own, now part of a cell. */
  removeAliases?: readonly string[];
  /** virtio-mem devices to have; others are left alone. */
  virtioMem?: readonly DefinedVirtioMem[];
}

/**
 * Sets the memory in an inactive definition and keeps everything else byte for byte. Memory devices that aren't
 * removed stay and count. Throws {@link XmlError} when the definition's cells are not the ones to be set.
 */
export function setMemory(xml: string, edit: MemoryEdit): string {
  const document = parseDomain(xml);
  const domain = document.root;
  const aliases = new Set(edit.removeAliases);
  const devices = find(domain, "devices");
  for (const device of children(devices, "memory")) {
    const alias = attribute(find(device, "alias"), "name");
    if (devices && alias !== undefined && aliases.has(alias)) remove(devices, device);
  }
  for (const device of edit.virtioMem ?? []) setVirtioMem(domain, device);
  setCells(domain, edit.cells);
  const total = settleTotal(domain, edit.total);
  if (edit.currentMemory !== undefined || find(domain, "currentMemory")) {
    setSize(domain, "currentMemory", edit.currentMemory ?? total);
  }
  if (edit.maxMemory !== undefined) setMaxMemory(domain, edit.maxMemory);
  return serialise(document);
}

function setCells(domain: Element, sizes: readonly Kib[]): void {
  const [only, ...more] = sizes;
  if (only !== undefined && more.length === 0 && readCells(domain).length === 0) addCell(domain, only);
  const elements = children(find(domain, "cpu", "numa"), "cell");
  const cells = readCells(domain);
  if (cells.length !== sizes.length || cells.some((cell, index) => cell.id !== index)) {
    const ids = cells.map((cell) => cell.id).join(", ");
    throw new XmlError(
      `the definition has ${cells.length} NUMA cells (${ids}), ${sizes.length} sizes are to be set`,
    );
  }
  for (const [index, cell] of elements.entries()) {
    const id = Number(attribute(cell, "id") ?? index);
    if (cells[id]?.memory === sizes[id]) continue;
    setAttribute(cell, "memory", sizes[id]);
    setAttribute(cell, "unit", "KiB");
  }
}

/** A node with all vCPUs: before 9.6 libvirt adds none itself, and memory hot-plug needs one. */
function addCell(domain: Element, memory: Kib): void {
  const cpu = find(specElement({ cells: [{ memory }], vcpus: readVcpus(domain) }), "cpu");
  if (cpu) merge(domain, undefined, element("domain", {}, cpu));
}

/** Sets `<memory>` to what libvirt would make of it: cells and devices; `whole` where there are no cells. */
export function settleTotal(domain: Element, whole?: Kib): Kib {
  const cells = readCells(domain).map((cell) => cell.memory);
  const devices = readDevices(domain).map((device) => device.size);
  const total = cells.length > 0 ? [...cells, ...devices].reduce((sum, size) => sum + size, 0) : whole;
  if (total === undefined) throw new XmlError("the definition has no NUMA cells, and no total is to be set");
  setSize(domain, "memory", total);
  return total;
}

function setSize(domain: Element, name: string, size: Kib): void {
  const found = find(domain, name);
  if (found) writeSize(found, size);
  else insertInOrder(domain, sizeElement(name, size));
}

function setMaxMemory(domain: Element, maxMemory: { size: Kib; slots?: number } | null): void {
  const found = find(domain, "maxMemory");
  if (!maxMemory) {
    if (found) remove(domain, found);
  } else if (!found) {
    insertInOrder(domain, maxMemoryElement(maxMemory));
  } else {
    setAttribute(found, "slots", maxMemory.slots);
    writeSize(found, maxMemory.size);
  }
}
