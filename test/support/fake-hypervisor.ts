import { parseXml } from "../../provider/domain/parse.ts";
import { readDevices, readDomain } from "../../provider/domain/read.ts";
import { element } from "../../provider/domain/tree.ts";
import { ErrorCode, type LibvirtError } from "../../provider/libvirt/errors.ts";
import type {
  AddressTable,
  AgentCommand,
  CardAddress,
  DomainRef,
  Hypervisor,
  MemoryStats,
} from "../../provider/libvirt/hypervisor.ts";
import {
  balloonFollows,
  placed,
  withAliases,
  withBalloon,
  withCurrent,
  withDevice,
  withDimm,
  withGraphics,
  withListDevice,
  withMetadata,
  withoutDevice,
  withUpdated,
  withVcpus,
} from "./fake-domain-xml.ts";
import { type FakeDomain, FakeDomains } from "./fake-domains.ts";
import { libvirtError } from "./libvirt-error.ts";

/**
 * A libvirt in memory, for unit tests: definitions and running domains as XML, memory hot-plug with libvirt's own
 * refusals, and nothing of what a guest does beside obeying a shutdown.
 */
export class FakeHypervisor extends FakeDomains implements Hypervisor {
  /** Aliases of the devices that the guest gives up when it is asked to. */
  readonly guestGivesUp = new Set<string>();
  /** Aliases of those that it refuses to give up. */
  readonly guestKeeps = new Set<string>();
  /** The guest doesn't answer when it is to give up vCPUs, as under emulation. */
  guestKeepsVcpus = false;
  /** Whether it gives DIMMs an address, as QEMU does. */
  placesDimms = false;
  /** What the guest's balloon reports. */
  balloon: MemoryStats = {};
  /** The guest's agent; without one its commands are refused. */
  agent: ((command: AgentCommand) => unknown) | undefined;
  /** The addresses that libvirt finds of running domains, whichever card they are of; an error is refused. */
  readonly addresses: Record<AddressTable, CardAddress[] | LibvirtError> = { lease: [], arp: [] };

  attachDevice({ uuid }: DomainRef, xml: string, where: { live?: boolean; config?: boolean }): Promise<void> {
    return this.answer("attachDevice", uuid, () => {
      const { live, inactive } = this.domain(uuid);
      if (!xml.startsWith("<memory")) {
        if (where.live && live !== undefined)
          this.change(uuid, { live: withAliases(withListDevice(live, xml)) });
        return;
      }
      if (where.live && live !== undefined)
        this.change(uuid, {
          live: balloonFollows(live, withDimm(live, this.placesDimms ? placed(live, xml) : xml)),
        });
      if (where.config && inactive !== undefined) this.change(uuid, { inactive: withDimm(inactive, xml) });
    });
  }

  detachDevice(
    { uuid }: DomainRef,
    alias: string,
    where: { live?: boolean; config?: boolean },
  ): Promise<void> {
    return this.answer("detachDevice", uuid, () => {
      const { live, inactive } = this.domain(uuid);
      if (where.live && live !== undefined) {
        if (this.guestKeeps.has(alias)) this.tell(uuid, { kind: "device-removal-failed", uuid, alias });
        const isMemory = readDomain(live).devices.some((device) => device.alias === alias);
        if (isMemory ? !this.guestGivesUp.has(alias) : this.guestKeeps.has(alias)) return;
        this.giveUp(uuid, alias);
      }
      if (where.config && inactive !== undefined)
        this.change(uuid, { inactive: withoutDevice(inactive, alias) });
    });
  }

  updateDevice({ uuid }: DomainRef, xml: string, where: { live?: boolean; config?: boolean }): Promise<void> {
    return this.answer("updateDevice", uuid, () => {
      const { live, inactive } = this.domain(uuid);
      if (parseXml(xml).root.name === "graphics") {
        if (live === undefined) throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is not running");
        this.change(uuid, { live: withGraphics(live, xml) });
        return;
      }
      if (!xml.startsWith("<memory")) {
        if (where.live && live !== undefined)
          this.change(uuid, { live: withAliases(withUpdated(live, xml)) });
        return;
      }
      const { alias = "" } =
        readDevices(element("domain", {}, element("devices", {}, parseXml(xml).root)))[0] ?? {};
      const replaced = (definition: string) => withDevice(withoutDevice(definition, alias), xml);
      if (where.live && live !== undefined) {
        const before = readDomain(live).devices.find((device) => device.alias === alias)?.current ?? 0;
        this.change(uuid, { live: withCurrent(replaced(live), (device) => this.takes(device, before)) });
        this.tell(uuid, { kind: "memory-device-size", uuid, alias, sizeKib: 0n });
      }
      if (where.config && inactive !== undefined) this.change(uuid, { inactive: replaced(inactive) });
    });
  }

