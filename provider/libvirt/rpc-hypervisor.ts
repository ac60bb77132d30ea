import type { Clock } from "../deadline.ts";
import { defined } from "../defined.ts";
import { agentReply } from "./agent-reply.ts";
import type { ConnectionHooks } from "./connection.ts";
import { Events } from "./events.ts";
import {
  ADDRESS_TABLES,
  affects,
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
import { RpcHost } from "./host.ts";
import type {
  AddressTable,
  AgentCommand,
  CardAddress,
  DomainRef,
  Hypervisor,
  MemoryStats,
  PowerState,
  Where,
} from "./hypervisor.ts";
import { unlessMissing } from "./lookup.ts";
import { procedures } from "./procedures.ts";
import { LibvirtSession } from "./session.ts";
import type { Timing } from "./timing.ts";
import { openConnection } from "./transport.ts";
import type { LibvirtUri } from "./uri.ts";

/** With 4 calls each, 16 at once: some of the daemon's 20 workers (`max_workers`) stay free for other clients. */
const CALL_CONNECTIONS = 4;

/** The calls of libvirt's API, over its RPC protocol. */
export class RpcHypervisor extends RpcHost implements Hypervisor {
  readonly uri: string;
  readonly #eventSession: LibvirtSession;
  readonly #events: Events;

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

  subscribe(...args: Parameters<Hypervisor["subscribe"]>): ReturnType<Hypervisor["subscribe"]> {
    return this.#events.subscribe(...args);
  }

  async close(): Promise<void> {
    this.#events.close();
    await Promise.all([this.calls.close(), this.#eventSession.close()]);
  }
}
