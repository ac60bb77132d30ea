import type { HostStorage } from "./storage.ts";

/** The names of libvirt's virDomainState. */
export type PowerState =
  | "nostate"
  | "running"
  | "blocked"
  | "paused"
  | "shutdown" // being shut down
  | "shutoff"
  | "crashed"
  | "pmsuspended";

/** How libvirt's protocol identifies a domain. */
export interface DomainRef {
  name: string;
  /** Lower case, with dashes. */
  uuid: string;
  /** The number of a running domain; -1 when it is off. */
  id: number;
}

/** An event of one domain. Codes are libvirt's (virDomainEventType, virDomainEventID). */
export type DomainEvent =
  | { kind: "lifecycle"; uuid: string; event: number; detail: number }
  | { kind: "device-added"; uuid: string; alias: string }
  | { kind: "device-removed"; uuid: string; alias: string }
  | { kind: "device-removal-failed"; uuid: string; alias: string }
  /** The balloon's present size; while it changes, at most one event a second (QEMU). */
  | { kind: "balloon-change"; uuid: string; actualKib: bigint }
  | { kind: "memory-device-size"; uuid: string; alias: string; sizeKib: bigint }
  /** The event connection broke: later events are missed, so the domain must be read again. */
  | { kind: "disconnected"; reason: string }
  /** Events arrive again after a `disconnected`; those in between were missed. */
  | { kind: "reconnected" };

/** A command of the QEMU guest agent's protocol (qga/qapi-schema.json). */
export interface AgentCommand {
  execute: string;
  arguments?: object;
}

/** What domain capabilities depend on. */
export interface DomainKind {
  /** `<domain type>`. */
  type: string;
  arch: string;
  machine?: string;
  /** Absolute path on the host. */
  emulator?: string;
}

/** The virDomainMemoryStatTags in use. */
export interface MemoryStats {
  /** The guest's MemTotal, in KiB. */
  available?: number;
  /** The balloon's present size in KiB: QEMU's own figure, whether or not the guest reports. */
  actual?: number;
  /** The guest's MemAvailable, in KiB. */
  usable?: number;
  /** The time of the guest's last report, in seconds since 1970; 0: none yet. */
  lastUpdate?: number;
}

/** Where libvirt finds the addresses of a domain: the DHCP leases of its networks, or the ARP table of its host. */
export type AddressTable = "lease" | "arp";

export type NetworkState = "active" | "inactive" | "missing";

/** An address of a domain's network card. */
export interface CardAddress {
  /** In lower case. */
  mac: string;
  address: string;
  /** Length of the network's prefix; 0 where the source doesn't have it. */
  prefix: number;
}

/** Which definition a call changes, as with virsh's flags: at least one. */
export interface Where {
  live?: boolean;
  config?: boolean;
}

/**
 * What the provider needs of a hypervisor. Every call has a deadline and fails with a LibvirtError (libvirt's own code,
 * domain, level and text) or a ConnectionError. Look-ups return undefined only for "no domain" (code 42).
 */
