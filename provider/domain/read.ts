import { defined } from "../defined.ts";
import { messageOf } from "../message-of.ts";
import { type Kib, sum } from "../units/kib.ts";
import { parseScaled } from "../units/scale.ts";
import { readBacking } from "./backing.ts";
import { hasScsiController, readDisks } from "./disks.ts";
import { XmlError } from "./escape.ts";
import { AGENT_CHANNEL } from "./hardware.ts";
import { readCards } from "./interfaces.ts";
import { readOwnership, readWritten } from "./metadata.ts";
import { oncePerDocument } from "./once-per-document.ts";
import { readDomainXml } from "./parse.ts";
import { freePorts } from "./ports.ts";
import { readReplacing } from "./replacing.ts";
import { type Cell, countedSize, type DomainState, MEMORY_MODELS, type MemoryDevice } from "./state.ts";
import { attribute, children, find, type SharedElement, textOf } from "./tree.ts";
import { readVcpuState } from "./vcpus.ts";
import { wholeNumber } from "./whole-number.ts";

/**
 * Reads a domain definition, live or inactive, by libvirt's rules: the first element of a name counts, NUMA cells override
 * `<memory>`, and sizes are rounded up to KiB.
 *
 * @throws XmlError for malformed XML, and for what libvirt refuses too: no `<domain>`, no memory, an invalid size
 */
export function readDomain(xml: string): DomainState {
  return domainState(readDomainXml(xml));
}

const domainState = oncePerDocument((domain): DomainState => {
  const cells = readCells(domain);
  const devices = readDevices(domain);
  const memory = totalMemory(domain);
  const balloon = readSize(domain, "currentMemory");
  const type = find(domain, "os", "type");
  const state: DomainState = {
    type: attribute(domain, "type") ?? "",
    name: textOf(find(domain, "name")),
    uuid: textOf(find(domain, "uuid")).trim(),
    memory,
    currentMemory: balloon === undefined || balloon === 0 || balloon > memory ? memory : balloon,
    ...readVcpuState(domain),
    cells,
    devices,
    disks: readDisks(domain),
    cards: readCards(domain),
    freePorts: freePorts(domain),
    acpi: find(domain, "features", "acpi") !== undefined,
    uefi: isUefi(domain),
    pinned:
      find(domain, "memoryBacking", "locked") !== undefined ||
      attribute(find(domain, "memoryBacking", "allocation"), "mode") === "immediate",
  };
  const maxMemory = readMaxMemory(domain);
  const hardLimit = readSize(find(domain, "memtune"), "hard_limit");
  const id = attribute(domain, "id");
  const arch = attribute(type, "arch");
  const machine = attribute(type, "machine");
  const ownership = readOwnership(domain);
  const written = readWritten(domain);
  if (maxMemory) state.maxMemory = maxMemory;
  if (hardLimit !== undefined) state.hardLimit = hardLimit;
  if (id !== undefined) state.id = wholeNumber(id, "<domain id>");
  if (arch !== undefined) state.arch = arch;
  if (machine !== undefined) state.machine = machine;
  if (ownership) state.ownership = ownership;
  if (find(domain, "memoryBacking", "hugepages") ?? find(domain, "numatune"))
    state.backing = readBacking(domain);
  if (written.total !== undefined) state.written = written.total;
  if (written.arguments !== undefined) state.writtenArguments = written.arguments;
  if (written.made !== undefined) state.writtenImages = written.made;
  const replacing = readReplacing(domain);
  if (replacing) state.replacing = replacing;
  if (hasScsiController(domain)) state.hasScsi = true;
  if (find(domain, "os", "kernel") !== undefined) state.bootsKernel = true;
  if (attribute(find(domain, "devices", "memballoon"), "model") === "none") state.withoutBalloon = true;
  return state;
});

function totalMemory(domain: SharedElement): Kib {
  const memory = readDeclaredMemory(domain);
  if (!memory) throw new XmlError("the domain has no memory, neither <memory> nor a NUMA <cell> with memory");
  return memory.size;
}

/**
 * The total memory, and the elements that it comes from; undefined when there are none. With cells, libvirt replaces
 * `<memory>` by the sum of cells and memory devices (virDomainDefPostParseMemory).
 */
function readDeclaredMemory(domain: SharedElement): { size: Kib; from: string } | undefined {
  const cells = sum(readCells(domain).map(({ memory }) => memory));
  if (cells === 0) {
    const size = readSize(domain, "memory");
    return size ? { size, from: "<memory>" } : undefined;
  }
  const devices = sum(readDevices(domain).map(({ size }) => size));
  return {
    size: cells + devices,
    from: devices === 0 ? "NUMA cells of" : "NUMA cells and memory devices of",
  };
}

