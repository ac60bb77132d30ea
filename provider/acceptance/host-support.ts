import { MAX_VCPUS_X86 } from "../args/limits.ts";
import { defined } from "../defined.ts";
import { readDomainXml } from "../domain/parse.ts";
import { attribute, find, type SharedElement, textOf } from "../domain/tree.ts";
import { readVcpuState } from "../domain/vcpus.ts";
import type { DomainKind } from "../libvirt/hypervisor.ts";
import type { DomainCapabilities } from "../observe/domain-capabilities.ts";
import type { Host } from "../observe/host.ts";
import { type DeviceNeed, readDeviceNeeds, unmetDeviceNeeds } from "./device-needs.ts";

/** What a definition needs from its host, as far as libvirt's domain capabilities cover it. */
export interface Needs extends DomainKind {
  vcpus: number;
  maxVcpus: number;
  /** The most vCPUs that its interrupt controller supports; undefined: no such limit. */
  vcpuLimit?: number;
  /** `model` is set only where libvirt may not use a similar one instead. */
  cpu?: { mode: string; model?: string };
  /** The value of `<os firmware>`, for which libvirt has to select an image. */
  firmware?: string;
  devices: DeviceNeed[];
}

/** @param arch the host's architecture, which libvirt uses where the definition has none */
export function readNeeds(definition: string, arch: string): Needs {
  const root = readDomainXml(definition);
  const type = find(root, "os", "type");
  const machine = attribute(type, "machine");
  const emulator = textOf(find(root, "devices", "emulator")).trim();
  // libvirt need not know an image that the definition names.
  const firmware = find(root, "os", "loader") ? undefined : attribute(find(root, "os"), "firmware");
  const { vcpus: maxVcpus, currentVcpus: vcpus = maxVcpus } = readVcpuState(root);
  return defined({
    type: attribute(root, "type") ?? "",
    arch: attribute(type, "arch") ?? arch,
    ...{ vcpus, maxVcpus },
    machine,
    emulator: emulator || undefined,
    firmware,
    vcpuLimit: interruptLimit(root, attribute(type, "arch") ?? arch),
    cpu: readCpu(find(root, "cpu")),
    devices: readDeviceNeeds(root),
  });
}

/** libvirt: "more than 255 vCPUs require extended interrupt mode enabled on the iommu device". */
function interruptLimit(domain: SharedElement, arch: string): number | undefined {
  const isX86 = arch === "x86_64" || arch === "i686";
  const isExtended = attribute(find(domain, "devices", "iommu", "driver"), "eim") === "on";
  return isX86 && !isExtended ? MAX_VCPUS_X86 : undefined;
}

/** A `<cpu>` without mode and model only has a topology or NUMA nodes. */
function readCpu(cpu: SharedElement | undefined): Needs["cpu"] {
  const model = find(cpu, "model");
  const mode = attribute(cpu, "mode") ?? (model === undefined ? undefined : "custom");
  if (mode === undefined || (mode === "custom" && model === undefined)) return undefined;
  // With fallback="allow", the default, libvirt uses a similar model where QEMU doesn't have this one.
  const isFixed = mode === "custom" && attribute(model, "fallback") === "forbid";
  return defined({ mode, model: isFixed ? textOf(model).trim() : undefined });
}

/**
 * Why libvirt refuses to describe the capabilities for a kind of domain: the host can't run it at all. `isMachine`: because of
 * the machine type, so that the rest of the definition can be checked without it.
 */
export function unsupportedKind(
  { arch, machine, emulator }: DomainKind,
  { machines }: Host,
  uri: string,
  refusal: string,
): { reason: string; isMachine: boolean } {
  const known = machines.get(arch);
  // The host's capabilities only cover the emulator that libvirt selects.
  if (emulator !== undefined) return { reason: refusal, isMachine: false };
  if (known === undefined)
    return {
      reason: `arch "${arch}" isn't supported by ${uri} (supported: ${[...machines.keys()].join(", ")})`,
      isMachine: false,
    };
  if (machine === undefined || known.includes(machine)) return { reason: refusal, isMachine: false };
  return {
    reason: `machine "${machine}" isn't supported by ${uri} for ${arch} (supported: ${nearest(machine, known).join(", ")})`,
    isMachine: true,
  };
}

/**
 * What a definition needs but its host doesn't have, as far as libvirt refuses to define or start it. A CPU model without
 * usable="yes" may start: with emulation, or with KVM where its features aren't checked.
 */
export function unmetNeeds(needs: Needs, has: DomainCapabilities, uri: string): string[] {
  const { type, arch, machine, vcpus, maxVcpus, cpu, firmware } = needs;
  const ofMachine = `${uri} for ${machine === undefined ? arch : `machine "${machine}" of ${arch}`}`;
  const reasons: string[] = [];
  const limits = [has.maxVcpus, needs.vcpuLimit].filter((limit) => limit !== undefined);
  const most = Math.min(...limits);
  if (maxVcpus > most) {
    const what = vcpus > most ? `vcpus ${vcpus}` : `maxVcpus ${maxVcpus}`;
    reasons.push(`${what} isn't supported by ${ofMachine} (supported: up to ${most})`);
  }
  if (cpu !== undefined && !isSupported(cpu, has)) {
    const wanted = cpu.model ?? cpu.mode;
    const modes = [...has.cpuModes].flatMap(([mode, yes]) => (yes && mode !== "custom" ? mode : []));
    const models = has.cpuModels.length === 0 ? [] : nearest(wanted, has.cpuModels);
    reasons.push(
      `cpu "${wanted}" isn't supported by ${uri} for ${arch} domains of type "${type}" (supported: ${[...modes, ...models].join(", ")})`,
    );
  }
  if (firmware !== undefined && has.firmware !== undefined && !has.firmware.includes(firmware))
    reasons.push(
      `firmware "${firmware === "efi" ? "uefi" : firmware}" isn't installed on ${ofMachine} (installed: ${has.firmware.join(", ") || "none that libvirt can select"})`,
    );
  return [...reasons, ...unmetDeviceNeeds(needs.devices, has, uri)];
}

function isSupported({ mode, model }: NonNullable<Needs["cpu"]>, has: DomainCapabilities): boolean {
  if (has.cpuModes.get(mode) === false) return false;
  return model === undefined || has.cpuModels.length === 0 || has.cpuModels.includes(model);
}

/** How many names a message lists: a host has more than 60 machine types, and as many CPU models. */
const NEAREST = 5;

/** The names that are most similar to the wanted one (part of it, or with the same beginning), newer versions first. */
function nearest(wanted: string, names: readonly string[]): string[] {
  const likeness = (name: string) =>
    wanted.includes(name) ? wanted.length + name.length : commonStart(wanted, name);
  const byVersion = new Intl.Collator("en", { numeric: true });
  const sorted = [...names].sort((a, b) => likeness(b) - likeness(a) || byVersion.compare(b, a));
  const more = names.length - NEAREST;
  return more > 0 ? [...sorted.slice(0, NEAREST), `${more} more`] : sorted;
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
