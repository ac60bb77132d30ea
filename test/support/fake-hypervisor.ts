import { parseXml } from "../../provider/domain/parse.ts";
import { readDevices, readDomain } from "../../provider/domain/read.ts";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import { element } from "../../provider/domain/tree.ts";
import { ConnectionError, ErrorCode, type LibvirtError } from "../../provider/libvirt/errors.ts";
import type {
  AddressTable,
  AgentCommand,
  CardAddress,
  DomainEvent,
  DomainKind,
  DomainRef,
  Hypervisor,
  MemoryStats,
  NetworkState,
  PowerState,
} from "../../provider/libvirt/hypervisor.ts";
import {
  balloonFollows,
  placed,
  validateMemory,
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
import { FakeStorage } from "./fake-storage.ts";
import { libvirtError } from "./libvirt-error.ts";

interface FakeDomain {
  name: string;
  uuid: string;
  power: PowerState;
  /** libvirt's number of the reason. */
  reason?: number;
  /** A job holds it. */
  hasJob?: boolean;
  /** The definition in its managed save image, and whether the guest was paused when it was saved. */
  saved?: { xml: string; isPaused?: boolean };
  autostart: boolean;
  /** libvirt's number of this start of it. */
  id?: number;
  /** The inactive definition; undefined for a transient domain. */
  inactive?: string;
  live?: string;
}

/** When a connection dies: at which call, counted from 1, and whether libvirt still carried that one out. */
interface Death {
  call: number;
  carriedOut: boolean;
}

/**
 * A libvirt in memory, for unit tests alone: definitions and running domains as XML, memory hot-plug with libvirt's own
 * refusals, and nothing of what a guest does beside obeying a shutdown.
 */
export class FakeHypervisor extends FakeStorage implements Hypervisor {
  readonly uri = "qemu:///fake";
  /** The names of all calls, in order. */
  readonly calls: string[] = [];
  /** The domains that they were about. */
  readonly about: string[] = [];
  readonly domains = new Map<string, FakeDomain>();
  death: Death | undefined;
  /** Domains for which no call is ever answered. */
  readonly sick = new Set<string>();
  /** What libvirt refuses, by the name of the call, or by that and the domain's UUID. */
  readonly refuses = new Map<string, LibvirtError>();
  /** Why a domain with a definition can't start, where libvirt finds that out without a start. */
  cannotStart: ((xml: string) => LibvirtError | undefined) | undefined;
  /** Every undefine that libvirt did. */
  readonly undefined: { uuid: string; keepsFiles?: boolean }[] = [];
  /** Why libvirt doesn't start a transient domain. */
  refusesTransient: ((xml: string) => LibvirtError | undefined) | undefined;
  /** Why libvirt doesn't define a domain. */
  refusesDefine: ((xml: string) => LibvirtError | undefined) | undefined;
  guestObeysShutdown = true;
  /** What happens when a wait has ended. */
  onUnsubscribe: (() => void) | undefined;
  /** Aliases of the devices that the guest gives up when it is asked to. */
  readonly guestGivesUp = new Set<string>();
  /** Aliases of those that it refuses to give up. */
  readonly guestKeeps = new Set<string>();
  /** The guest doesn't answer when it is to give up vCPUs, as under emulation. */
  guestKeepsVcpus = false;
  private vcpuRemovalBegun = false;
  /** The guest has a driver for its balloon, which does at once what it is told. */
  guestObeysBalloon = true;
  /** Whether it gives DIMMs an address, as QEMU does. */
  placesDimms = false;
  /** What the guest's balloon reports. */
  balloon: MemoryStats = {};
  /** The guest's agent; without one its commands are refused. */
  agent: ((command: AgentCommand) => unknown) | undefined;
  /** The addresses that libvirt finds of running domains, whichever card they are of; an error is refused. */
  readonly addresses: Record<AddressTable, CardAddress[] | LibvirtError> = { lease: [], arp: [] };
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
  /** What the guest can't give back of a virtio-mem device, and the most that it takes of one, in KiB. */
  virtioMem = { least: 0, most: 2 ** 40 };
  /** The host's memory in KiB: more than any test asks for, unless it says otherwise. */
  memory = { total: 2 ** 30, free: 2 ** 30, buffers: 0, cached: 0 };
  /** Free pages, by «size in KiB» and «host node». */
  readonly pages = new Map<string, number>();
  private starts = 0;
  private readonly listeners = new Set<{ uuid: string; listener: (event: DomainEvent) => void }>();

  findByName(name: string): Promise<DomainRef | undefined> {
    return this.answer("findByName", name, () =>
      ref([...this.domains.values()].find((one) => one.name === name)),
    );
  }

  findByUuid(uuid: string): Promise<DomainRef | undefined> {
    return this.answer("findByUuid", uuid, () => ref(this.domains.get(uuid)));
  }

  list(): Promise<DomainRef[]> {
    return this.answer("list", "", () => [...this.domains.values()].flatMap((one) => ref(one) ?? []));
  }

  state({ uuid }: DomainRef): Promise<{ power: PowerState; reason: number }> {
    return this.answer("state", uuid, () => {
      const { power, reason = 1 } = this.domain(uuid);
      return { power, reason };
    });
  }

  isActive({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("isActive", uuid, () => this.domain(uuid).live !== undefined);
  }

  hasJob({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("hasJob", uuid, () => this.domain(uuid).hasJob === true);
  }

  hasManagedSave({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("hasManagedSave", uuid, () => this.domain(uuid).saved !== undefined);
  }

  managedSaveXml({ uuid }: DomainRef): Promise<string> {
    return this.answer("managedSaveXml", uuid, () => this.savedOf(uuid).xml);
  }

  removeManagedSave({ uuid }: DomainRef): Promise<void> {
    return this.answer("removeManagedSave", uuid, () => {
      this.savedOf(uuid);
      this.forgetSaved(uuid);
    });
  }

  xml({ uuid }: DomainRef, options: { inactive: boolean; secure?: boolean }): Promise<string> {
    return this.answer("xml", uuid, () => {
      const { inactive, live, id = 1 } = this.domain(uuid);
      const running = live?.replace("<domain", `<domain id='${id}'`);
      const xml = options.inactive ? (inactive ?? live) : (running ?? inactive);
      return (options.secure ? xml : xml?.replace(/ passwd='[^']*'/g, "")) ?? "";
    });
  }

  isPersistent({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("isPersistent", uuid, () => this.domain(uuid).inactive !== undefined);
  }

  define(xml: string): Promise<DomainRef> {
    const { name, uuid } = readDomain(xml);
    return this.answer("define", uuid, () => {
      const refusal = this.refusesDefine?.(xml);
      if (refusal !== undefined) throw refusal;
      const named = [...this.domains.values()].find((one) => one.name === name);
      if (named !== undefined && named.uuid !== uuid)
        throw libvirtError(
          ErrorCode.OPERATION_FAILED,
          `domain '${name}' already exists with uuid ${named.uuid}`,
        );
      validateMemory(xml);
      const known = this.domains.get(uuid) ?? { name, uuid, power: "shutoff", autostart: false };
      this.domains.set(uuid, { ...known, name, inactive: xml });
      return this.refTo(uuid);
    });
  }

  undefine({ uuid }: DomainRef, options: { keepsFiles?: boolean } = {}): Promise<void> {
    return this.answer("undefine", uuid, () => {
      this.undefined.push({ uuid, ...options });
      const { inactive: _, ...rest } = this.domain(uuid);
      if (rest.live === undefined) this.domains.delete(uuid);
      else this.domains.set(uuid, rest);
    });
  }

  createTransient(xml: string): Promise<DomainRef> {
    return this.answer("createTransient", "", () => {
      const files = [...xml.matchAll(/<source file='([^']*)'/g)].map(([, file = ""]) => file);
      const nowhere = files.find((file) => file.startsWith("/nonexistent/"));
      const missing = files.findLast((file) => this.missing.has(`file ${file}`)) ?? nowhere;
      if (missing !== undefined)
        throw libvirtError(
          ErrorCode.SYSTEM_ERROR,
          `Cannot access storage file '${missing}': No such file or directory`,
          2,
        );
      const refusal = this.refusesTransient?.(xml);
      if (refusal !== undefined) throw refusal;
      const { name, uuid } = readDomain(xml);
      this.domains.set(uuid, { name, uuid, power: "paused", autostart: false, live: xml });
      return this.refTo(uuid);
    });
  }

  start({ uuid }: DomainRef): Promise<DomainRef> {
    return this.answer("start", uuid, () => {
      const domain = this.domain(uuid);
      if (domain.live !== undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is already running");
      if (domain.saved === undefined) this.boot(uuid);
      else this.restore(uuid);
      return this.refTo(uuid);
    });
  }

  shutdown({ uuid }: DomainRef): Promise<void> {
    return this.answer("shutdown", uuid, () => {
      if (this.domain(uuid).live === undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is not running");
      if (NOT_RUNNING.includes(this.domain(uuid).power))
        throw libvirtError(
          ErrorCode.OPERATION_INVALID,
          "Requested operation is not valid: domain is not running",
        );
      if (this.guestObeysShutdown) this.turnOff(uuid);
    });
  }

  destroy({ uuid }: DomainRef): Promise<void> {
    return this.answer("destroy", uuid, () => {
      if (this.domain(uuid).live === undefined)
        throw libvirtError(ErrorCode.OPERATION_INVALID, "domain is not running");
      this.turnOff(uuid);
    });
  }

  suspend({ uuid }: DomainRef): Promise<void> {
    return this.answer("suspend", uuid, () => this.change(uuid, { power: "paused", reason: 1 }));
  }

  resume({ uuid }: DomainRef): Promise<void> {
    return this.answer("resume", uuid, () => this.change(uuid, { power: "running", reason: 5 }));
  }

  wake({ uuid }: DomainRef): Promise<void> {
    return this.answer("wake", uuid, () => {
      if (this.domain(uuid).power !== "pmsuspended")
        throw libvirtError(ErrorCode.OPERATION_INVALID, "Unable to wake up domain in not-suspended state");
      this.change(uuid, { power: "running", reason: 8 });
      this.tell(uuid, { kind: "lifecycle", uuid, event: 4, detail: 0 });
    });
  }

  autostart({ uuid }: DomainRef): Promise<boolean> {
    return this.answer("autostart", uuid, () => this.domain(uuid).autostart);
  }

  setAutostart({ uuid }: DomainRef, on: boolean): Promise<void> {
    return this.answer("setAutostart", uuid, () => this.change(uuid, { autostart: on }));
  }

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

  subscribe(domain: DomainRef, listener: (event: DomainEvent) => void): Promise<() => Promise<void>> {
    return this.answer("subscribe", domain.uuid, () => {
      const entry = { uuid: domain.uuid, listener };
      this.listeners.add(entry);
      return async () => {
        this.listeners.delete(entry);
        this.onUnsubscribe?.();
      };
    });
  }

  async close(): Promise<void> {}

  get subscriptions(): number {
    return this.listeners.size;
  }

  /** The only domain there is. */
  get only(): FakeDomain {
    const [domain, ...others] = this.domains.values();
    if (domain === undefined || others.length > 0) throw new Error(`there are ${this.domains.size} domains`);
    return domain;
  }

  /** What somebody else does beside Pulumi: no call of ours. */
  change(uuid: string, change: Partial<FakeDomain>): void {
    this.domains.set(uuid, { ...this.domain(uuid), ...change });
  }

  boot(uuid: string): void {
    const { inactive } = this.domain(uuid);
    if (inactive === undefined) return;
    this.starts += 1;
    const { memory } = readDomain(inactive);
    const booted = this.guestObeysBalloon ? inactive : withBalloon(inactive, memory);
    const live = withAliases(withCurrent(booted, (device) => this.takes(device, 0)));
    this.vcpuRemovalBegun = false;
    this.change(uuid, { live, power: "running", reason: 1, id: this.starts });
  }

  /** `virsh managedsave`. */
  save(uuid: string): void {
    const { live, power } = this.domain(uuid);
    if (live === undefined) throw new Error("only a running domain is saved");
    this.turnOff(uuid);
    this.change(uuid, { saved: { xml: live, isPaused: power === "paused" }, reason: 5 });
  }

  private savedOf(uuid: string): { xml: string; isPaused?: boolean } {
    const { saved } = this.domain(uuid);
    if (saved === undefined)
      throw libvirtError(ErrorCode.OPERATION_INVALID, "domain does not have managed save image");
    return saved;
  }

  private forgetSaved(uuid: string): void {
    const { saved: _, ...rest } = this.domain(uuid);
    this.domains.set(uuid, rest);
  }

  /** The image has its own definition, and is gone then. A guest that was paused stays so: paused (migrating), libvirt 9.0. */
  private restore(uuid: string): void {
    const { xml, isPaused } = this.savedOf(uuid);
    this.forgetSaved(uuid);
    this.starts += 1;
    const power = isPaused === true ? ({ power: "paused", reason: 2 } as const) : RESTORED;
    this.change(uuid, { live: xml, id: this.starts, ...power });
  }

  turnOff(uuid: string): void {
    const { live: _, ...rest } = this.domain(uuid);
    if (rest.inactive === undefined) this.domains.delete(uuid);
    else this.domains.set(uuid, { ...rest, power: "shutoff", reason: 1 });
    this.tell(uuid, { kind: "lifecycle", uuid, event: 5, detail: 0 });
  }

  /** The guest gives up what it was asked for earlier. */
  giveUp(uuid: string, alias: string): void {
    const { live = "" } = this.domain(uuid);
    this.change(uuid, { live: balloonFollows(live, withoutDevice(live, alias)) });
    this.tell(uuid, { kind: "device-removed", uuid, alias });
  }

  /** An event of a domain, to all who subscribed to it. */
  tell(uuid: string, event: DomainEvent): void {
    for (const one of this.listeners) if (one.uuid === uuid) one.listener(event);
  }

  /** The guest's virtio-mem driver does what it can. */
  follow(uuid: string): void {
    const { live } = this.domain(uuid);
    if (live === undefined) return;
    this.change(uuid, { live: withCurrent(live, (device) => this.takes(device, device.current ?? 0)) });
    this.tell(uuid, { kind: "memory-device-size", uuid, alias: "", sizeKib: 0n });
  }

  private takes({ requested = 0 }: MemoryDevice, before: number): number {
    const { least, most } = this.virtioMem;
    return requested > before
      ? Math.max(before, Math.min(requested, most))
      : Math.min(before, Math.max(requested, least));
  }

  /** A call that libvirt refuses, for a test that decides it by more than the call's name. */
  failed(call: string, error: LibvirtError): Promise<never> {
    return this.answer(call, "", () => {
      throw error;
    });
  }

  protected xmlsOf(uuid: string): { live?: string; inactive?: string } {
    return this.domain(uuid);
  }

  protected async answer<T>(call: string, about: string, work: () => T): Promise<T> {
    const count = this.calls.push(call);
    this.about.push(about);
    if (this.sick.has(about)) await new Promise<never>(() => {});
    // An answer comes later than what else is ready to run.
    await new Promise((resolve) => setImmediate(resolve));
    const { death } = this;
    const dead = new ConnectionError("the connection to qemu:///fake is gone");
    if (death !== undefined && (count > death.call || (count === death.call && !death.carriedOut)))
      throw dead;
    const refusal = this.refuses.get(call) ?? this.refuses.get(`${call} ${about}`);
    if (refusal !== undefined) throw refusal;
    const result = work();
    if (death !== undefined && count === death.call) throw dead;
    return result;
  }

  private actual(domain: FakeDomain | undefined): MemoryStats {
    return domain?.live === undefined ? {} : { actual: readDomain(domain.live).currentMemory };
  }

  private domain(uuid: string): FakeDomain {
    const domain = this.domains.get(uuid);
    if (domain === undefined)
      throw libvirtError(ErrorCode.NO_DOMAIN, `Domain not found: no domain with matching uuid '${uuid}'`);
    return domain;
  }

  refTo(uuid: string): DomainRef {
    const { name, live, id = 1 } = this.domain(uuid);
    return { name, uuid, id: live === undefined ? -1 : id };
  }
}

function ref(domain: FakeDomain | undefined): DomainRef | undefined {
  return (
    domain && { name: domain.name, uuid: domain.uuid, id: domain.live === undefined ? -1 : (domain.id ?? 1) }
  );
}

/** The states in which libvirt refuses to ask the guest to shut down. */
const NOT_RUNNING: readonly PowerState[] = ["paused", "pmsuspended", "crashed", "shutdown"];

const RESTORED = { power: "running", reason: 3 } as const;

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

function domainCapabilities(type: string, supports: FakeHypervisor["supports"]): string {
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
