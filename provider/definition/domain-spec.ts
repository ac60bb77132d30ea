import type { FieldName } from "../args/fields.ts";
import type { Inputs, InterfaceInput } from "../args/inputs.ts";
import type { Defaults } from "../args/settings.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { buildDomain } from "../domain/build.ts";
import { type DomainOverlay, overlay } from "../domain/overlay.ts";
import { parse } from "../domain/parse.ts";
import { isUefi, readDevices } from "../domain/read.ts";
import type { DomainSpec, InterfaceSpec, VirtioMemSpec } from "../domain/spec.ts";
import { countedSize, type MemoryDevice } from "../domain/state.ts";
import { attribute, find } from "../domain/tree.ts";
import type { Host } from "../observe/host.ts";
import { ceilingFor } from "../plan/definition/folded.ts";
import { type DesiredMemory, desiredMemory } from "../plan/desired.ts";
import { type CellPlan, cellsFor } from "../plan/numa/cells.ts";
import { targetNodes } from "../plan/numa/spread.ts";
import type { Platform } from "../plan/platform.ts";
import { definedDevices } from "../plan/virtio-mem/devices.ts";
import { sum } from "../units/kib.ts";

/** `libvirt-hotplug:domainType`: KVM where the host has it, unless the stack says otherwise. */
export type DomainType = "kvm" | "qemu" | undefined;

/** What the arguments, or the program's own XML, say of the platform, with the defaults of the host's architecture. */
export function platformOf(
  inputs: Inputs,
  hostArch: string,
): Platform & { arch: string; firmware: "bios" | "uefi" } {
  const own = platformInXml(inputs);
  const arch = inputs.arch ?? own?.arch ?? hostArch;
  const firmware = inputs.firmware ?? own?.firmware ?? (arch === "aarch64" ? "uefi" : "bios");
  const acpi =
    own?.acpi ?? (arch === "x86_64" || arch === "i686" || (arch === "aarch64" && firmware === "uefi"));
  const machine = inputs.machine ?? own?.machine;
  return { arch, firmware, acpi, uefi: firmware === "uefi", ...(machine !== undefined && { machine }) };
}

/** XML of the program's own says what the platform is, unless it leaves that out or the arguments name it. */
function platformInXml({ xml, arch, firmware }: Inputs) {
  if (xml === undefined || xml === UNKNOWN || arch !== undefined || firmware !== undefined) return undefined;
  const { root } = parse(xml);
  const type = find(root, "os", "type");
  if (find(root, "os") === undefined) return undefined;
  return {
    arch: attribute(type, "arch"),
    machine: attribute(type, "machine"),
    acpi: find(root, "features", "acpi") !== undefined,
    firmware: isUefi(root) ? ("uefi" as const) : ("bios" as const),
  };
}

/**
 * The definition that the arguments ask for, every default applied. All values are known: it is made in update and
 * create.
 *
 * @param defaults the stack's
 */
export function domainSpec(inputs: Inputs, host: Host, type: DomainType, defaults: Defaults): DomainSpec {
  const desired = desiredMemory(inputs, defaults);
  if (desired === undefined) throw new Error(`the memory of ${inputs.name} isn't known`);
  const platform = platformOf(inputs, host.arch);
  const { arch, firmware, acpi } = platform;
  const kind = type ?? (host.kvm.has(arch) ? "kvm" : "qemu");
  const cpu = inputs.cpu ?? defaultCpu(arch, kind);
  const theirs = devicesIn(inputs.xml);
  const cells = cellsFor(desired, inputs.machine, sum(theirs.map(countedSize)));
  const virtioMem = virtioMemFor(desired, cells, { ...platform, devices: theirs });
  return {
    type: kind,
    name: inputs.name,
    uuid: inputs.uuid,
    cells: cells.map(({ memory, cpus }) => ({ memory, ...(cpus !== undefined && { cpus }) })),
    ...(virtioMem.length > 0 && { virtioMem }),
    ...(desired.currentMemory !== undefined &&
      virtioMem.length === 0 && { currentMemory: desired.currentMemory }),
    ...ceilingFor(desired, platform),
    vcpus: inputs.vcpus ?? 1,
    arch,
    firmware,
    acpi,
    disks: (inputs.disks ?? []).map(({ file, format = "qcow2", bus = "virtio", readOnly = false }) => ({
      file,
      format,
      bus,
      readOnly,
    })),
    interfaces: (inputs.interfaces ?? []).map(interfaceSpec),
    agent: inputs.agent ?? true,
    balloon: inputs.balloon ?? true,
    ownership: { version: 1, urn: inputs.__urn, creating: false },
    ...(inputs.description !== undefined && { description: inputs.description }),
    ...(cpu !== undefined && { cpu }),
    ...(inputs.machine !== undefined && { machine: inputs.machine }),
    ...(inputs.boot !== undefined && { boot: inputs.boot }),
    ...(inputs.serial !== undefined && { serial: inputs.serial }),
  };
}

