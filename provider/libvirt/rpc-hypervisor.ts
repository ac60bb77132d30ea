import type { Clock } from "../deadline.ts";
import { defined } from "../defined.ts";
import { agentReply } from "./agent-reply.ts";
import type { ConnectionHooks } from "./connection.ts";
import { ErrorCode, hasCode, LibvirtError } from "./errors.ts";
import { Events } from "./events.ts";
import {
  ADDRESS_TABLES,
  ALL_CELLS,
  affects,
  LIST_ACTIVE_NETWORKS,
  MEMORY_STATS,
  METADATA_ELEMENT,
  MemoryStat,
  POWER_STATES,
  RUNNING_JOBS,
  START_AUTODESTROY,
  START_PAUSED,
  UNDEFINE_ALL,
  UNDEFINE_KEEPS_NVRAM,
  UNDEFINE_KEEPS_TPM,
  UNDEFINE_TPM,
  UNDEFINE_TPM_SINCE,
  Xml,
} from "./flags.ts";
import type {
  AddressTable,
  AgentCommand,
  CardAddress,
  DomainKind,
  DomainRef,
  Hypervisor,
  MemoryStats,
  NetworkState,
  PowerState,
  Where,
} from "./hypervisor.ts";
import { exists, unlessMissing } from "./lookup.ts";
import { NODE_DEVICES_MAX, procedures } from "./procedures.ts";
import { LibvirtSession } from "./session.ts";
import { RpcStorage } from "./storage.ts";
import type { Timing } from "./timing.ts";
import { openConnection } from "./transport.ts";
import type { LibvirtUri } from "./uri.ts";

/** With 4 calls each, 16 at once: some of the daemon's 20 workers (`max_workers`) stay free for other clients. */
const CALL_CONNECTIONS = 4;

/** The calls of libvirt's API, over its RPC protocol. */
export class RpcHypervisor extends RpcStorage implements Hypervisor {
  readonly uri: string;
  readonly #eventSession: LibvirtSession;
  readonly #events: Events;
  /** How many figures the host reports of its memory, once it was asked. */
  #memoryStats: number | undefined;

