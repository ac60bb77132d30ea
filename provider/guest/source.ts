import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { agentSource } from "./agent.ts";
import { balloonSource } from "./balloon.ts";
import { type GuestReport, type GuestSource, printable } from "./report.ts";

/** A source that answers, with what it said; or why there is none. */
export type SourceLookup = { source: GuestSource; word: GuestReport } | { silent: string };

/**
 * Finds who speaks for a running guest: its agent, which knows each block, else its balloon's statistics.
 *
 * @param agentConnected the agent's channel is connected in the live XML: else it isn't asked, and nothing waits for it
 */
export async function findSource(
  hypervisor: Hypervisor,
  domain: DomainRef,
  agentConnected: boolean,
): Promise<SourceLookup> {
  const agent = agentConnected ? await trySource(agentSource(hypervisor, domain)) : { silent: "no agent" };
  if ("source" in agent) return agent;
  const balloon = await trySource(balloonSource(hypervisor, domain));
  if ("source" in balloon) return balloon;
  const why = agentConnected ? `the agent is connected and of no help (${agent.silent})` : agent.silent;
  return { silent: `${why}, no balloon statistics` };
}

async function trySource(source: GuestSource): Promise<SourceLookup> {
  try {
    return { source, word: await source.ask() };
  } catch (error) {
    return { silent: printable(error) };
  }
}
