import { reportsAddresses, reportsAddressesOf } from "./args/addresses.ts";
import { readMade } from "./args/disk-images.ts";
import { FIELD_NAMES } from "./args/fields.ts";
import { type Inputs, OUTCOME_INPUTS } from "./args/inputs.ts";
import { defined } from "./defined.ts";
import type { DomainState } from "./domain/state.ts";
import { type AddressOutput, type AddressRecord, addressOutput } from "./guest/address-record.ts";
import type { Detaching, GuestRecord } from "./guest/record.ts";
import type { Speaker } from "./guest/report.ts";
import type { VcpuRecord } from "./guest/vcpus.ts";
import type { Observation } from "./observe/observe.ts";
import { type DesiredMemory, desiredMemory } from "./plan/desired.ts";
import { slotCount } from "./plan/dimms/slots.ts";
import { downwardSizes } from "./plan/live-sizes/down.ts";
import { upwardSizes } from "./plan/live-sizes/up.ts";
import { type MemoryView, type Observed, type ObservedDevice, pendingMemory } from "./plan/observed.ts";
import { NO_CHANGE } from "./plan/planned-outcome.ts";
import { type DesiredVcpus, desiredVcpus } from "./plan/vcpus/desired.ts";
import { liveVcpuNumbers, type VcpuRange } from "./plan/vcpus/live-numbers.ts";
import { withPresentSecrets } from "./present-secrets.ts";
import { type RecordedSource, recordedObservation } from "./recorded-observation.ts";
import type { Kib } from "./units/kib.ts";
import { canonicalSize } from "./units/size.ts";

/** The format of the outputs below, as the state keeps them (state-format.ts). Later versions read all earlier formats. */
export const STATE_VERSION = 3;

/** The outputs that the state keeps of a domain: the arguments as they were carried out, and what was read back. */
export interface Outputs extends Inputs {
  uri: string;
  state: string;
  /** Why the guest of an active domain doesn't run; "saved" for a domain that is off and has a saved state. */
  stateReason?: string;
  liveMemory?: string;
  nextBootMemory?: string;
  pendingMemory?: string;
  savedMemory?: string;
  memoryDevices: Record<string, unknown>[];
  liveMemorySlots?: number;
  reachable: { from: string; to: string; step: string }[];
  guestMemory?: string;
  guestMemoryFrom?: Speaker;
  /** Where the program asks for them. They may differ at each refresh, which isn't drift. */
  addresses?: AddressOutput[];
  /** The MACs of cards without an address that an update has waited for in vain. */
  __awaitedAddresses?: string[];
  reachableVcpus?: VcpuRange[];
  guestVcpus?: number;
  /** The domain as it was read back, to plan from without a route to the hypervisor. */
  __observed: Observed;
  /** What the guest reported after the last change of its memory. */
  __guest?: GuestRecord;
  /** What the guest's agent reported about its vCPUs after their last change. */
  __guestVcpus?: VcpuRecord;
  /** Requests to release DIMMs that the guest had not answered. */
  __detaching?: Detaching;
  /** The sizes that a refresh put into the inputs, in place of the desired ones. */
  __drift?: Partial<Inputs>;
  /** From an update that failed in part: the engine keeps the inputs of the update before it, but these were carried out. */
  __partial?: boolean;
  /** The disk images that this provider made. */
  __made?: string[];
  /** The program set the URI. */
  __ownUri?: boolean;
  /** An update failed, and the domain may have changed since it was read. */
  __unread?: true;
  __stateVersion: number;
}

/** What outputs are made from, besides the arguments. */
export interface OutputSource extends RecordedSource {
  /** As resolved. */
  uri: string;
  observation: Pick<Observation, "observed" | "power"> & {
    definition?: Pick<DomainState, "uuid" | "writtenImages">;
  };
  /** What the guest reported, where it was asked since the domain started. */
  guest?: GuestRecord | undefined;
  /** What its agent reported about its vCPUs. */
  guestVcpus?: VcpuRecord | undefined;
  /** Requests to release DIMMs that are unanswered. */
  detaching?: Detaching | undefined;
  /** The guest's addresses; undefined where nobody was asked for them, so that the next update asks. */
  addresses?: AddressRecord | undefined;
}

