import { defined } from "../defined.ts";
import { isAgentConnected, readDomain } from "../domain/read.ts";
import type { DomainState } from "../domain/state.ts";
import type { GuestBlocks } from "../guest/agent.ts";
import type { DomainRef, Hypervisor, PowerState } from "../libvirt/hypervisor.ts";
import { type MemoryView, memoryView, type Observed } from "../plan/observed.ts";
import { readPower } from "./power.ts";

/** A domain as libvirt describes it now. */
export interface Observation {
  observed: Observed;
  /** libvirt's own state of the domain. */
  power: PowerState;
  /** Whether libvirt starts it with the host; undefined where that wasn't asked. */
  autostart?: boolean;
  /** The guest agent has opened its channel. */
  agentConnected: boolean;
  /** The guest's memory blocks, where its agent was asked and answered. */
  guest?: GuestBlocks;
  /** Why its agent, which was asked, gave no usable answer. */
  agentError?: string;
  /** The inactive definition, or the live one of a transient domain. */
  definition: DomainState;
  /** The text of the inactive definition, without its secrets. */
  inactiveXml?: string;
  /** The same with its secrets, in place of that, where they were asked for. */
  secureXml?: string;
  /** The definition that the domain runs with; undefined where it is off. */
  running?: DomainState;
}

/** What is read of a domain only where it is needed. */
export interface Asked {
  autostart?: boolean;
  /** The secrets in the inactive definition. */
  secure?: boolean;
  /** It ran a moment ago, so that everything is asked in one round trip. */
  running?: boolean;
}

/**
 * Reads a domain: its state, its live XML while it runs, its inactive definition, and the definition in its managed save
 * image, which the next start restores.
 */
export async function observe(
  hypervisor: Hypervisor,
  domain: DomainRef,
  asked: Asked = {},
): Promise<Observation> {
  const first = await readOnce(hypervisor, domain, asked);
  // It went off between the calls: libvirt returns the definition of a domain that is off where its live XML is asked for,
  // and only a running one has a number.
  const isTorn = first.running !== undefined && first.running.id === undefined;
  return isTorn ? readOnce(hypervisor, domain, asked) : first;
}

async function readOnce(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { autostart: isAutostartAsked = false, secure = false, running: isLikelyRunning = false }: Asked,
): Promise<Observation> {
  const [{ state: power, isActive, pause }, persistent, ...early] = await Promise.all([
    readPower(hypervisor, domain),
    hypervisor.isPersistent(domain),
    ...(isLikelyRunning ? readRunning(hypervisor, domain, secure) : []),
  ]);
  // It was shut off, or its definition was removed: the early answers don't count.
  const [earlyLive, earlyInactive] = isActive && persistent ? early : [];
  const [liveXml, inactiveXml, autostart, saved] = await Promise.all([
    isActive ? (earlyLive ?? hypervisor.xml(domain, { inactive: false })) : undefined,
    persistent ? (earlyInactive ?? hypervisor.xml(domain, { inactive: true, secure })) : undefined,
    isAutostartAsked ? persistent && hypervisor.autostart(domain) : undefined,
    persistent && !isActive ? savedState(hypervisor, domain) : undefined,
  ]);
  const live = liveXml === undefined ? undefined : readDomain(liveXml);
  const inactive = inactiveXml === undefined ? undefined : readDomain(inactiveXml);
  const agentConnected = liveXml !== undefined && isAgentConnected(liveXml);
  const definition = inactive ?? live;
  if (definition === undefined) throw new Error(`domain ${domain.name} is neither running nor defined`);
  const observed: Observed = defined({
    power: isActive ? (pause === undefined ? ("running" as const) : ("paused" as const)) : ("off" as const),
    pause,
    persistent,
    live: live && memoryView(live),
    nextBoot: inactive && memoryView(inactive),
    saved,
  });
  const text = secure ? { secureXml: inactiveXml } : { inactiveXml };
  return { observed, power, agentConnected, definition, ...defined({ running: live, autostart, ...text }) };
}

/** What is read of a running domain that has a definition, as most have. */
function readRunning(hypervisor: Hypervisor, domain: DomainRef, secure: boolean): Promise<string>[] {
  return [hypervisor.xml(domain, { inactive: false }), hypervisor.xml(domain, { inactive: true, secure })];
}

async function savedState(hypervisor: Hypervisor, domain: DomainRef): Promise<MemoryView | undefined> {
  if (!(await hypervisor.hasManagedSave(domain))) return undefined;
  return memoryView(readDomain(await hypervisor.managedSaveXml(domain)));
}
