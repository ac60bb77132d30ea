import type { Inputs, InterfaceInput } from "../args/inputs.ts";
import { buildDomain } from "../domain/build.ts";
import { type DomainOverlay, overlay } from "../domain/overlay.ts";
import { parse } from "../domain/parse.ts";
import type { DomainSpec, InterfaceSpec } from "../domain/spec.ts";
import { attribute, find } from "../domain/tree.ts";
import type { Host } from "../observe/host.ts";
import { askedMemory } from "../plan/asked.ts";
import { ceilingFor, initialCells } from "../plan/definition.ts";

/** `libvirt-hotplug:domainType`: KVM where the host has it, unless the stack says otherwise. */
export type DomainType = "kvm" | "qemu" | undefined;

/** The definition that the arguments ask for, every default applied. All values are known: it is made in update and create. */
export function domainSpec(inputs: Inputs, host: Host, type: DomainType): DomainSpec {
  const asked = askedMemory(inputs);
  if (asked === undefined) throw new Error(`the memory of ${inputs.name} isn't known`);
  const arch = inputs.arch ?? host.arch;
  const firmware = inputs.firmware ?? (arch === "aarch64" ? "uefi" : "bios");
  return {
    type: type ?? (host.kvm.has(arch) ? "kvm" : "qemu"),
    name: inputs.name,
    uuid: inputs.uuid,
    cells: initialCells(asked).map(({ memory }) => ({ memory })),
    ...ceilingFor(asked),
    vcpus: inputs.vcpus ?? 1,
    arch,
    firmware,
    acpi: arch === "x86_64" || arch === "i686" || (arch === "aarch64" && firmware === "uefi"),
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
    ...(inputs.cpu !== undefined && { cpu: inputs.cpu }),
    ...(inputs.machine !== undefined && { machine: inputs.machine }),
    ...(inputs.boot !== undefined && { boot: inputs.boot }),
    ...(inputs.serial !== undefined && { serial: inputs.serial }),
  };
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
  const root = parse(xml).root;
  const { name, uuid, cells, maxMemory, ownership } = spec;
  const platform =
    find(root, "os") === undefined || inputs.arch !== undefined || inputs.firmware !== undefined;
  return {
    name,
    uuid,
    cells,
    ...(maxMemory && { maxMemory }),
    ...(ownership && { ownership }),
    ...((type !== undefined || attribute(root, "type") === undefined) && { type: spec.type }),
    ...(platform && { arch: spec.arch, firmware: spec.firmware, acpi: spec.acpi }),
    ...(inputs.vcpus !== undefined && { vcpus: spec.vcpus }),
    ...(inputs.disks !== undefined && { disks: spec.disks }),
    ...(inputs.interfaces !== undefined && { interfaces: spec.interfaces }),
    ...(inputs.agent !== undefined && { agent: spec.agent }),
    ...(inputs.balloon !== undefined && { balloon: spec.balloon }),
    ...(spec.description !== undefined && { description: spec.description }),
    ...(spec.cpu !== undefined && { cpu: spec.cpu }),
    ...(spec.machine !== undefined && { machine: spec.machine }),
    ...(spec.boot !== undefined && { boot: spec.boot }),
    ...(spec.serial !== undefined && { serial: spec.serial }),
  };
}
