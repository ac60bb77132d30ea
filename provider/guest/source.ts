import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { agentSource } from "./agent.ts";
import { balloonSource } from "./balloon.ts";
import { type GuestReport, type GuestSource, printable } from "./report.ts";

/** A source that answers, with its first report; or why there is none. */
export type SourceLookup =
  | {
      kind: "found";
      source: GuestSource;
      report: GuestReport;
      /** Why a connected agent was unusable. */
      agentError?: string;
    }
  | {
      kind: "silent";
      reason: string;
      /** Why a connected agent was unusable. */
      agentError?: string;
    };

/**
 * Finds who can report on a running guest: its agent, which knows each memory block, else its balloon's statistics.
 *
 * @param agentConnected the agent's channel is connected in the live XML; otherwise it isn't asked, which would time out
 */
export async function findSource(
  hypervisor: Hypervisor,
  domain: DomainRef,
  agentConnected: boolean,
): Promise<SourceLookup> {
  const agent = agentConnected ? await trySource(agentSource(hypervisor, domain)) : NO_AGENT;
  if (agent.kind === "found") return agent;
  const balloon = await trySource(balloonSource(hypervisor, domain));
  if (balloon.kind === "found") return agentConnected ? { ...balloon, agentError: agent.reason } : balloon;
  const reason = agentConnected
    ? `the guest agent is connected but unusable (${agent.reason}), and there are no balloon statistics`
    : `${agent.reason} and no balloon statistics`;
  return { kind: "silent", reason, ...(agentConnected && { agentError: agent.reason }) };
}

const NO_AGENT: SourceLookup = { kind: "silent", reason: "no guest agent" };

async function trySource(source: GuestSource): Promise<SourceLookup> {
  try {
    return { kind: "found", source, report: await source.ask() };
  } catch (error) {
    return { kind: "silent", reason: printable(error) };
  }
}