/** The same, but with the requested size of virtio-mem devices, which is what this provider counts. */
export function readCountedMemory(domain: SharedElement): { size: Kib; from: string } | undefined {
  const declared = readDeclaredMemory(domain);
  const unrequested = sum(readDevices(domain).map((device) => device.size - countedSize(device)));
  return declared && { ...declared, size: declared.size - unrequested };
}

export function readCells(domain: SharedElement): Cell[] {
  const cells = children(find(domain, "cpu", "numa"), "cell").map((cell, index) => {
    const id = attribute(cell, "id");
    const memory = attribute(cell, "memory");
    const cpus = attribute(cell, "cpus");
    const read: Cell = {
      id: id === undefined ? index : wholeNumber(id, "<cell id>"),
      memory: memory === undefined ? 0 : scaled("<cell memory>", memory, attribute(cell, "unit")),
    };
    if (cpus !== undefined) read.cpus = cpus;
    return read;
  });
  return cells.sort((a, b) => a.id - b.id);
}

export function readMaxMemory(domain: SharedElement): DomainState["maxMemory"] {
  const size = readSize(domain, "maxMemory");
  if (!size) return undefined;
  const slots = attribute(find(domain, "maxMemory"), "slots");
  return slots === undefined ? { size } : { size, slots: wholeNumber(slots, "<maxMemory slots>") };
}

/** The memory devices, in the order of the XML. */
export function readDevices(domain: SharedElement): MemoryDevice[] {
  return children(find(domain, "devices"), "memory").map(readDevice);
}

function readDevice(device: SharedElement): MemoryDevice {
  const written = attribute(device, "model") ?? "";
  const model = MEMORY_MODELS.find((known) => known === written);
  if (!model) throw new XmlError(`unknown model of a memory device: ${JSON.stringify(written)}`);
  const target = find(device, "target");
  const source = find(device, "source");
  const address = find(device, "address");
  return defined({
    model,
    size: readSize(target, "size") ?? 0,
    requested: readSize(target, "requested"),
    current: readSize(target, "current"),
    block: readSize(target, "block"),
    node: readInteger(find(target, "node"), "<node>"),
    pageSize: readSize(source, "pagesize"),
    nodemask: find(source, "nodemask") && textOf(find(source, "nodemask")),
    slot: attribute(address, "type") === "dimm" ? readSlot(address) : undefined,
    base: readBase(attribute(address, "base") ?? attribute(find(target, "address"), "base")),
    alias: attribute(find(device, "alias"), "name"),
  });
}

/** Whether the guest agent has opened its channel, which only the XML of a running domain shows. */
export function isAgentConnected(xml: string): boolean {
  const channels = children(find(readDomainXml(xml), "devices"), "channel");
  const targets = channels.map((channel) => find(channel, "target"));
  return targets.some(
    (target) => attribute(target, "name") === AGENT_CHANNEL && attribute(target, "state") === "connected",
  );
}

function readSlot(address: SharedElement | undefined): number | undefined {
  const slot = attribute(address, "slot");
  return slot === undefined ? undefined : wholeNumber(slot, "<address slot>");
}

/** libvirt reads a base as hexadecimal even without 0x. */
function readBase(written: string | undefined): string | undefined {
  if (written === undefined) return undefined;
  const [, digits] = /^(?:0x)?([0-9a-f]{1,16})$/i.exec(written.trim()) ?? [];
  if (digits === undefined)
    throw new XmlError(`<address base>: ${JSON.stringify(written)} is not a hexadecimal number`);
  return `0x${BigInt(`0x${digits}`).toString(16)}`;
}

/** libvirt's rule for UEFI: `<os firmware='efi'>`, or a loader in flash. */
export function isUefi(domain: SharedElement): boolean {
  const os = find(domain, "os");
  return attribute(os, "firmware") === "efi" || attribute(find(os, "loader"), "type") === "pflash";
}

/** The size in a child element; undefined when it is absent or empty. */
export function readSize(parent: SharedElement | undefined, name: string): Kib | undefined {
  const found = find(parent, name);
  const written = textOf(found);
  return written === "" ? undefined : scaled(`<${name}>`, written, attribute(found, "unit"));
}

function scaled(what: string, digits: string, unit: string | undefined): Kib {
  try {
    return parseScaled(what, digits, unit);
  } catch (error) {
    throw new XmlError(messageOf(error));
  }
}

function readInteger(of: SharedElement | undefined, what: string): number | undefined {
  const written = textOf(of).trim();
  return written === "" ? undefined : wholeNumber(written, what);
}
