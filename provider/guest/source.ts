import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { agentSource } from "./agent.ts";
import { balloonSource } from "./balloon.ts";
import { type GuestSource, type GuestWord, sayForeign } from "./word.ts";

/** A source that answers, with what it said; or why there is none. */
export type Found = { source: GuestSource; word: GuestWord } | { silent: string };

/**
 * Finds who speaks for a running guest: its agent, which knows each block, else its balloon's statistics.
 *
 * @param agentConnected the agent's channel is connected in the live XML: else it isn't asked, and nothing waits for it
 */
export async function findSource(
  hypervisor: Hypervisor,
  domain: DomainRef,
  agentConnected: boolean,
): Promise<Found> {
  const agent = agentConnected ? await tried(agentSource(hypervisor, domain)) : { silent: "no agent" };
  if ("source" in agent) return agent;
  const balloon = await tried(balloonSource(hypervisor, domain));
  if ("source" in balloon) return balloon;
  const why = agentConnected ? `the agent is connected and of no help (${agent.silent})` : agent.silent;
  return { silent: `${why}, no balloon statistics` };
}

async function tried(source: GuestSource): Promise<Found> {
  try {
    return { source, word: await source.ask() };
  } catch (error) {
    return { silent: sayForeign(error) };
  }
}
