import type { Clock } from "../deadline.ts";
import { askBlocks, isTaken } from "../guest/blocks.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { type Asked, type Observation, observe } from "./observe.ts";

/** Reads a domain, and asks its guest about its memory. */
export async function observeWithGuest(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
  asked: Asked = {},
): Promise<Observation> {
  return withGuest(hypervisor, domain, await observe(hypervisor, domain, asked), clock);
}

/**
 * Adds the guest agent's answer to an observation: the size of the guest's memory blocks, and which DIMMs it onlined.
 * The agent is asked only if its channel is connected and the guest runs; if it doesn't answer soon, nothing is added.
 */
export async function withGuest(
  hypervisor: Hypervisor,
  domain: DomainRef,
  observation: Observation,
  clock: Clock,
): Promise<Observation> {
  const { observed, agentConnected } = observation;
  const { live } = observed;
  if (live === undefined || observed.power !== "running" || !agentConnected) return observation;
  const answer = await askBlocks(hypervisor, domain, clock);
  if (answer.kind === "silent") return { ...observation, agentError: answer.reason };
  const guest = answer.blocks;
  const devices = live.devices.map((device) => {
    const taken = isTaken(device, guest);
    return taken === undefined ? device : { ...device, taken };
  });
  const withBlocks = { ...live, devices, guestBlock: guest.block };
  return { ...observation, guest, observed: { ...observed, live: withBlocks } };
}