  constructor(uri: LibvirtUri, timing: Timing, clock: Clock) {
    const open = (hooks: ConnectionHooks) => openConnection(uri, timing, clock, hooks);
    super(
      new LibvirtSession(CALL_CONNECTIONS, open, {
        onEvent: () => undefined,
        onEnd: () => undefined,
      }),
    );
    this.uri = uri.text;
    this.#eventSession = new LibvirtSession(1, open, {
      onEvent: (packet) => this.#events.receive(packet),
      onEnd: (reason) => this.#events.lost(reason),
    });
    this.#events = new Events(this.#eventSession, clock);
  }

  async connected(): Promise<void> {
    await this.calls.connect();
  }

  findByName(name: string): Promise<DomainRef | undefined> {
    return unlessMissing(this.calls.call(procedures.lookupByName, { name }));
  }

  findByUuid(uuid: string): Promise<DomainRef | undefined> {
    return unlessMissing(this.calls.call(procedures.lookupByUuid, { uuid }));
  }

  async list(): Promise<DomainRef[]> {
    return (await this.calls.call(procedures.listDomains, { needResults: 1, flags: 0 })).domains;
  }

  async state(domain: DomainRef): Promise<{ power: PowerState; reason: number }> {
    const { state, reason } = await this.calls.call(procedures.state, { domain, flags: 0 });
    return { power: POWER_STATES[state] ?? "nostate", reason };
  }

  async isActive(domain: DomainRef): Promise<boolean> {
    return (await this.calls.call(procedures.isActive, { domain })).active !== 0;
  }

  async hasJob(domain: DomainRef): Promise<boolean> {
    const { type } = await this.calls.call(procedures.jobInfo, { domain });
    return RUNNING_JOBS.includes(type);
  }

  async xml(domain: DomainRef, options: { inactive: boolean; secure?: boolean }): Promise<string> {
    const flags = (options.inactive ? Xml.INACTIVE : 0) | (options.secure ? Xml.SECURE : 0);
    return (await this.calls.call(procedures.xml, { domain, flags })).xml;
  }

  async isPersistent(domain: DomainRef): Promise<boolean> {
    return (await this.calls.call(procedures.isPersistent, { domain })).persistent !== 0;
  }

  async define(xml: string): Promise<DomainRef> {
    return (await this.calls.call(procedures.define, { xml, flags: 0 })).domain;
  }

  async undefine(domain: DomainRef, { keepsFiles = false } = {}): Promise<void> {
    const knowsTpm = (await this.version()) >= UNDEFINE_TPM_SINCE;
    const [files, tpm] = keepsFiles
      ? [UNDEFINE_KEEPS_NVRAM, UNDEFINE_KEEPS_TPM]
      : [UNDEFINE_ALL, UNDEFINE_TPM];
    await this.calls.call(procedures.undefine, { domain, flags: files | (knowsTpm ? tpm : 0) });
  }

  async createTransient(xml: string): Promise<DomainRef> {
    const flags = START_PAUSED | START_AUTODESTROY;
    return (await this.calls.call(procedures.createXml, { xml, flags })).domain;
  }

  async start(domain: DomainRef, options: { paused?: boolean } = {}): Promise<DomainRef> {
    const flags = options.paused ? START_PAUSED : 0;
    return (await this.calls.call(procedures.create, { domain, flags })).domain;
  }

  async hasManagedSave(domain: DomainRef): Promise<boolean> {
    return (await this.calls.call(procedures.hasManagedSave, { domain, flags: 0 })).result !== 0;
  }

  async managedSaveXml(domain: DomainRef): Promise<string> {
    return (await this.calls.call(procedures.managedSaveXml, { domain, flags: 0 })).xml;
  }

  async removeManagedSave(domain: DomainRef): Promise<void> {
    await this.calls.call(procedures.removeManagedSave, { domain, flags: 0 });
  }

  async shutdown(domain: DomainRef): Promise<void> {
    await this.calls.call(procedures.shutdown, { domain, flags: 0 });
  }

  async destroy(domain: DomainRef): Promise<void> {
    await this.calls.call(procedures.destroy, { domain, flags: 0 });
  }

  async suspend(domain: DomainRef): Promise<void> {
    await this.calls.call(procedures.suspend, { domain });
  }

  async resume(domain: DomainRef): Promise<void> {
    await this.calls.call(procedures.resume, { domain });
  }

  async wake(domain: DomainRef): Promise<void> {
    await this.calls.call(procedures.pmWakeup, { domain, flags: 0 });
  }

  async autostart(domain: DomainRef): Promise<boolean> {
    return (await this.calls.call(procedures.autostart, { domain })).autostart !== 0;
  }

  async setAutostart(domain: DomainRef, on: boolean): Promise<void> {
    await this.calls.call(procedures.setAutostart, { domain, autostart: on ? 1 : 0 });
  }

  async attachDevice(domain: DomainRef, xml: string, where: Where): Promise<void> {
    await this.calls.call(procedures.attachDevice, { domain, xml, flags: affects(where) });
  }

  async detachDevice(domain: DomainRef, alias: string, where: Where): Promise<void> {
    await this.calls.call(procedures.detachAlias, { domain, alias, flags: affects(where) });
  }

  async updateDevice(domain: DomainRef, xml: string, where: Where): Promise<void> {
    await this.calls.call(procedures.updateDevice, { domain, xml, flags: affects(where) });
  }

  async setMemory(domain: DomainRef, kib: number, where: Where): Promise<void> {
    await this.calls.call(procedures.setMemory, { domain, memory: BigInt(kib), flags: affects(where) });
  }

  async setVcpus(domain: DomainRef, count: number, where: Where): Promise<void> {
    await this.calls.call(procedures.setVcpus, { domain, count, flags: affects(where) });
  }

  async agentCommand(domain: DomainRef, command: AgentCommand, timeoutSeconds: number): Promise<unknown> {
    const args = { domain, command: JSON.stringify(command), timeout: timeoutSeconds, flags: 0 };
    const { result } = await this.calls.call(procedures.agentCommand, args);
    return agentReply(result ?? "{}");
  }

  async memoryStats(domain: DomainRef): Promise<MemoryStats> {
    const args = { domain, maxStats: MEMORY_STATS, flags: 0 };
    const { stats } = await this.calls.call(procedures.memoryStats, args);
    const figures = new Map(stats.map(({ tag, value }) => [tag, Number(value)]));
    return defined({
      available: figures.get(MemoryStat.AVAILABLE),
      actual: figures.get(MemoryStat.ACTUAL_BALLOON),
      usable: figures.get(MemoryStat.USABLE),
      lastUpdate: figures.get(MemoryStat.LAST_UPDATE),
    });
  }

  async interfaceAddresses(domain: DomainRef, table: AddressTable): Promise<CardAddress[]> {
    const args = { domain, source: ADDRESS_TABLES[table], flags: 0 };
    const { interfaces } = await this.calls.call(procedures.interfaceAddresses, args);
    return interfaces.flatMap(({ mac, addresses }) =>
      addresses.map(({ address, prefix }) => ({ mac: (mac ?? "").toLowerCase(), address, prefix })),
    );
  }

  async networkLeases(name: string): Promise<(CardAddress & { end: number })[]> {
    const { network } = await this.calls.call(procedures.lookupNetwork, { name });
    const args = { network, mac: null, needResults: 1, flags: 0 };
    const { leases } = await this.calls.call(procedures.networkLeases, args);
    return leases.map(({ mac, address, prefix, end }) => ({
      mac: (mac ?? "").toLowerCase(),
      address,
      prefix,
      end: Number(end),
    }));
  }

  async nodeMemory() {
    const all = { cell: ALL_CELLS, flags: 0 };
    const nparams = await this.#countOfMemoryStats();
    const { stats } = await this.calls.call(procedures.nodeMemoryStats, { nparams, ...all });
    const figure = (name: string) => Number(stats.find(({ field }) => field === name)?.value ?? 0n);
    return {
      total: figure("total"),
      free: figure("free"),
      buffers: figure("buffers"),
      cached: figure("cached"),
    };
  }

  /** With `nparams: 0` the reply has the number of figures, which is the daemon's. */
  async #countOfMemoryStats(): Promise<number> {
    const args = { cell: ALL_CELLS, flags: 0, nparams: 0 };
    this.#memoryStats ??= (await this.calls.call(procedures.nodeMemoryStats, args)).nparams;
    return this.#memoryStats;
  }

  async freePages(pageSize: number, node: number): Promise<number> {
    const args = { pages: [pageSize], startCell: node, cellCount: 1, flags: 0 };
    const { counts } = await this.calls.call(procedures.nodeFreePages, args);
    return Number(counts.reduce((sum, count) => sum + count, 0n));
  }

  async setMetadata(
    domain: DomainRef,
    element: { namespace: string; prefix: string; xml: string | undefined },
    where: Where,
  ): Promise<void> {
    await this.calls.call(procedures.setMetadata, {
      domain,
      type: METADATA_ELEMENT,
      metadata: element.xml ?? null,
      key: element.prefix,
      uri: element.namespace,
      flags: affects(where),
    });
  }

  async capabilities(): Promise<string> {
    return (await this.calls.call(procedures.capabilities, {})).capabilities;
  }

  async domainCapabilities({ type, arch, machine, emulator }: DomainKind): Promise<string> {
    const args = { emulator: emulator ?? null, arch, machine: machine ?? null, type, flags: 0 };
    return (await this.calls.call(procedures.domainCapabilities, args)).capabilities;
  }

  async toNative(xml: string): Promise<void> {
    await this.calls.call(procedures.toNative, { format: "qemu-argv", xml, flags: 0 });
  }

  async networkState(name: string): Promise<NetworkState> {
    try {
      const { network } = await this.calls.call(procedures.lookupNetwork, { name });
      const { active } = await this.calls.call(procedures.isNetworkActive, { network });
      return active === 0 ? "inactive" : "active";
    } catch (error) {
      if (hasCode(error, ErrorCode.NO_NETWORK)) return "missing";
      throw error;
    }
  }

  async networkBridges(): Promise<string[]> {
    const args = { needResults: 1, flags: LIST_ACTIVE_NETWORKS };
    const { networks } = await this.calls.call(procedures.listNetworks, args);
    const bridges = networks.map((network) =>
      this.calls.call(procedures.networkBridge, { network }).then(
        ({ bridge }) => [bridge],
        (error: unknown) => {
          // A network of host devices has no bridge; another one may have been stopped meanwhile.
          if (error instanceof LibvirtError) return [];
          throw error;
        },
      ),
    );
    return (await Promise.all(bridges)).flat();
  }

  hasInterface(name: string): Promise<boolean> {
    return exists(this.calls.call(procedures.lookupInterface, { name }), ErrorCode.NO_INTERFACE);
  }

  async nodeDevices(capability: string): Promise<string[]> {
    const args = { capability, maxNames: NODE_DEVICES_MAX, flags: 0 };
    return (await this.calls.call(procedures.nodeDevices, args)).names;
  }

  async version(): Promise<number> {
    return Number((await this.calls.call(procedures.libVersion, {})).version);
  }

  subscribe(...args: Parameters<Hypervisor["subscribe"]>): ReturnType<Hypervisor["subscribe"]> {
    return this.#events.subscribe(...args);
  }

  async close(): Promise<void> {
    this.#events.close();
    await Promise.all([this.calls.close(), this.#eventSession.close()]);
  }
}
