import { domainUuid } from "../args/identity.ts";
import { defined } from "../defined.ts";
import type { Graphics } from "../domain/graphics.ts";
import type { GuestBlocks } from "../guest/agent.ts";
import type { PowerState } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import { pendingMemory } from "../plan/observed.ts";
import type { Kib } from "../units/kib.ts";
import { type ExplainedDisk, explainedDisks } from "./disks.ts";
import { type ExplainedInterface, explainedInterfaces } from "./interfaces.ts";
import { type DeviceLook, NO_LOOK } from "./look.ts";
import { type MemoryMap, memoryMap } from "./memory-map.ts";
import type { ExplainOptions } from "./options.ts";
import { type ExplainedPlan, explainedPlan } from "./plan.ts";
import { programOf } from "./program.ts";
import { type ReachableMemory, reachableMemory } from "./reachable.ts";
import { type ExplainedVcpus, explainedVcpus } from "./vcpus.ts";

/** A domain, and what it can change to. */
export interface Explanation {
  /** As resolved. */
  uri: string;
  name: string;
  uuid: string;
  state: PowerState;
  persistent: boolean;
  arch?: string;
  machine?: string;
  /** From its metadata; undefined: not managed by this provider. */
  owner?: { urn: string; adopted: boolean };
  /** The running domain. */
  live?: MemoryMap;
  /** The guest's memory blocks, where the guest agent reported them. */
  guest?: GuestBlocks;
  /** Why the guest agent gave no usable answer. */
  agentError?: string;
  /** The guest agent is connected to its channel. */
  agentConnected: boolean;
  /** The inactive definition; undefined for a transient domain. */
  nextBoot?: MemoryMap;
  /** The memory of the next boot, where it isn't the present memory. */
  pending?: Kib;
  reachable: ReachableMemory;
  vcpus: ExplainedVcpus;
  /** Of the running domain and of its definition. */
  disks: ExplainedDisk[];
  interfaces: ExplainedInterface[];
  /** Of the running domain, else of its definition. */
  graphics: Graphics[];
  /** What `up` would do for the size in question. */
  plan?: ExplainedPlan;
}

/**
 * Explains a domain, by the planner that preview and update use.
 *
 * @throws Error with a line for each option that is wrong
 */
export function explain(
  uri: string,
  observation: Observation,
  options: ExplainOptions = {},
  look: DeviceLook = NO_LOOK,
): Explanation {
  const { observed, definition, power, guest, agentConnected, agentError } = observation;
  const { name, uuid, arch, machine, ownership } = definition;
  // A domain that this provider created has the UUID of its URN; an adopted one keeps its own.
  const adopted = ownership === undefined || domainUuid(ownership.urn) !== uuid;
  const { inputs, desired } = programOf(options, observation, adopted);
  return {
    uri,
    name,
    uuid,
    state: power,
    persistent: observed.persistent,
    agentConnected,
    reachable: reachableMemory(desired, observed),
    vcpus: explainedVcpus(inputs, observed, adopted),
    disks: explainedDisks(observed, definition, look),
    interfaces: explainedInterfaces(observed, look),
    graphics: look.graphics,
    ...defined({
      arch,
      machine,
      owner: ownership && { urn: ownership.urn, adopted },
      live: observed.live && memoryMap(observed.live, guest),
      guest,
      agentError,
      nextBoot: observed.nextBoot && memoryMap(observed.nextBoot),
      pending: pendingMemory(observed),
      plan: options.memory === undefined ? undefined : explainedPlan(inputs, observation, adopted),
    }),
  };
}
