import { parseXml } from "../domain/parse.ts";
import { attribute, children, find, textOf } from "../domain/tree.ts";

/** What a new domain can have on a host (virConnectGetDomainCapabilities; libvirt, formatdomaincaps). */
export interface DomainCapabilities {
  maxVcpus: number | undefined;
  /** CPU mode to whether the host supports it; a mode that libvirt doesn't know yet is missing. */
  cpuModes: ReadonlyMap<string, boolean>;
  /** The CPU models that libvirt and QEMU both know, whether or not KVM can run them on this host. */
  cpuModels: readonly string[];
  /** What libvirt can select firmware for by itself, "bios" and "efi"; undefined before libvirt 5.2. */
  firmware: readonly string[] | undefined;
}

export function readDomainCapabilities(capabilities: string): DomainCapabilities {
  const { root } = parseXml(capabilities);
  const modes = children(find(root, "cpu"), "mode");
  const maxVcpus = attribute(find(root, "vcpu"), "max");
  const firmware = children(find(root, "os"), "enum").find((one) => attribute(one, "name") === "firmware");
  return {
    maxVcpus: maxVcpus === undefined ? undefined : Number(maxVcpus),
    cpuModes: new Map(
      modes.map((mode) => [attribute(mode, "name") ?? "", attribute(mode, "supported") === "yes"]),
    ),
    cpuModels: modes
      .filter((mode) => attribute(mode, "name") === "custom")
      .flatMap((mode) => children(mode, "model"))
      .map(textOf),
    firmware: firmware && children(firmware, "value").map(textOf),
  };
}
