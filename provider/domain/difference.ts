import { isDeepStrictEqual } from "node:util";
import { readNumbers } from "../units/number-list.ts";
import { parseScaled } from "../units/scale.ts";
import { isCpuMode } from "./build.ts";
import { identitiesOf } from "./merge.ts";
import { foreignMetadata } from "./metadata.ts";
import { readDomainXml } from "./parse.ts";
import { readDomain } from "./read.ts";
import type { DomainState, MemoryDevice } from "./state.ts";
import { attribute, children, find, type SharedElement, textOf } from "./tree.ts";

/**
 * Where a domain is not exactly what libvirt makes of a new definition, as paths of elements; empty where it is. What libvirt
 * adds by itself (addresses, controllers, default devices) is no difference; everything else that the definition doesn't have is
 * one. The owner in the metadata isn't compared.
 *
 * @param found the inactive XML, or that of the running domain, with its secrets
 * @param isLive the XML of the running domain: what QEMU decided (the features of the CPU, the balloon's present size) isn't compared
 */
export function differencesFrom(wanted: string, found: string, isLive: boolean): string[] {
  const [has, wants] = [readDomain(found), readDomain(wanted)];
  const sizes = SIZES.filter((name) => !(isLive && name === "currentMemory") && has[name] !== wants[name]);
  return [
    ...sizes,
    ...(currentVcpus(has) === currentVcpus(wants) ? [] : ["vcpus"]),
    ...(has.vcpus === wants.vcpus ? [] : ["maxVcpus"]),
    ...(isDeepStrictEqual(has.maxMemory, wants.maxMemory) ? [] : ["maxMemory"]),
    ...(isDeepStrictEqual(cellsOf(has), cellsOf(wants)) ? [] : ["cpu/numa"]),
    ...(isDeepStrictEqual(devicesOf(has), devicesOf(wants)) ? [] : ["devices/memory"]),
    ...elementDifferences(readDomainXml(wanted), readDomainXml(found), isLive),
  ];
}

const SIZES = ["memory", "currentMemory"] as const;

function currentVcpus({ vcpus, currentVcpus: current = vcpus }: DomainState): number {
  return current;
}

function cellsOf({ cells }: DomainState): unknown[] {
  return cells.map(({ id, memory, cpus }) => [
    id,
    memory,
    cpus === undefined ? [] : readNumbers(cpus).sort(),
  ]);
}

/** libvirt chooses slots and addresses; a running domain's devices all have an alias. */
function devicesOf({ devices }: DomainState): unknown[] {
  const key = ({ model, size, requested, block, node, pageSize, nodemask, alias }: MemoryDevice) =>
    [
      model,
      size,
      requested,
      block,
      node,
      pageSize,
      nodemask,
      alias?.startsWith("ua-") ? alias : undefined,
    ].join(" ");
  return devices.map(key).sort();
}

/** Parts that are compared by their meaning, not by their elements. */
const COMPARED_ABOVE = new Set([
  "memory",
  "currentMemory",
  "maxMemory",
  "vcpu",
  "vcpus",
  "metadata",
  "cpu",
  "uuid",
]);

function elementDifferences(wanted: SharedElement, found: SharedElement, isLive: boolean): string[] {
  const paths = new Set<string>();
  compare(wanted, found, "", paths);
  if (textOf(find(wanted, "uuid")).trim().toLowerCase() !== textOf(find(found, "uuid")).trim())
    paths.add("uuid");
  // libvirt has no attribute where all vCPUs are online at boot.
  if (attribute(find(wanted, "vcpu"), "current") !== attribute(find(found, "vcpu"), "current"))
    paths.add("vcpu");
  if (!isDeepStrictEqual(metadataOf(wanted), metadataOf(found))) paths.add("metadata");
  if (!isSameCpu(find(wanted, "cpu"), find(found, "cpu"), isLive)) paths.add("cpu");
  return [...paths];
}

function metadataOf(domain: SharedElement): unknown[] {
  return foreignMetadata(domain).map(contentOf);
}

