import { type AddressWait, addressWaits, reportsAddressesOf } from "../args/addresses.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { type AddressRecord, recordedAddresses } from "../guest/address-record.ts";
import { findAddresses } from "../guest/addresses.ts";
import { type AwaitedCard, describeMissingAddresses, waitForAddresses } from "../guest/wait-for-addresses.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import { looksForAddresses, mayChangeAddresses, waitsFor } from "../plan/addresses.ts";
import type { Session } from "../session.ts";
import type { Progress, UpdateContext } from "./context.ts";

/** A domain whose addresses are to be recorded. */
export interface AddressedDomain {
  session: Session;
  hypervisor: Hypervisor;
  domain: DomainRef;
  /** As it was read last. */
  observation: Observation;
  inputs: Inputs;
  /** What the state has, for cards about which nobody can be asked at the moment. */
  recorded?: AddressRecord | undefined;
}

/** The addresses that a running domain has now, where the program asks for them. */
export async function presentAddresses({
  hypervisor,
  domain,
  observation,
  inputs,
  recorded,
}: AddressedDomain): Promise<AddressRecord> {
  const cards = askedCards(observation, inputs);
  if (cards.length === 0) return { addresses: [], missing: [] };
  const asksAgent = observation.agentConnected && observation.observed.power === "running";
  const { addresses, failures } = await findAddresses(hypervisor, domain, { cards, asksAgent });
  const isFound = (mac: string) => addresses.some((one) => one.mac === mac);
  const isUncertain = Object.keys(failures).length > 0;
  const kept = isUncertain ? (recorded?.addresses ?? []).filter(({ mac }) => !isFound(mac)) : [];
  const missing = (recorded?.missing ?? []).filter((mac) => !isFound(mac));
  return { addresses: [...addresses, ...kept], missing };
}

/** How a wait for addresses ended. */
export interface AwaitedAddresses {
  record: AddressRecord;
  /** Which cards have no address, and why as far as is known; undefined where all have one. */
  shortfall: string | undefined;
}

/** Waits until the cards have an address. A guest that doesn't run has none. */
export async function awaitedAddresses(
  addressed: AddressedDomain,
  waits: AddressWait[],
  isStarting: boolean,
): Promise<AwaitedAddresses> {
  const { session, hypervisor, domain, observation, inputs } = addressed;
  const cards = askedCards(observation, inputs);
  const awaited = observation.observed.power === "running" ? waits : [];
  const found = awaited.flatMap((wait): AwaitedCard[] => {
    const card = cards.find(({ mac }) => mac === wait.mac);
    const patience = session.patience(wait.seconds, `${wait.place}.waitForAddress`);
    return card === undefined ? [] : [{ ...wait, card, patience }];
  });
  if (found.length === 0) return { record: await presentAddresses(addressed), shortfall: undefined };
  const result = await waitForAddresses(hypervisor, domain, {
    ...{ cards, awaited: found, isStarting },
    asksAgent: inputs.agent !== false || observation.agentConnected,
    onProgress: (missing) => {
      const places = missing.map(({ place }) => place).join(", ");
      const text = `waiting for an address of ${places}, up to ${missing[0]?.patience.text}`;
      return session.log.status(inputs.__urn, redact(text, inputs));
    },
  });
  const record = { addresses: result.addresses, missing: result.missing.map(({ mac }) => mac) };
  return {
    record,
    shortfall: result.missing.length === 0 ? undefined : describeMissingAddresses(result),
  };
}

/** Why a create or an update failed in part: with all cards that have no address. */
export function lackingAddresses(name: string, missing: string): string {
  return `Domain ${name} runs, but ${missing}; the next update waits again`;
}

/** The cards of the running domain that the program asks about. */
function askedCards({ running }: Observation, inputs: Inputs) {
  return (running?.cards ?? []).filter(({ mac }) => reportsAddressesOf(mac, inputs));
}

/**
 * Records the addresses at the end of an update that may have changed them, that was asked for more of them, or whose predecessor
 * didn't get one. Any other update keeps those that the state has.
 *
 * @returns why cards that are waited for have no address; undefined where they have one
 */
export async function updateAddresses(
  context: UpdateContext,
  progress: Progress,
): Promise<string | undefined> {
  const { session, hypervisor, domain, before, news, plan, state } = context;
  const recorded = recordedAddresses(state);
  if (!looksForAddresses({ recorded, before, news, steps: plan.steps })) return undefined;
  const isChanged = recorded === undefined || mayChangeAddresses(plan.steps);
  const waits = addressWaits(news).filter(
    ({ mac }) => isChanged || recorded.missing.includes(mac) || !waitsFor(mac, before),
  );
  // What a cancelled wait leaves.
  progress.addresses = {
    addresses: isChanged ? [] : recorded.addresses,
    missing: waits.map(({ mac }) => mac),
  };
  const addressed = { session, hypervisor, domain, observation: progress.now, inputs: news, recorded };
  const isStarting = plan.steps.some(({ kind }) => kind === "start");
  const { record, shortfall } = await awaitedAddresses(addressed, waits, isStarting);
  progress.addresses = record;
  return shortfall;
}
