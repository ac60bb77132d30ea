/** libvirt's virDomainState in words. */
export type PowerState =
  | "nostate"
  | "running"
  | "blocked"
  | "paused"
  | "shutdown" // being shut down
  | "shutoff"
  | "crashed"
  | "pmsuspended";

/** How libvirt names one domain on the wire. */
export interface DomainRef {
  name: string;
  /** Lower case, with dashes. */
  uuid: string;
  /** The number of a running domain, -1 when it is off. */
  id: number;
}

/** An event of one domain. Codes are libvirt's (virDomainEventType, virDomainEventID). */
export type DomainEvent =
  | { kind: "lifecycle"; uuid: string; event: number; detail: number }
  | { kind: "device-added"; uuid: string; alias: string }
  | { kind: "device-removed"; uuid: string; alias: string }
  | { kind: "device-removal-failed"; uuid: string; alias: string }
  /** What the balloon leaves the guest now; while that moves, once a second at most (QEMU). */
  | { kind: "balloon-change"; uuid: string; actualKib: bigint }
  | { kind: "memory-device-size"; uuid: string; alias: string; sizeKib: bigint }
  /** The event connection broke: what happened from here on was not seen; read the domain again. */
  | { kind: "disconnected"; reason: string }
  /** Events flow again, after a `disconnected`; what happened in between was not seen. */
  | { kind: "reconnected" };

/** A command of the QEMU guest agent's protocol (qga/qapi-schema.json). */
export interface AgentCommand {
  execute: string;
  arguments?: object;
}

/** What libvirt distinguishes the capabilities of domains by. */
export interface DomainKind {
  /** `<domain type>`. */
  type: string;
  arch: string;
  machine?: string;
  /** Absolute path on the host. */
  emulator?: string;
}

/** Of libvirt's virDomainMemoryStatTags those in use. */
export interface MemoryStats {
  /** The memory that the guest's kernel has, its MemTotal, in KiB. */
  available?: number;
  /** What the balloon leaves the guest now, in KiB: QEMU's own figure, whether or not the guest reports. */
  actual?: number;
  /** What the guest could use without swapping, its MemAvailable, in KiB. */
  usable?: number;
  /** When the guest last reported, in seconds since 1970; 0: it never did. */
  lastUpdate?: number;
}

/**
 * What the provider needs of a hypervisor. Every call has a deadline and fails with a
 * LibvirtError (libvirt's own code, domain, level and text) or a ConnectionError; look-ups answer
 * undefined for «no such domain» alone (code 42).
 */
export interface Hypervisor {
  /** The URI as resolved, without secrets. */
  readonly uri: string;
  findByName(name: string): Promise<DomainRef | undefined>;
  findByUuid(uuid: string): Promise<DomainRef | undefined>;
  list(): Promise<DomainRef[]>;
  state(domain: DomainRef): Promise<{ power: PowerState; reason: number }>;
  /** `secure` adds what is left out for safety (graphics passwords); such a text never leaves `apply`. */
  xml(domain: DomainRef, options: { inactive: boolean; secure?: boolean }): Promise<string>;
  isPersistent(domain: DomainRef): Promise<boolean>;
  /** Defines or redefines the inactive definition; a refused one leaves the old one in force. */
  define(xml: string): Promise<DomainRef>;
  /** With NVRAM, managed save, snapshot and checkpoint metadata and TPM state. */
  undefine(domain: DomainRef): Promise<void>;
  start(domain: DomainRef, options?: { paused?: boolean }): Promise<DomainRef>;
  shutdown(domain: DomainRef): Promise<void>;
  destroy(domain: DomainRef): Promise<void>;
  suspend(domain: DomainRef): Promise<void>;
  resume(domain: DomainRef): Promise<void>;
  autostart(domain: DomainRef): Promise<boolean>;
  setAutostart(domain: DomainRef, on: boolean): Promise<void>;
  /** `live` and `config` as virsh's flags; at least one. */
  attachDevice(domain: DomainRef, xml: string, where: { live?: boolean; config?: boolean }): Promise<void>;
  /**
   * Asks for a device to be taken out, by its alias, and answers as soon as QEMU has the request
   * (virDomainDetachDeviceAlias): the events and the XML say what becomes of it. A guest that refuses at once may make it
   * an error (code 9, operation failed).
   */
  detachDevice(domain: DomainRef, alias: string, where: { live?: boolean; config?: boolean }): Promise<void>;
  /** Changes a device that is there, to this XML (virDomainUpdateDeviceFlags). */
  updateDevice(domain: DomainRef, xml: string, where: { live?: boolean; config?: boolean }): Promise<void>;
  /** Sets what the balloon leaves the guest, in KiB (virDomainSetMemoryFlags); the guest's driver follows later. */
  setMemory(domain: DomainRef, kib: number, where: { live?: boolean; config?: boolean }): Promise<void>;
  /** Sets `<metadata>`'s element of that namespace in the live and the inactive definition, undefined removes it. */
  setMetadata(
    domain: DomainRef,
    element: { namespace: string; prefix: string; xml: string | undefined },
    where: { live?: boolean; config?: boolean },
  ): Promise<void>;
  /**
   * Sends the guest's agent a command (virDomainQemuAgentCommand) and answers what its reply has under `return`.
   * Within `timeoutSeconds`, after up to 5 s that libvirt gives the agent to show that it is there.
   */
  agentCommand(domain: DomainRef, command: AgentCommand, timeoutSeconds: number): Promise<unknown>;
  /** What the guest's balloon reports (virDomainMemoryStats); a figure that it doesn't report is left out. */
  memoryStats(domain: DomainRef): Promise<MemoryStats>;
  /** What the host's memory is used for, in KiB, over all its nodes (virNodeGetMemoryStats). */
  nodeMemory(): Promise<{ total: number; free: number; buffers: number; cached: number }>;
  /** Free pages of a size (KiB) on a host node, -1 for all of them (virNodeGetFreePages). */
  freePages(pageSize: number, node: number): Promise<number>;
  /** Host description (virConnectGetCapabilities). */
  capabilities(): Promise<string>;
  /**
   * What a domain of this kind can have on the host (virConnectGetDomainCapabilities, libvirt 1.2.7); an error for a kind
   * that the host can't run. libvirt's defaults fill in what is left out.
   */
  domainCapabilities(kind: DomainKind): Promise<string>;
  /** libvirt's version on the host: 9000000 is 9.0.0. */
  version(): Promise<number>;
  /** Calls `listener` for each event of that domain until the returned function is called. */
  subscribe(domain: DomainRef, listener: (event: DomainEvent) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}
