import { reportsAddresses, reportsAddressesOf } from "./args/addresses.ts";
import { readMade } from "./args/disk-images.ts";
import { FIELD_NAMES } from "./args/fields.ts";
import { type Inputs, OUTCOME_INPUTS } from "./args/inputs.ts";
import type { Defaults } from "./args/settings.ts";
import { withWritten } from "./args/written-arguments.ts";
import { defined } from "./defined.ts";
import type { DomainState } from "./domain/state.ts";
import { type AddressOutput, type AddressRecord, addressOutput } from "./guest/address-record.ts";
import type { Detaching, GuestRecord } from "./guest/record.ts";
import type { Speaker } from "./guest/report.ts";
import type { VcpuRecord } from "./guest/vcpus.ts";
import type { Observation } from "./observe/observe.ts";
import { type DesiredMemory, desiredMemory } from "./plan/desired.ts";
import { planDeviceLists } from "./plan/device-list/device-lists.ts";
import { guestBlockOf } from "./plan/dimms/layout.ts";
import { downwardSizes } from "./plan/live-sizes/down.ts";
import { upwardSizes } from "./plan/live-sizes/up.ts";
import {
  type MemoryView,
  type Observed,
  type ObservedDevice,
  pendingMemory,
  type VcpuRemoval,
} from "./plan/observed.ts";
import { NO_CHANGE } from "./plan/planned-outcome.ts";
import { type DesiredVcpus, desiredVcpus } from "./plan/vcpus/desired.ts";
import { liveVcpuNumbers, type VcpuRange } from "./plan/vcpus/live-numbers.ts";
import { withPresentSecrets } from "./present-secrets.ts";
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
export interface OutputSource {
  /** As resolved. */
  uri: string;
  observation: Pick<Observation, "observed" | "power"> & {
    definition?: Pick<DomainState, "uuid" | "writtenImages">;
  };
  /** The stack's defaults, for the sizes that work live. */
  defaults: Defaults;
  /** The domain was not created by this provider. */
  adopted: boolean;
  /** The memory that a change of ours left for the next boot. */
  pending?: Kib | undefined;
  /** The balloon target that a change of ours set without waiting until it was reached. */
  told?: Kib | undefined;
  /** What the guest reported, where it was asked since the domain started. */
  guest?: GuestRecord | undefined;
  /** What its agent reported about its vCPUs. */
  guestVcpus?: VcpuRecord | undefined;
  /** A removal of vCPUs that got no answer. */
  vcpuRemoval?: VcpuRemoval | undefined;
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

function recordedObservation(
  inputs: Inputs,
  { observation, defaults, adopted, pending, told, vcpuRemoval }: OutputSource,
): Observed {
  const { nextBoot } = observation.observed;
  const known = withWritten(inputs, inputs, nextBoot?.writtenArguments);
  const isSettled = hasListedDevices(inputs, observation.observed, defaults, adopted);
  const observed = withoutDevices(withoutRecorded(observation.observed, known !== inputs), isSettled);
  return defined({
    ...withoutGuestDetails(known.currentMemory === undefined ? withoutBalloon(observed) : observed),
    pending: pending === pendingMemory(observed) ? pending : undefined,
    told,
    vcpuRemoval,
  });
}

/**
 * Keeps a guest's report only if it matters for a plan. Otherwise a refresh that reaches an agent for the first time,
 * or finds the domain restarted, would show a difference for that reason only. The caller sets `pending`, `told` and
 * `vcpuRemoval`.
 */
function withoutGuestDetails(recorded: Observed): Observed {
  const { pending: _, told: __, vcpuRemoval: ___, images: ____, ...observed } = recorded;
  if (observed.live === undefined) return observed;
  const { guestBlock, domainId, ...live } = observed.live;
  const isOwnBlock = guestBlock !== undefined && guestBlock !== guestBlockOf(live).size;
  const isReported = isOwnBlock || live.devices.some(({ taken }) => taken !== undefined);
  const kept = {
    guestBlock: isOwnBlock ? guestBlock : undefined,
    domainId: isReported ? domainId : undefined,
  };
  return { ...observed, live: { ...live, ...defined(kept) } };
}

/** Only what the recorded arguments don't have is kept of the arguments that the domain has. */
function withoutRecorded({ live, nextBoot, ...rest }: Observed, isUnrecorded: boolean): Observed {
  return defined({
    ...rest,
    live: live && withoutArguments(live),
    nextBoot: nextBoot && (isUnrecorded ? nextBoot : withoutArguments(nextBoot)),
  });
}

function withoutArguments({ writtenArguments: _, ...view }: MemoryView): MemoryView {
  return view;
}

/**
 * The lists of the program say which disks and interfaces there are; a plan needs them only of a running domain that has others, and
 * the rest of the running domain.
 */
function withoutDevices({ live, nextBoot, saved, ...rest }: Observed, isSettled: boolean): Observed {
  return defined({
    ...rest,
    live: live && (isSettled ? withoutLists(live) : live),
    nextBoot: nextBoot && withoutPorts(withoutLists(nextBoot)),
    saved: saved && withoutPorts(withoutLists(saved)),
  });
}

/** Whether the running domain has the devices of the program's lists, as far as it can. */
function hasListedDevices(inputs: Inputs, observed: Observed, defaults: Defaults, adopted: boolean): boolean {
  const domain = { observed, isStopping: false };
  return planDeviceLists([], { before: inputs, inputs }, domain, defaults, adopted).parts.length === 0;
}

/** Without what plans of disks and interfaces need of a running domain. */
export function withoutPorts({
  freePorts: _,
  hasScsi: __,
  bootsKernel: ___,
  ...view
}: MemoryView): MemoryView {
  return view;
}

function withoutLists({ disks: _, cards: __, ...view }: MemoryView): MemoryView {
  return view;
}

/** A balloon that the program doesn't set may be moved by other tools, and makes no difference. */
function withoutBalloon({ live, nextBoot, ...rest }: Observed): Observed {
  return defined({
    ...rest,
    live: live && { ...live, currentMemory: live.memory },
    nextBoot: nextBoot && { ...nextBoot, currentMemory: nextBoot.memory },
  });
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
