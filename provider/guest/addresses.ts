import { isIP } from "node:net";
import { z } from "zod";
import type { CardState } from "../domain/state.ts";
import type { AddressTable, CardAddress, DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { QUESTION_SECONDS } from "./agent.ts";
import { printable } from "./report.ts";

/** What knows the addresses of a guest, in the order in which it is asked. */
export type AddressSource = "agent" | AddressTable;

/** An address of one of a domain's network cards. */
export interface FoundAddress extends CardAddress {
  source: AddressSource;
}

/** What the sources answered. */
export interface AddressSearch {
  /** By card, in the order of the domain; IPv4 first. */
  addresses: FoundAddress[];
  /** Why a source gave no answer. */
  failures: Partial<Record<AddressSource, string>>;
}

/** A running domain whose addresses are asked for. */
export interface AddressQuestion {
  /** Those of the running domain that are asked about. */
  cards: CardState[];
  /** Whether the agent is asked: one that isn't connected is asked only by a wait. */
  asksAgent: boolean;
}

/**
 * Finds the addresses of a running guest: those that its agent reports; for the cards that it doesn't report on, the leases of
 * their networks; for the rest, the ARP table of the host. A source is only asked about cards that none before it knew.
 */
export async function findAddresses(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { cards, asksAgent }: AddressQuestion,
): Promise<AddressSearch> {
  const found: FoundAddress[] = [];
  const failures: AddressSearch["failures"] = {};
  const ask = async (source: AddressSource, answer: () => Promise<CardAddress[]>) => {
    const open = cards.filter(({ mac }) => !found.some((one) => one.mac === mac));
    if (!open.some((card) => knowsOf(source, card))) return;
    try {
      for (const address of await answer())
        if (isUsable(address.address) && open.some(({ mac }) => mac === address.mac))
          found.push({ ...address, source });
    } catch (error) {
      failures[source] = printable(error);
    }
  };
  if (asksAgent) await ask("agent", () => agentAddresses(hypervisor, domain));
  for (const table of ["lease", "arp"] as const)
    await ask(table, () => hypervisor.interfaceAddresses(domain, table));
  return { addresses: inOrder(found, cards), failures };
}

/** Whether a source can have addresses of a card: QEMU's user-mode network isn't known to the host. */
export function knowsOf(source: AddressSource, { kind }: CardState): boolean {
  if (source === "agent") return true;
  return source === "lease" ? kind === "network" : kind !== "user";
}

/** Addresses that a guest gives itself on every link, without a network: they reach nobody else. */
function isUsable(address: string): boolean {
  const isOwn = /^(?:127\.|169\.254\.|0\.0\.0\.0$|::1?$|fe[89ab][0-9a-f]:)/i.test(address);
  return isIP(address) !== 0 && !isOwn;
}

function inOrder(found: FoundAddress[], cards: CardState[]): FoundAddress[] {
  return cards.flatMap(({ mac }) => {
    const own = found.filter((one) => one.mac === mac);
    const unique = own.filter(
      (one, index) => own.findIndex((other) => other.address === one.address) === index,
    );
    return [4, 6].flatMap((version) => unique.filter(({ address }) => isIP(address) === version));
  });
}

/** The answer to guest-network-get-interfaces, as far as it is used (qga/qapi-schema.json). The guest isn't trusted. */
const interfacesReply = z.array(
  z.object({
    "hardware-address": z.string().optional(),
    "ip-addresses": z
      .array(z.object({ "ip-address": z.string(), prefix: z.int().min(0).max(128) }))
      .optional(),
  }),
);

async function agentAddresses(hypervisor: Hypervisor, domain: DomainRef): Promise<CardAddress[]> {
  const command = { execute: "guest-network-get-interfaces" };
  const reply = interfacesReply.safeParse(await hypervisor.agentCommand(domain, command, QUESTION_SECONDS));
  if (!reply.success)
    throw new Error(
      "the guest agent's answer to guest-network-get-interfaces does not have the expected form",
    );
  return reply.data.flatMap(({ "hardware-address": mac = "", "ip-addresses": addresses = [] }) =>
    addresses.map(({ "ip-address": address, prefix }) => ({ mac: mac.toLowerCase(), address, prefix })),
  );
}
