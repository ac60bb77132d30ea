import type { Clock } from "../deadline.ts";
import { askBlocks, isTaken } from "../guest/blocks.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { type Observation, observe } from "./observe.ts";

/** Reads a domain, and what its guest has of it. */
export async function observeWithGuest(
  hypervisor: Hypervisor,
  domain: DomainRef,
  clock: Clock,
): Promise<Observation> {
  return withGuest(hypervisor, domain, await observe(hypervisor, domain), clock);
}

/**
 * Adds to what was seen of a domain what the guest's agent says: the size of its memory blocks, and which DIMMs it took.
 * The agent is asked where its channel is connected and the guest runs; where it doesn't answer soon, nothing is added.
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
  const guest = await askBlocks(hypervisor, domain, clock);
  if (guest === undefined) return observation;
  const devices = live.devices.map((device) => {
    const taken = isTaken(device, guest);
    return taken === undefined ? device : { ...device, taken };
  });
  const heard = { ...live, devices, guestBlock: guest.block };
  return { ...observation, guest, observed: { ...observed, live: heard } };
}
