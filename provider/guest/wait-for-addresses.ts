import type { AddressWait } from "../args/addresses.ts";
import type { Patience } from "../deadline.ts";
import type { CardState } from "../domain/state.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import {
  type AddressSearch,
  type AddressSource,
  type FoundAddress,
  findAddresses,
  knowsOf,
} from "./addresses.ts";

/** The pause between two looks. Each is a few calls to libvirt. */
const POLL_MS = 500;

/** A card whose address is waited for. */
export interface AwaitedCard extends AddressWait {
  card: CardState;
  patience: Patience;
}

/** How a wait ended. */
export interface AddressWaitResult extends AddressSearch {
  /** The cards without an address. */
  missing: AwaitedCard[];
}

export interface AddressesWait {
  /** All cards that are asked about. */
  cards: CardState[];
  awaited: AwaitedCard[];
  /** The agent may connect during the wait. */
  asksAgent: boolean;
  /** The guest has just been started: a lease that is there before it could ask for one is of its earlier start. */
  isStarting: boolean;
  /** Called when the cards without an address have changed. */
  onProgress: (missing: AwaitedCard[]) => Promise<void>;
}

/** Looks until each awaited card has an address, or its time is up. */
export async function waitForAddresses(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { cards, awaited, asksAgent, isStarting, onProgress }: AddressesWait,
): Promise<AddressWaitResult> {
  const earlier = isStarting ? await leaseEnds(hypervisor, cards) : new Map<string, number>();
  let shown = -1;
  for (;;) {
    const search = await findAddresses(hypervisor, domain, { cards, asksAgent });
    const addresses = await withoutEarlier(hypervisor, cards, search.addresses, earlier);
    const missing = awaited.filter(({ mac }) => !addresses.some((one) => one.mac === mac));
    const waiting = missing.filter(({ patience }) => !patience.deadline.isOver);
    if (waiting.length === 0)
      return { failures: withoutAgent(search.failures, asksAgent), addresses, missing };
    waiting[0]?.patience.deadline.throwIfAborted();
    if (shown !== missing.length) await onProgress(missing);
    shown = missing.length;
    await latest(waiting).sleep(POLL_MS);
  }
}

function withoutAgent(failures: AddressSearch["failures"], asksAgent: boolean): AddressSearch["failures"] {
  return asksAgent ? failures : { agent: "the domain has no channel for it", ...failures };
}

function latest(waiting: AwaitedCard[]) {
  const [first, ...others] = waiting.map(({ patience }) => patience.deadline);
  if (first === undefined) throw new Error("nothing is waited for");
  return others.reduce((last, one) => (one.remaining > last.remaining ? one : last), first);
}

/** When each lease of these cards ends, by MAC and address. */
async function leaseEnds(hypervisor: Hypervisor, cards: CardState[]): Promise<Map<string, number>> {
  const networks = new Set(cards.flatMap(({ kind, source }) => (kind === "network" ? (source ?? []) : [])));
  const ends = new Map<string, number>();
  for (const network of networks) {
    const leases = await hypervisor.networkLeases(network).catch(() => []);
    // One without an end is never renewed.
    for (const { mac, address, end } of leases) if (end > 0) ends.set(`${mac} ${address}`, end);
  }
  return ends;
}

/**
 * DHCP servers keep a lease when its guest has gone, and hosts an entry of their ARP table: what is known before the guest has
 * started counts once the lease has been renewed.
 */
async function withoutEarlier(
  hypervisor: Hypervisor,
  cards: CardState[],
  found: FoundAddress[],
  earlier: Map<string, number>,
): Promise<FoundAddress[]> {
  const isDoubtful = ({ source, mac, address }: FoundAddress) =>
    source !== "agent" && earlier.has(`${mac} ${address}`);
  if (!found.some(isDoubtful)) return found;
  const now = await leaseEnds(hypervisor, cards);
  return found.filter((one) => {
    const key = `${one.mac} ${one.address}`;
    return !isDoubtful(one) || (now.get(key) ?? 0) > (earlier.get(key) ?? 0);
  });
}

/** Where addresses come from, for messages. */
const SOURCES: Record<AddressSource, string> = {
  agent: "the guest agent",
  lease: "the leases of its network",
  arp: "the ARP table of the host",
};

/** What was waited for, and what each source answered. */
export function describeMissingAddresses({ missing, addresses, failures }: AddressWaitResult): string {
  return missing
    .map(({ place, mac, card, patience }) => {
      const source = card.source === undefined ? "" : ` "${card.source}"`;
      const asked = (["agent", "lease", "arp"] as const).filter((one) => knowsOf(one, card));
      const answers = asked.map((one) => `${SOURCES[one]}: ${failures[one] ?? "no address"}`).join("; ");
      return `${place} (${mac}, ${card.kind}${source}) has no address after ${patience.text} (${answers})`;
    })
    .concat(addresses.map(({ mac, address }) => `${mac} has ${address}`))
    .join("; ");
}