/** Without the form that it is written in: quotes, white space, where a namespace is declared. */
function contentOf(of: SharedElement): unknown[] {
  const names = [...of.attributes.keys()].filter((name) => !name.startsWith("xmlns")).sort();
  const attributes = names.map((name) => [name, attribute(of, name)]);
  return [of.name, attributes, textOf(of).trim(), children(of).map(contentOf)];
}

function compare(wanted: SharedElement, found: SharedElement, path: string, paths: Set<string>): void {
  compareAttributes(wanted, found, path, paths);
  const [wants, has] = [identitiesOf(wanted), identitiesOf(found)];
  if (wants.size === 0 && !isSameText(wanted, found)) paths.add(path);
  for (const [key, child] of wants) {
    if (isComparedElsewhere(child, path)) continue;
    const inner = pathOf(child, path);
    const other = has.get(key);
    if (other === undefined) paths.add(inner);
    else compare(child, other, inner, paths);
  }
  for (const [key, child] of has) {
    if (wants.has(key) || isComparedElsewhere(child, path)) continue;
    if (!isAdded(child, wanted, path)) paths.add(pathOf(child, path));
  }
}

function compareAttributes(
  wanted: SharedElement,
  found: SharedElement,
  path: string,
  paths: Set<string>,
): void {
  for (const name of wanted.attributes.keys()) {
    if (name.startsWith("xmlns") || name === "unit") continue;
    if (!isSameAttribute(path, name, attribute(wanted, name) ?? "", attribute(found, name) ?? ""))
      paths.add(path || name);
  }
  for (const name of found.attributes.keys())
    if (!wanted.attributes.has(name) && NOT_ADDED[found.name]?.(name)) paths.add(path);
}

function isComparedElsewhere({ name }: SharedElement, path: string): boolean {
  return (path === "" && COMPARED_ABOVE.has(name)) || (path === "devices" && name === "memory");
}

function pathOf({ name }: SharedElement, path: string): string {
  return path === "" ? name : `${path}/${name}`;
}

/** The elements whose options libvirt doesn't add by itself, and which of their attributes are such options. */
const NOT_ADDED: Readonly<Record<string, (attribute: string) => boolean>> = {
  driver: (name) => name !== "name" && name !== "type",
  source: (name) => !["index", "portid", "bridge", "mode", "path"].includes(name),
  cmdline: () => true,
};

/** libvirt replaces an alias of QEMU's by the versioned machine type that it stands for. */
function isSameAttribute(path: string, name: string, wanted: string, found: string): boolean {
  if (path === "os/type" && name === "machine") {
    const family = wanted === "pc" ? "pc-i440fx" : wanted === "q35" ? "pc-q35" : wanted;
    return found === wanted || found.startsWith(`${family}-`);
  }
  return path.endsWith("/mac") ? wanted.toLowerCase() === found.toLowerCase() : wanted === found;
}

/** A size is the same in any unit; libvirt prints KiB. */
function isSameText(wanted: SharedElement, found: SharedElement): boolean {
  const [a, b] = [textOf(wanted).trim(), textOf(found).trim()];
  if (a === b && attribute(wanted, "unit") === attribute(found, "unit")) return true;
  try {
    return parseScaled("", a, attribute(wanted, "unit")) === parseScaled("", b, attribute(found, "unit"));
  } catch {
    return a === b;
  }
}

/** What libvirt adds to any device. */
const OF_ANY_DEVICE = ["address", "alias"];

/** What else it adds, by the name of the device. */
const OF_DEVICES: Readonly<Record<string, readonly string[]>> = {
  controller: ["model", "target"],
  disk: ["backingStore", "driver"],
  interface: ["target", "model"],
  serial: ["target"],
  console: ["target"],
  channel: ["source", "target"],
  graphics: ["listen"],
  video: ["model"],
};

/** The parts of a domain that libvirt adds where the definition has none. */
const OF_DOMAIN = [
  ...["clock", "on_poweroff", "on_reboot", "on_crash", "pm", "os", "features", "devices"],
  ...["resource", "seclabel"],
];

