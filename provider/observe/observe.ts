import { defined } from "../defined.ts";
import { isAgentConnected, readDomain } from "../domain/read.ts";
import type { DomainState } from "../domain/state.ts";
import type { GuestBlocks } from "../guest/agent.ts";
import type { DomainRef, Hypervisor, PowerState } from "../libvirt/hypervisor.ts";
import { memoryView, type Observed } from "../plan/observed.ts";

/** A domain as libvirt describes it now. */
export interface Observation {
  observed: Observed;
  /** libvirt's own state of the domain. */
  power: PowerState;
  autostart: boolean;
  /** The guest agent has opened its channel. */
  agentConnected: boolean;
  /** The guest's memory blocks, where its agent was asked and answered. */
  guest?: GuestBlocks;
  /** Why its agent, which was asked, gave no usable answer. */
  agentError?: string;
  /** The inactive definition, or the live one of a transient domain. */
  definition: DomainState;
}

/** Whether a domain in this state has no running guest. */
export function isPoweredOff(power: PowerState): boolean {
  return power === "shutoff" || power === "crashed";
}

/** Reads a domain: its state, its live XML while it runs, and its inactive definition. */
export async function observe(hypervisor: Hypervisor, domain: DomainRef): Promise<Observation> {
  const [{ power }, persistent] = await Promise.all([
    hypervisor.state(domain),
    hypervisor.isPersistent(domain),
  ]);
  const running = !isPoweredOff(power);
  const [liveXml, inactive, autostart] = await Promise.all([
    running ? hypervisor.xml(domain, { inactive: false }) : undefined,
    persistent ? hypervisor.xml(domain, { inactive: true }).then(readDomain) : undefined,
    persistent ? hypervisor.autostart(domain) : false,
  ]);
  const live = liveXml === undefined ? undefined : readDomain(liveXml);
  const agentConnected = liveXml !== undefined && isAgentConnected(liveXml);
  const definition = inactive ?? live;
  if (definition === undefined) throw new Error(`domain ${domain.name} is neither running nor defined`);
  const isPaused = power === "paused" || power === "pmsuspended";
  const observed: Observed = defined({
    power: running ? (isPaused ? ("paused" as const) : ("running" as const)) : ("off" as const),
    persistent,
    live: live && memoryView(live),
    nextBoot: inactive && memoryView(inactive),
  });
  return { observed, power, autostart, agentConnected, definition };
}
