import { ErrorCode, type LibvirtError } from "../../provider/libvirt/errors.ts";
import type { CardAddress, DomainKind, NetworkState } from "../../provider/libvirt/hypervisor.ts";
import { FakeStorage } from "./fake-storage.ts";
import { libvirtError } from "./libvirt-error.ts";

/** The fake host besides its storage: its memory, networks and devices, and what its libvirt and QEMU support. */
export abstract class FakeHost extends FakeStorage {
  /** Why a domain with a definition can't start, where libvirt finds that out without a start. */
  cannotStart: ((xml: string) => LibvirtError | undefined) | undefined;
  readonly inactiveNetworks = new Set<string>();
  /** The leases of all networks. */
  leases: (CardAddress & { end: number })[] = [];
  /** The host's network interfaces as node devices, as far as libvirt knows of them. */
  netDevices = ["net_lo_00_00_00_00_00_00"];
  /** The bridges of the host's networks. */
  bridges: string[] = [];
  libvirtVersion = 9_000_000;
  /** What a new domain can have. */
  supports = {
    maxVcpus: 288,
    models: ["qemu64", "Nehalem", "Cascadelake-Server"],
    firmware: ["bios", "efi"],
    /** Elements in the capabilities of domains besides these. */
    also: "",
  };
  /** The host's memory in KiB: more than any test asks for, unless it says otherwise. */
  memory = { total: 2 ** 30, free: 2 ** 30, buffers: 0, cached: 0 };
  /** Free pages, by «size in KiB» and «host node». */
  readonly pages = new Map<string, number>();

  networkLeases(): Promise<(CardAddress & { end: number })[]> {
    return this.answer("networkLeases", "", () => this.leases);
  }

  nodeMemory(): Promise<{ total: number; free: number; buffers: number; cached: number }> {
    return this.answer("nodeMemory", "", () => this.memory);
  }

  freePages(pageSize: number, node: number): Promise<number> {
    return this.answer("freePages", "", () => this.pages.get(`${pageSize} ${node}`) ?? 0);
  }

  capabilities(): Promise<string> {
    return this.answer("capabilities", "", () => CAPABILITIES);
  }

  domainCapabilities({ type, arch, machine }: DomainKind): Promise<string> {
    return this.answer("domainCapabilities", "", () => {
      const machines = MACHINES[arch];
      if (machines === undefined)
        throw libvirtError(
          ErrorCode.CONFIG_UNSUPPORTED,
          `unsupported configuration: unable to find any emulator to serve '${arch}' architecture`,
        );
      if (machine !== undefined && !machines.includes(machine))
        throw libvirtError(
          ErrorCode.INVALID_ARG,
          `invalid argument: the machine '${machine}' is not supported by emulator '/usr/bin/qemu-system-${arch}'`,
        );
      return domainCapabilities(type, this.supports);
    });
  }

  toNative(xml: string): Promise<void> {
    return this.answer("toNative", "", () => {
      const refusal = this.cannotStart?.(xml) ?? this.missingVolume(xml);
      if (refusal !== undefined) throw refusal;
    });
  }

  networkState(name: string): Promise<NetworkState> {
    return this.answer("networkState", "", () => {
      if (this.missing.has(`network ${name}`)) return "missing";
      return this.inactiveNetworks.has(name) ? "inactive" : "active";
    });
  }

  hasInterface(name: string): Promise<boolean> {
    return this.answer("hasInterface", "", () => !this.missing.has(`interface ${name}`));
  }

  nodeDevices(_capability: string): Promise<string[]> {
    return this.answer("nodeDevices", "", () => this.netDevices);
  }

  networkBridges(): Promise<string[]> {
    return this.answer("networkBridges", "", () => this.bridges);
  }

  version(): Promise<number> {
    return this.answer("version", "", () => this.libvirtVersion);
  }
}

/** As QEMU 7.2's, without most of the versions. */
const MACHINES: Readonly<Record<string, string[]>> = {
  x86_64: ["pc-i440fx-7.2", "pc", "pc-q35-7.2", "q35", "pc-q35-5.0", "pc-q35-4.2", "microvm"],
  aarch64: ["virt-7.2", "virt"],
};

const machineElements = (arch: string) =>
  MACHINES[arch]?.map((machine) => `<machine maxCpus='288'>${machine}</machine>`).join("");

const CAPABILITIES = `<capabilities>
  <host><cpu><arch>x86_64</arch></cpu></host>
  <guest><os_type>hvm</os_type><arch name='x86_64'>${machineElements("x86_64")}<domain type='qemu'/><domain type='kvm'/></arch></guest>
  <guest><os_type>hvm</os_type><arch name='aarch64'>${machineElements("aarch64")}<domain type='qemu'/></arch></guest>
</capabilities>`;

function domainCapabilities(type: string, supports: FakeHost["supports"]): string {
  const values = supports.firmware.map((name) => `<value>${name}</value>`);
  const models = supports.models.map((name) => `<model usable='no' vendor='unknown'>${name}</model>`);
  return `<domainCapabilities>
  <domain>${type}</domain>
  <vcpu max='${supports.maxVcpus}'/>
  <os supported='yes'><enum name='firmware'>${values.join("")}</enum></os>
  <cpu>
    <mode name='host-passthrough' supported='${type === "kvm" ? "yes" : "no"}'/>
    <mode name='maximum' supported='yes'/>
    <mode name='host-model' supported='yes'><model fallback='forbid'>Nehalem</model></mode>
    <mode name='custom' supported='yes'>${models.join("")}</mode>
  </cpu>
  ${supports.also}
</domainCapabilities>`;
}