export interface Hypervisor extends HostStorage {
  /** The URI as resolved, without secrets. */
  readonly uri: string;
  findByName(name: string): Promise<DomainRef | undefined>;
  findByUuid(uuid: string): Promise<DomainRef | undefined>;
  list(): Promise<DomainRef[]>;
  /** The reason is libvirt's number, which depends on the state (virDomainPausedReason and so on). */
  state(domain: DomainRef): Promise<{ power: PowerState; reason: number }>;
  /** Whether it has a QEMU process: a crashed domain may be preserved for an inspection (`<on_crash>`). */
  isActive(domain: DomainRef): Promise<boolean>;
  /** Whether a job holds the domain: a migration, a save, a dump (virDomainGetJobInfo). */
  hasJob(domain: DomainRef): Promise<boolean>;
  /** `secure` includes graphics passwords; such XML is only passed on to libvirt. */
  xml(domain: DomainRef, options: { inactive: boolean; secure?: boolean }): Promise<string>;
  isPersistent(domain: DomainRef): Promise<boolean>;
  /** Sets the inactive definition; when libvirt refuses it, the old one stays. */
  define(xml: string): Promise<DomainRef>;
  /**
   * Also removes NVRAM, managed save, snapshot and checkpoint metadata, and TPM state. `keepsFiles`: removes the definition
   * only, so that no file is deleted that another definition names too.
   */
  undefine(domain: DomainRef, options?: { keepsFiles?: boolean }): Promise<void>;
  /** Starts a domain without a persistent definition, paused; it ends with the connection. */
  createTransient(xml: string): Promise<DomainRef>;
  /** Restores the managed save image of a domain that has one, with the definition in the image; else starts it. */
  start(domain: DomainRef, options?: { paused?: boolean }): Promise<DomainRef>;
  /** Whether `virsh managedsave` left an image of the guest, which the next start restores. */
  hasManagedSave(domain: DomainRef): Promise<boolean>;
  /** The definition in the managed save image (virDomainManagedSaveGetXMLDesc, libvirt 3.7). */
  managedSaveXml(domain: DomainRef): Promise<string>;
  removeManagedSave(domain: DomainRef): Promise<void>;
  shutdown(domain: DomainRef): Promise<void>;
  destroy(domain: DomainRef): Promise<void>;
  suspend(domain: DomainRef): Promise<void>;
  resume(domain: DomainRef): Promise<void>;
  /** Wakes a guest that suspended itself to memory (virDomainPMWakeup). */
  wake(domain: DomainRef): Promise<void>;
  autostart(domain: DomainRef): Promise<boolean>;
  setAutostart(domain: DomainRef, on: boolean): Promise<void>;
  attachDevice(domain: DomainRef, xml: string, where: Where): Promise<void>;
  /**
   * Requests the removal of a device by its alias, and returns as soon as QEMU has the request (virDomainDetachDeviceAlias):
   * the outcome shows in events and in the XML. If the guest refuses at once, the call may fail (code 9, operation failed).
   */
  detachDevice(domain: DomainRef, alias: string, where: Where): Promise<void>;
  /** Changes an existing device to this XML (virDomainUpdateDeviceFlags). */
  updateDevice(domain: DomainRef, xml: string, where: Where): Promise<void>;
  /** Sets the balloon target in KiB (virDomainSetMemoryFlags); the guest's driver follows later. */
  setMemory(domain: DomainRef, kib: number, where: Where): Promise<void>;
  /** Sets the number of vCPUs, of a running domain within its maximum (virDomainSetVcpusFlags). */
  setVcpus(domain: DomainRef, count: number, where: Where): Promise<void>;
  /** Sets the element of that namespace in `<metadata>`; undefined removes it. */
  setMetadata(
    domain: DomainRef,
    element: { namespace: string; prefix: string; xml: string | undefined },
    where: Where,
  ): Promise<void>;
  /**
   * Sends the guest agent a command (virDomainQemuAgentCommand), and returns the `return` of its reply. `timeoutSeconds`
   * begin after libvirt has synchronised with the agent, which takes up to 5 s.
   */
  agentCommand(domain: DomainRef, command: AgentCommand, timeoutSeconds: number): Promise<unknown>;
  /** What the guest's balloon driver reports (virDomainMemoryStats); figures that it doesn't report are left out. */
  memoryStats(domain: DomainRef): Promise<MemoryStats>;
  /** The addresses of a running domain's network cards (virDomainInterfaceAddresses). */
  interfaceAddresses(domain: DomainRef, table: AddressTable): Promise<CardAddress[]>;
  /** The leases that a network's DHCP server has given (virNetworkGetDHCPLeases), with the end of each in seconds since 1970. */
  networkLeases(network: string): Promise<(CardAddress & { end: number })[]>;
  /** The host's memory in KiB, over all its nodes (virNodeGetMemoryStats). */
  nodeMemory(): Promise<{ total: number; free: number; buffers: number; cached: number }>;
  /** The free pages of a size (KiB) on a host node, or on all of them (-1) (virNodeGetFreePages). */
  freePages(pageSize: number, node: number): Promise<number>;
  /** The host's capabilities (virConnectGetCapabilities). */
  capabilities(): Promise<string>;
  /**
   * What a domain of this kind can have on the host (virConnectGetDomainCapabilities, libvirt 1.2.7), with libvirt's
   * defaults for what is left out. It fails for a kind that the host can't run.
   */
  domainCapabilities(kind: DomainKind): Promise<string>;
  /**
   * Has libvirt prepare QEMU's command line for a definition, without a change on the host (virConnectDomainXMLToNative). It
   * fails where libvirt couldn't start the domain, as far as libvirt finds that out without starting it.
   */
  toNative(xml: string): Promise<void>;
  /** The bridges of the host's active networks (virNetworkGetBridgeName). */
  networkBridges(): Promise<string[]>;
  /** Whether there is a network of that name, and domains can be connected to it (virNetworkIsActive). */
  networkState(name: string): Promise<NetworkState>;
  /** A network interface of the host, such as a bridge. Not every build of libvirt lists those that libvirt made itself. */
  hasInterface(name: string): Promise<boolean>;
  /** The names of the host's node devices with that capability, such as "net". */
  nodeDevices(capability: string): Promise<string[]>;
  /** libvirt's version on the host: 9000000 is 9.0.0. */
  version(): Promise<number>;
  /** Calls `listener` for each event of that domain until the returned function is called. */
  subscribe(domain: DomainRef, listener: (event: DomainEvent) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
