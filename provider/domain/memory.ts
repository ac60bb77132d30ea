import { type Kib, sum } from "../units/kib.ts";
import { maxMemoryElement, specElement } from "./build.ts";
import { XmlError } from "./escape.ts";
import { insertInOrder, merge } from "./merge.ts";
import { parseDomain } from "./parse.ts";
import { readCells, readDevices } from "./read.ts";
import { sizeElement, writeSize } from "./size-element.ts";
import {
  attribute,
  children,
  type Element,
  element,
  find,
  remove,
  removeAll,
  serialise,
  setAttribute,
} from "./tree.ts";
import { readMaxVcpus } from "./vcpus.ts";
import { type DefinedVirtioMem, setVirtioMem } from "./virtio-mem.ts";

/** The memory of the next boot. Sizes are absolute, so that an edit can be repeated. */
interface MemoryEdit {
  /**
   * The memory of each cell, by id; a domain without cells gets one. Empty: the domain keeps having none, and has
   * `total`.
   */
  cells: Kib[];
  /** For a domain without cells: `<memory>`, including memory devices. */
  total?: Kib;
  /** The balloon target; left out, it is the total. */
  currentMemory?: Kib;
  /** Left out: unchanged. `null`: removed, for a domain whose memory has reached it (QEMU then refuses slots). */
  maxMemory?: { size: Kib; slots?: number } | null;
  /** The aliases of memory devices to remove: this provider's, which are now part of a cell. */
  removeAliases?: readonly string[];
  /** The virtio-mem devices to create or change; others aren't touched. */
  virtioMem?: readonly DefinedVirtioMem[];
}

/**
 * Sets the memory in an inactive definition, and keeps everything else byte for byte. Memory devices that aren't removed
 * stay and count.
 *
 * @throws XmlError when the definition's cells aren't those to be set
 */
export function setMemory(xml: string, edit: MemoryEdit): string {
  const document = parseDomain(xml);
  const domain = document.root;
  const aliases = new Set(edit.removeAliases);
  const devices = find(domain, "devices");
  const isRemoved = (device: Element) =>
    device.name === "memory" && aliases.has(attribute(find(device, "alias"), "name") ?? "");
  if (devices && aliases.size > 0) removeAll(devices, isRemoved);
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
      `the definition has ${cells.length} NUMA cells (${ids}), but ${sizes.length} sizes are to be set`,
    );
  }
  for (const [index, cell] of elements.entries()) {
    const id = Number(attribute(cell, "id") ?? index);
    if (cells[id]?.memory === sizes[id]) continue;
    setAttribute(cell, "memory", sizes[id]);
    setAttribute(cell, "unit", "KiB");
  }
}

/** Adds a node with all vCPUs: memory hot-plug requires one, and libvirt before 9.6 doesn't add it. */
function addCell(domain: Element, memory: Kib): void {
  const cpu = find(specElement({ cells: [{ memory }], vcpus: readMaxVcpus(domain) }), "cpu");
  if (cpu) merge(domain, undefined, element("domain", {}, cpu));
}

/** Sets `<memory>` as libvirt would: to the sum of cells and memory devices, or to `whole` without cells. */
export function settleTotal(domain: Element, whole?: Kib): Kib {
  const cells = readCells(domain).map(({ memory }) => memory);
  const devices = readDevices(domain).map(({ size }) => size);
  const total = cells.length > 0 ? sum([...cells, ...devices]) : whole;
  if (total === undefined) throw new XmlError("the definition has no NUMA cells, so a total is required");
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
