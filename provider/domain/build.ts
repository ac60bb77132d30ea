import { sum } from "../units/kib.ts";
import { deviceElements } from "./hardware.ts";
import { insertInOrder } from "./merge.ts";
import { ownershipElement } from "./metadata.ts";
import { sizeElement } from "./size-element.ts";
import type { CellSpec, DomainSpec } from "./spec.ts";
import { type Element, element, indent, serialiseNode } from "./tree.ts";
import { setVcpus, vcpusOfCells } from "./vcpus.ts";

/**
 * Builds the definition of a new domain. All text is escaped.
 *
 * @throws XmlError for characters that XML can't represent
 */
export function buildDomain(spec: DomainSpec): string {
  const { vcpus, maxVcpus = vcpus, topology } = spec;
  const domain = specElement(spec);
  const rest = [
    sizeElement(
      "memory",
      sum([...spec.cells.map(({ memory }) => memory), ...(spec.virtioMem ?? []).map(({ size }) => size)]),
    ),
    element("clock", { offset: "utc" }),
    element("on_poweroff", {}, "destroy"),
    element("on_reboot", {}, "restart"),
    element("on_crash", {}, "destroy"),
  ];
  for (const child of rest) insertInOrder(domain, child);
  setVcpus(domain, { current: vcpus, maximum: maxVcpus, ...(topology && { topology }) });
  return `${serialiseNode(indent(domain))}\n`;
}

/**
 * A `<domain>` with only what a spec names: to build a definition, and to compare or change one part by part. It has no
 * `<memory>`, which follows from all cells and memory devices, and no vCPUs, which are set as a whole (vcpus.ts).
 */
export function specElement(spec: Partial<DomainSpec>): Element {
  return element(
    "domain",
    { type: spec.type },
    textElement("name", spec.name),
    textElement("uuid", spec.uuid),
    textElement("description", spec.description),
    spec.ownership && element("metadata", {}, ownershipElement(spec.ownership)),
    spec.maxMemory && maxMemoryElement(spec.maxMemory),
    spec.currentMemory === undefined ? undefined : sizeElement("currentMemory", spec.currentMemory),
    osElement(spec),
    featuresElement(spec),
    cpuElement(spec),
    element("devices", {}, ...deviceElements(spec)),
  );
}

function textElement(name: string, value: string | number | undefined): Element | undefined {
  return value === undefined ? undefined : element(name, {}, String(value));
}

export function maxMemoryElement({ size, slots }: { size: number; slots?: number }): Element {
  return element("maxMemory", { slots, unit: "KiB" }, String(size));
}

const DEFAULT_MACHINES: Readonly<Record<string, string>> = { x86_64: "q35", aarch64: "virt" };

function osElement(spec: Partial<DomainSpec>): Element | undefined {
  const { arch, boot } = spec;
  const machine = spec.machine ?? (arch === undefined ? undefined : DEFAULT_MACHINES[arch]);
  const named = arch ?? machine ?? spec.firmware ?? boot;
  if (named === undefined) return undefined;
  return element(
    "os",
    { firmware: spec.firmware === "uefi" ? "efi" : undefined },
    element("type", { arch, machine }, "hvm"),
    spec.firmware === "uefi" && boot ? anyKernel() : undefined,
    textElement("kernel", boot?.kernel),
    textElement("initrd", boot?.initrd),
    textElement("cmdline", boot?.commandLine),
  );
}

/**
 * Excludes firmware with Secure Boot, which libvirt prefers where the host has it (Debian does): it refuses to boot an
 * unsigned kernel directly.
 */
function anyKernel(): Element {
  return element("firmware", {}, element("feature", { enabled: "no", name: "secure-boot" }));
}

function featuresElement(spec: Partial<DomainSpec>): Element | undefined {
  if (spec.acpi === undefined) return undefined;
  return element(
    "features",
    {},
    spec.acpi ? element("acpi") : undefined,
    spec.arch === "x86_64" ? element("apic") : undefined,
    spec.arch === "aarch64" ? element("gic", { version: 3 }) : undefined,
  );
}

/** Whether a spec's `cpu` is one of libvirt's modes; else it is the name of a model. */
export function isCpuMode(cpu: string): boolean {
  return ["host-passthrough", "host-model", "maximum"].includes(cpu);
}

function cpuElement(spec: Partial<DomainSpec>): Element | undefined {
  const { cpu, cells } = spec;
  if (cpu === undefined && cells === undefined) return undefined;
  const isModel = cpu !== undefined && !isCpuMode(cpu);
  return element(
    "cpu",
    isModel ? { mode: "custom", match: "exact" } : { mode: cpu },
    isModel ? element("model", { fallback: "forbid" }, cpu) : undefined,
    cells && element("numa", {}, ...cellElements(cells, spec)),
  );
}

function cellElements(
  cells: readonly CellSpec[],
  { vcpus, maxVcpus = vcpus }: Partial<DomainSpec>,
): Element[] {
  const lists = vcpusOfCells(cells, vcpus, maxVcpus);
  return cells.map(({ memory }, id) => element("cell", { id, cpus: lists[id], memory, unit: "KiB" }));
}
