import { FIELD_NAMES } from "./args/fields.ts";
import type { Inputs } from "./args/inputs.ts";
import type { Defaults } from "./args/settings.ts";
import type { Detaching, GuestRecord } from "./guest/record.ts";
import type { Speaker } from "./guest/report.ts";
import type { Observation } from "./observe/observe.ts";
import { desiredMemory } from "./plan/desired.ts";
import { guestBlockOf } from "./plan/dimms/layout.ts";
import { downwardSizes } from "./plan/live-sizes/down.ts";
import { upwardSizes } from "./plan/live-sizes/up.ts";
import type { Observed, ObservedDevice } from "./plan/observed.ts";
import type { Kib } from "./units/kib.ts";
import { canonicalSize } from "./units/size.ts";

/** The form of the outputs below. A later version reads all earlier ones. */
const STATE_VERSION = 1;

/** What the state keeps of a domain: the arguments as they were carried out, and what was read back. */
export interface Outputs extends Inputs {
  uri: string;
  state: string;
  liveMemory?: string;
  nextBootMemory?: string;
  pendingMemory?: string;
  memoryDevices: Record<string, unknown>[];
  reachable: { from: string; to: string; step: string }[];
  guestMemory?: string;
  guestMemoryFrom?: Speaker;
  /** The domain as it was read back, for plans that are made without a route to the hypervisor. */
  __observed: Observed;
  /** What the guest said after the last change of its memory. */
  __guest?: GuestRecord;
  /** Requests to give DIMMs up that the guest had not answered. */
  __detaching?: Detaching;
  /** The sizes that a refresh put into the inputs, in place of those that were asked. */
  __drift?: Partial<Inputs>;
  /** The program named the URI itself. */
  __ownUri?: boolean;
  /** Somebody else made the domain: it is never replaced for its memory, and stays on destroy unless onDelete says so. */
  __adopted?: boolean;
  __stateVersion: number;
}

/** What outputs are made of, beside the arguments. */
export interface Origin {
  /** As resolved. */
  uri: string;
  observation: Observation;
  /** The stack's, for the sizes that are live from here. */
  defaults: Defaults;
  /** Somebody else made the domain. */
  adopted: boolean;
  /** The memory that a change of ours left for the next boot. */
  pending?: Kib | undefined;
  /** What the balloon was told by a change of ours that did not wait until it got there. */
  told?: Kib | undefined;
  /** The guest's word, where it was asked since the domain started. */
  guest?: GuestRecord | undefined;
  /** What the guest was asked for and is still there. */
  detaching?: Detaching | undefined;
}

export function outputs(
  inputs: Inputs,
  { uri, observation, defaults, adopted, pending, told, guest, detaching }: Origin,
): Outputs {
  const { observed, power } = observation;
  const live = observed.live?.memory;
  const nextBoot = observed.nextBoot?.memory;
  const desired = desiredMemory(inputs, defaults, adopted);
  const up = desired && upwardSizes(desired, observed);
  const reachable = [...(up ? [up] : []), ...(desired ? downwardSizes(desired, observed) : [])];
  const waits = live !== undefined && nextBoot !== undefined && live !== nextBoot;
  return {
    ...inputs,
    uri,
    state: power,
    memoryDevices: (observed.live ?? observed.nextBoot)?.devices.map(deviceOutput) ?? [],
    reachable: reachable.map(({ from, to, step }) => ({
      from: canonicalSize(from),
      to: canonicalSize(to),
      step: canonicalSize(step),
    })),
    ...(live !== undefined && { liveMemory: canonicalSize(live) }),
    ...(nextBoot !== undefined && { nextBootMemory: canonicalSize(nextBoot) }),
    ...(waits && { pendingMemory: canonicalSize(nextBoot) }),
    ...(guest !== undefined && {
      guestMemory: canonicalSize(guest.memory),
      guestMemoryFrom: guest.speaker,
      __guest: guest,
    }),
    ...(detaching !== undefined && { __detaching: detaching }),
    ...(inputs.uri !== undefined && { __ownUri: true }),
    ...(adopted && { __adopted: true }),
    __observed: {
      ...remembered(inputs.currentMemory === undefined ? withoutBalloon(observed) : observed),
      ...(waits && pending === nextBoot && { pending: nextBoot }),
      ...(told !== undefined && { told }),
    },
    __stateVersion: STATE_VERSION,
  };
}

/**
 * What a guest says is kept where it makes a difference: a refresh that hears an agent for the first time, or finds the
 * domain started anew, shows no change for that alone. What is ours is said anew by who knows.
 */
function remembered({ pending: _, told: __, ...observed }: Observed): Observed {
  if (observed.live === undefined) return observed;
  const { guestBlock, domainId, ...live } = observed.live;
  const isOwnBlock = guestBlock !== undefined && guestBlock !== guestBlockOf(live).size;
  const isWord = isOwnBlock || live.devices.some(({ taken }) => taken !== undefined);
  return {
    ...observed,
    live: {
      ...live,
      ...(isOwnBlock && { guestBlock }),
      ...(isWord && domainId !== undefined && { domainId }),
    },
  };
}

/** A balloon that the program doesn't name is moved by others as they like, and makes no difference. */
function withoutBalloon({ live, nextBoot, ...rest }: Observed): Observed {
  return {
    ...rest,
    ...(live && { live: { ...live, currentMemory: live.memory } }),
    ...(nextBoot && { nextBoot: { ...nextBoot, currentMemory: nextBoot.memory } }),
  };
}

/** The arguments that the state echoes, as check once answered them. */
export function echoedInputs(state: Outputs): Inputs {
  const names = new Set<string>([...FIELD_NAMES, "__urn", "__secret", "__provider", "memoryPlan"]);
  if (state.__ownUri !== true) names.delete("uri");
  return Object.fromEntries(Object.entries(state).filter(([name]) => names.has(name))) as unknown as Inputs;
}

function deviceOutput(device: ObservedDevice): Record<string, unknown> {
  const { model, alias, slot, node, base, size, taken, requested, current } = device;
  return {
    model,
    size: canonicalSize(size),
    ...(alias !== undefined && { alias }),
    ...(slot !== undefined && { slot }),
    ...(node !== undefined && { node }),
    ...(base !== undefined && { base }),
    ...(taken !== undefined && { taken }),
    ...(requested !== undefined && { requested: canonicalSize(requested) }),
    ...(current !== undefined && { current: canonicalSize(current) }),
  };
}