function isAdded(child: SharedElement, wanted: SharedElement, path: string): boolean {
  const [top = "", device = "", ...deeper] = path.split("/");
  if (top === "") return OF_DOMAIN.includes(child.name);
  if (top === "os") return isAddedToOs(child, wanted);
  if (top === "features") return ["apic", "gic"].includes(child.name);
  if (top === "pm" || top === "clock") return true;
  if (top !== "devices") return false;
  if (device === "") return isAddedDevice(child, wanted);
  if (deeper.length > 0) return isAddedToPart(child, device, deeper);
  if (OF_ANY_DEVICE.includes(child.name) || OF_DEVICES[device]?.includes(child.name) === true) return true;
  return isAddedByType(child, wanted);
}

/** The source of a device whose path or socket libvirt chooses, and what a CD-ROM always has. */
function isAddedByType(child: SharedElement, device: SharedElement): boolean {
  if (child.name === "source") return ["pty", "unix"].includes(attribute(device, "type") ?? "");
  return child.name === "readonly" && attribute(device, "device") === "cdrom";
}

/** The model of a port, and what belongs to an address. */
function isAddedToPart(child: SharedElement, device: string, [part]: string[]): boolean {
  if (part === "target") return child.name === "model" && ["serial", "console"].includes(device);
  return part === "model" && device === "video";
}

/** With firmware that libvirt selects, it adds what it found. It adds the disk as boot device. */
function isAddedToOs(child: SharedElement, os: SharedElement): boolean {
  if (child.name === "boot") return attribute(child, "dev") === "hd";
  return attribute(os, "firmware") !== undefined && ["loader", "nvram", "firmware"].includes(child.name);
}

function isAddedDevice(device: SharedElement, devices: SharedElement): boolean {
  const isWanted = (name: string) => children(devices, name).length > 0;
  switch (device.name) {
    case "controller":
    case "audio":
      return true;
    case "emulator":
      return !isWanted("emulator");
    case "input":
      return ["mouse", "keyboard"].includes(attribute(device, "type") ?? "");
    case "memballoon":
      return !isWanted("memballoon");
    case "console":
      return isWanted("serial");
    case "serial":
      return isWanted("console");
    case "video":
      return isWanted("graphics") && !isWanted("video");
    case "watchdog":
      return attribute(device, "model") === "itco";
    default:
      return false;
  }
}

/** QEMU's own default models, which libvirt fills in where the definition has no CPU. */
const DEFAULT_MODELS = ["", "qemu64", "qemu32"];

/** A running domain has the features that QEMU chose, and with `host-model` the model, too. */
function isSameCpu(
  wanted: SharedElement | undefined,
  found: SharedElement | undefined,
  isLive: boolean,
): boolean {
  const [wants, has] = [wanted, found].map((cpu) => ({
    mode: attribute(cpu, "mode") ?? "custom",
    model: textOf(find(cpu, "model")).trim(),
    parts: cpuParts(cpu),
  }));
  if (wants === undefined || has === undefined) return false;
  if (isLive && wants.mode === "host-model") return true;
  if (wants.mode !== has.mode || !(isLive || isDeepStrictEqual(wants.parts, has.parts))) return false;
  if (isCpuMode(wants.mode)) return true;
  return wants.model === "" ? DEFAULT_MODELS.includes(has.model) : wants.model === has.model;
}

function cpuParts(cpu: SharedElement | undefined): string[] {
  const parts = children(cpu).filter(({ name }) => !["numa", "model", "vendor"].includes(name));
  return parts.map(cpuPart).sort();
}

/** libvirt adds the number of dies (and clusters) to a topology. */
function cpuPart(part: SharedElement): string {
  const names =
    part.name === "topology" ? ["sockets", "cores", "threads"] : [...part.attributes.keys()].sort();
  return [part.name, ...names.map((name) => `${name}=${attribute(part, name)}`)].join(" ");
}