export function outputs(given: Inputs, source: OutputSource): Outputs {
  const { uri, observation, defaults, adopted, guest, guestVcpus, detaching } = source;
  const { observed, power } = observation;
  const inputs = withPresentSecrets(given, {
    ...{ observed, defaults, adopted, guest, guestVcpus, detaching, told: source.told },
    others: [observation.definition?.writtenImages, source.addresses],
  });
  // The outputs say the same of the domain as it is now.
  const { headroom: _, ...echoed } = inputs;
  return defined({
    ...echoed,
    // The outcome was that of the run, which is over. States of earlier versions have none.
    ...(inputs.change !== undefined && NO_CHANGE),
    uri,
    state: power,
    stateReason: observed.saved === undefined ? observed.pause : "saved",
    memoryDevices: (observed.live ?? observed.nextBoot)?.devices.map(deviceOutput) ?? [],
    liveMemorySlots: otherSlots(observed.live, inputs),
    reachable: reachableSizes(desiredMemory(inputs, defaults, adopted), observed),
    liveMemory: canonical(observed.live?.memory),
    nextBootMemory: canonical(observed.nextBoot?.memory),
    pendingMemory: canonical(pendingMemory(observed)),
    savedMemory: canonical(observed.saved?.memory),
    guestMemory: canonical(guest?.memory),
    guestMemoryFrom: guest?.memory === undefined ? undefined : guest.speaker,
    ...addressOutputs(inputs, source),
    reachableVcpus: reachableVcpus(desiredVcpus(inputs, defaults, adopted), observed),
    guestVcpus: guestVcpus?.online,
    __guest: guest,
    __guestVcpus: guestVcpus,
    __detaching: detaching,
    __made: imagesIn(observation.definition?.writtenImages),
    __ownUri: inputs.uri === undefined ? undefined : true,
    __adopted: adopted || undefined,
    __observed: recordedObservation(inputs, source),
    __stateVersion: STATE_VERSION,
  });
}

function addressOutputs(
  inputs: Inputs,
  { observation, addresses: record }: OutputSource,
): Partial<Pick<Outputs, "addresses" | "__awaitedAddresses">> {
  if (record === undefined || !reportsAddresses(inputs)) return {};
  if (observation.observed.live === undefined) return { addresses: [] };
  const isReported = (mac: string) => reportsAddressesOf(mac, inputs);
  const awaited = record.missing.filter(isReported);
  return {
    addresses: record.addresses.filter(({ mac }) => isReported(mac)).map(addressOutput),
    ...(awaited.length > 0 && { __awaitedAddresses: awaited }),
  };
}

/** The outputs of an operation that failed in part. A refresh then gives the engine the inputs that were carried out. */
export function partialOutputs(outputs: Outputs): Outputs {
  return { ...defined(outputs), __partial: true };
}

/** The outputs of a domain that may have changed since it was read: the next preview looks at it, whatever the program. */
export function unreadOutputs(outputs: Outputs): Outputs {
  return { ...outputs, __unread: true };
}

function imagesIn(mark: string | undefined): string[] | undefined {
  const made = readMade(mark);
  return made.length === 0 ? undefined : made;
}

/** The slots of a running domain that were fixed when it was started, where they aren't those of the arguments. */
function otherSlots(live: MemoryView | undefined, { memorySlots }: Inputs): number | undefined {
  if (live === undefined) return undefined;
  const slots = slotCount(live);
  return slots === memorySlots ? undefined : slots;
}

function reachableSizes(desired: DesiredMemory | undefined, observed: Observed): Outputs["reachable"] {
  if (desired === undefined) return [];
  const up = upwardSizes(desired, observed) ?? [];
  return [up, downwardSizes(desired, observed)].flat().map(({ from, to, step }) => ({
    from: canonicalSize(from),
    to: canonicalSize(to),
    step: canonicalSize(step),
  }));
}

/** Undefined where there are none, as in states of earlier versions. */
function reachableVcpus(desired: DesiredVcpus | undefined, observed: Observed): VcpuRange[] | undefined {
  const ranges = desired === undefined ? [] : liveVcpuNumbers(desired, observed);
  return ranges.length === 0 ? undefined : ranges;
}

/** A state that an earlier version wrote of a running domain: it doesn't say into what disks and interfaces could be plugged. */
export function hasNoPorts({ __observed: { live } }: Outputs): boolean {
  return live !== undefined && live.freePorts === undefined;
}

/** Inputs that are echoed in the outputs, besides the arguments. */
const ECHOED = [
  ...["__urn", "__secret", "__secrets", "__formerSecrets", "__configured", "__provider", "__adopted"],
  ...OUTCOME_INPUTS,
];

/** The inputs that the state echoes, as check returned them. */
export function echoedInputs(state: Partial<Outputs>): Inputs {
  const names = new Set<string>([...FIELD_NAMES, ...ECHOED]);
  if (state.__ownUri !== true) names.delete("uri");
  return Object.fromEntries(Object.entries(state).filter(([name]) => names.has(name))) as unknown as Inputs;
}

function deviceOutput(device: ObservedDevice): Record<string, unknown> {
  const { model, alias, slot, node, base, size, taken, requested, current } = device;
  return defined({
    model,
    size: canonicalSize(size),
    ...{ alias, slot, node, base, taken },
    requested: canonical(requested),
    current: canonical(current),
  });
}

function canonical(size: Kib | undefined): string | undefined {
  return size === undefined ? undefined : canonicalSize(size);
}
