import { oncePerDocument } from "../domain/once-per-document.ts";
import { readXml } from "../domain/parse.ts";
import { attribute, children, find, type SharedElement, textOf } from "../domain/tree.ts";

/** What a new domain can have on a host (virConnectGetDomainCapabilities; libvirt, formatdomaincaps). */
export interface DomainCapabilities {
  maxVcpus: number | undefined;
  /** CPU mode to whether the host supports it; a mode that libvirt doesn't know yet is missing. */
  cpuModes: ReadonlyMap<string, boolean>;
  /** The CPU models that libvirt and QEMU both know, whether or not KVM can run them on this host. */
  cpuModels: readonly string[];
  /** What libvirt can select firmware for by itself, "bios" and "efi"; undefined before libvirt 5.2. */
  firmware: readonly string[] | undefined;
  /** The values of each kind of device; undefined where this libvirt doesn't report them. */
  graphics: readonly string[] | undefined;
  video: readonly string[] | undefined;
  /** Empty without swtpm on the host. */
  tpmBackends: readonly string[] | undefined;
  tpmModels: readonly string[] | undefined;
  tpmVersions: readonly string[] | undefined;
  rngBackends: readonly string[] | undefined;
  memorySources: readonly string[] | undefined;
}

export function readDomainCapabilities(capabilities: string): DomainCapabilities {
  return capabilitiesIn(readXml(capabilities));
}

const capabilitiesIn = oncePerDocument((root): DomainCapabilities => {
  const modes = children(find(root, "cpu"), "mode");
  const maxVcpus = attribute(find(root, "vcpu"), "max");
  const devices = find(root, "devices");
  return {
    maxVcpus: maxVcpus === undefined ? undefined : Number(maxVcpus),
    cpuModes: new Map(
      modes.map((mode) => [attribute(mode, "name") ?? "", attribute(mode, "supported") === "yes"]),
    ),
    cpuModels: modes
      .filter((mode) => attribute(mode, "name") === "custom")
      .flatMap((mode) => children(mode, "model"))
      .map(textOf),
    firmware: valuesOf(find(root, "os"), "firmware"),
    graphics: valuesOf(find(devices, "graphics"), "type"),
    video: valuesOf(find(devices, "video"), "modelType"),
    tpmBackends: valuesOf(find(devices, "tpm"), "backendModel"),
    tpmModels: valuesOf(find(devices, "tpm"), "model"),
    tpmVersions: valuesOf(find(devices, "tpm"), "backendVersion"),
    rngBackends: valuesOf(find(devices, "rng"), "backendModel"),
    memorySources: valuesOf(find(root, "memoryBacking"), "sourceType"),
  };
});

/** A part that isn't supported at all has no values. */
function valuesOf(part: SharedElement | undefined, name: string): string[] | undefined {
  if (part === undefined) return undefined;
  if (attribute(part, "supported") === "no") return [];
  const found = children(part, "enum").find((one) => attribute(one, "name") === name);
  return found && children(found, "value").map(textOf);
}
