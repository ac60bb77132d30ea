import { isAgentConnected, readDomain } from "../domain/read.ts";
import type { DomainState } from "../domain/state.ts";
import type { GuestBlocks } from "../guest/agent.ts";
import type { DomainRef, Hypervisor, PowerState } from "../libvirt/hypervisor.ts";
import { memoryView, type Observed } from "../plan/observed.ts";

/** A domain as libvirt has it now. */
export interface Observation {
  observed: Observed;
  /** libvirt's own word on its state. */
  power: PowerState;
  autostart: boolean;
  /** The guest's agent has opened its channel. */
  agentConnected: boolean;
  /** The guest's memory blocks, where its agent was asked and answered. */
  guest?: GuestBlocks;
  /** The inactive definition, or the live one of a transient domain. */
  definition: DomainState;
}

/** Whether nothing of a domain runs in this state. */
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
  const observed: Observed = {
    power: running ? (power === "paused" || power === "pmsuspended" ? "paused" : "running") : "off",
    persistent,
    ...(live && { live: memoryView(live) }),
    ...(inactive && { nextBoot: memoryView(inactive) }),
  };
  return { observed, power, autostart, agentConnected, definition };
}