  setMemory({ uuid }: DomainRef, kib: number, where: { live?: boolean; config?: boolean }): Promise<void> {
    return this.answer("setMemory", uuid, () => {
      const { live, inactive } = this.domain(uuid);
      const most = readDomain((where.live ? live : inactive) ?? "").memory;
      if (kib > most) throw libvirtError(ErrorCode.INVALID_ARG, "cannot set memory higher than max memory");
      if (where.live && live !== undefined && this.guestObeysBalloon)
        this.change(uuid, { live: withBalloon(live, kib) });
      if (where.config && inactive !== undefined) this.change(uuid, { inactive: withBalloon(inactive, kib) });
    });
  }

  setVcpus({ uuid }: DomainRef, count: number, where: { live?: boolean; config?: boolean }): Promise<void> {
    return this.answer("setVcpus", uuid, () => {
      const { live, inactive } = this.domain(uuid);
      if (where.live && live !== undefined) {
        if (this.vcpuRemovalBegun) throw this.afterUnfinishedRemoval(uuid);
        const change = withVcpus(live, count);
        if (change.removed && this.guestKeepsVcpus) {
          this.vcpuRemovalBegun = true;
          throw libvirtError(
            ErrorCode.OPERATION_TIMEOUT,
            "Timed out during operation: vcpu unplug request timed out. Unplug result must be manually inspected in the domain",
          );
        }
        this.change(uuid, { live: change.xml });
      }
      if (where.config && inactive !== undefined)
        this.change(uuid, { inactive: withVcpus(inactive, count).xml });
    });
  }

  /** As measured under emulation: QEMU ends. */
  private afterUnfinishedRemoval(uuid: string): LibvirtError {
    this.turnOff(uuid);
    this.vcpuRemovalBegun = false;
    return libvirtError(ErrorCode.OPERATION_FAILED, "Unable to read from monitor: Connection reset by peer");
  }

  setMetadata(
    { uuid }: DomainRef,
    set: { namespace: string; prefix: string; xml: string | undefined },
    where: { live?: boolean; config?: boolean },
  ): Promise<void> {
    return this.answer("setMetadata", uuid, () => {
      const { live, inactive } = this.domain(uuid);
      if (where.live && live !== undefined) this.change(uuid, { live: withMetadata(live, set) });
      if (where.config && inactive !== undefined)
        this.change(uuid, { inactive: withMetadata(inactive, set) });
    });
  }

  agentCommand({ uuid }: DomainRef, command: AgentCommand): Promise<unknown> {
    return this.answer("agentCommand", uuid, () => {
      if (this.agent === undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "QEMU guest agent is not connected");
      return this.agent(command);
    });
  }

  memoryStats({ uuid }: DomainRef): Promise<MemoryStats> {
    return this.answer("memoryStats", uuid, () => ({
      ...this.actual(this.domains.get(uuid)),
      ...this.balloon,
    }));
  }

  interfaceAddresses({ uuid }: DomainRef, table: AddressTable): Promise<CardAddress[]> {
    return this.answer("interfaceAddresses", uuid, () => {
      if (this.domain(uuid).live === undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is not running");
      const found = this.addresses[table];
      if (!Array.isArray(found)) throw found;
      return found;
    });
  }

  /** The guest gives up what it was asked for earlier. */
  giveUp(uuid: string, alias: string): void {
    const { live = "" } = this.domain(uuid);
    this.change(uuid, { live: balloonFollows(live, withoutDevice(live, alias)) });
    this.tell(uuid, { kind: "device-removed", uuid, alias });
  }

  /** The guest's virtio-mem driver does what it can. */
  follow(uuid: string): void {
    const { live } = this.domain(uuid);
    if (live === undefined) return;
    this.change(uuid, { live: withCurrent(live, (device) => this.takes(device, device.current ?? 0)) });
    this.tell(uuid, { kind: "memory-device-size", uuid, alias: "", sizeKib: 0n });
  }

  private actual(domain: FakeDomain | undefined): MemoryStats {
    return domain?.live === undefined ? {} : { actual: readDomain(domain.live).currentMemory };
  }
}