/** libvirt's own default for an emulated aarch64 guest is a 32-bit CPU, which UEFI and 64-bit kernels don't run on. */
function defaultCpu(arch: string, type: "kvm" | "qemu"): string | undefined {
  if (arch !== "aarch64") return undefined;
  return type === "kvm" ? "host-passthrough" : "maximum";
}

/** Memory devices in the program's own XML, which come on top of the cells. */
function devicesIn(xml: string | undefined): MemoryDevice[] {
  return xml === undefined ? [] : readDevices(parse(xml).root);
}

/** The virtio-mem devices that a new domain gets: those of the program's own XML are in it already. */
export function virtioMemFor(
  desired: DesiredMemory,
  cells: CellPlan[],
  definition: Platform & { devices: MemoryDevice[] },
): VirtioMemSpec[] {
  if (desired.device !== "virtio-mem" || ceilingFor(desired, definition).maxMemory === undefined) return [];
  const nodes = targetNodes(desired, { cells });
  return definedDevices(desired, nodes, cells, definition).flatMap(({ alias, ...device }) =>
    alias === undefined ? [] : [{ alias, ...device }],
  );
}

function interfaceSpec(input: InterfaceInput): InterfaceSpec {
  const { mac = "", model = "virtio", network, bridge } = input;
  if (network !== undefined) return { mac, model, network };
  if (bridge !== undefined) return { mac, model, bridge };
  return { mac, model, user: true };
}

/** A whole definition: built from the arguments, or the program's own XML with the arguments laid over it. */
export function definitionXml(inputs: Inputs, spec: DomainSpec, type: DomainType): string {
  return inputs.xml === undefined
    ? buildDomain(spec)
    : overlay(inputs.xml, overlaySpec(inputs, spec, inputs.xml, type));
}

/**
 * What is laid over domain XML of the user's own: identity and memory always, else only what the program names, so
 * that the XML decides the rest. What libvirt can't do without and the XML lacks is filled in.
 */
function overlaySpec(inputs: Inputs, spec: DomainSpec, xml: string, type: DomainType): DomainOverlay {
  const { root } = parse(xml);
  const { name, uuid, cells, maxMemory, virtioMem, ownership } = spec;
  const platform = platformInXml(inputs) === undefined;
  return {
    name,
    uuid,
    cells,
    ...(maxMemory && { maxMemory }),
    ...(virtioMem && { virtioMem }),
    ...(spec.currentMemory !== undefined && { currentMemory: spec.currentMemory }),
    ...(ownership && { ownership }),
    ...((type !== undefined || attribute(root, "type") === undefined) && { type: spec.type }),
    ...(platform && { arch: spec.arch, firmware: spec.firmware, acpi: spec.acpi }),
    ...(inputs.vcpus !== undefined && { vcpus: spec.vcpus }),
    ...(inputs.disks !== undefined && { disks: spec.disks }),
    ...(inputs.interfaces !== undefined && { interfaces: spec.interfaces }),
    ...(inputs.agent !== undefined && { agent: spec.agent }),
    ...(inputs.balloon !== undefined && { balloon: spec.balloon }),
    ...(spec.description !== undefined && { description: spec.description }),
    ...(inputs.cpu !== undefined && { cpu: inputs.cpu }),
    ...(spec.machine !== undefined && { machine: spec.machine }),
    ...(spec.boot !== undefined && { boot: spec.boot }),
    ...(spec.serial !== undefined && { serial: spec.serial }),
  };
}

/** What one argument says of a definition; undefined for those that say nothing of it. */
export function specPart(name: FieldName, spec: DomainSpec): Partial<DomainSpec> | undefined {
  switch (name) {
    case "firmware":
      return { firmware: spec.firmware, acpi: spec.acpi };
    case "arch":
    case "vcpus":
    case "agent":
    case "balloon":
    case "disks":
    case "interfaces":
    case "description":
    case "cpu":
    case "boot":
    case "serial":
      return { [name]: spec[name] };
    default:
      return undefined;
  }
}
