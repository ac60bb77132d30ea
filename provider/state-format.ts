import { UserError } from "./errors.ts";
import { type Outputs, STATE_VERSION } from "./outputs.ts";
import {
  IMPLIED_SINCE,
  MEMORY_OUTPUT,
  type PackedObserved,
  packObservation,
  unpackObservation,
} from "./packed-observation.ts";
import { isCanonicalSize } from "./units/size.ts";

/** The first format in which the observation is packed. */
const PACKED_SINCE = 2;
/** Outputs as the state keeps them, in the format that they name. */
export function packedState<T extends object>(outputs: T): T {
  const { __observed: observed, __stateVersion: version } = outputs as Partial<Outputs>;
  if (observed === undefined || version === undefined || version < PACKED_SINCE) return outputs;
  return { ...outputs, __observed: packObservation(observed, outputs) };
}

/** Outputs as the operations use them, from a state of any format. */
export function unpackedState(state: object): Outputs {
  const { __observed: observed, __stateVersion: version } = state as Partial<Outputs>;
  if (observed === undefined || version === undefined || version < PACKED_SINCE) return state as Outputs;
  return { ...(state as Outputs), __observed: unpackObservation(observed as PackedObserved, state) };
}

/**
 * Outputs from what the engine passes on as a state.
 *
 * @throws UserError for a state that a later version of this provider wrote in a format that this one doesn't know, and for one that
 * was edited so that it lacks what every version writes
 */
export function readState(state: Record<string, unknown>): Outputs {
  refuseUnreadableState(state);
  return unpackedState(state);
}

function refuseUnreadableState(state: Partial<Outputs>): void {
  const { __stateVersion: version, name } = state;
  if (typeof version === "number" && version > STATE_VERSION) throw newerState(version, name);
  const damaged = [
    ...Object.entries(WRITTEN).filter(([property, isValid]) => !isValid(Reflect.get(state, property))),
    ...Object.entries(WRITTEN_IF_ANY).filter(([property, isValid]) => {
      const value: unknown = Reflect.get(state, property);
      return value !== undefined && !isValid(value);
    }),
  ].map(([property]) => property);
  if (typeof version === "number" && version >= IMPLIED_SINCE) damaged.push(...invalidSizes(state));
  if (damaged.length === 0) return;
  const text = `the state of ${typeof name === "string" ? `domain ${name}` : "this resource"} has no valid ${[...new Set(damaged)].join(", ")}, as every version of libvirt-hotplug writes it; restore the stack from an earlier state (pulumi stack import), or remove the resource from the state (pulumi state delete) and import the domain again`;
  throw new UserError(text, { code: "damaged-state" });
}

type Form = (value: unknown) => boolean;

const isText: Form = (value) => typeof value === "string";

/** What every state has. */
const WRITTEN: Partial<Record<keyof Outputs, Form>> = {
  ...{ name: isText, uuid: isText, uri: isText, memory: isCanonicalSize, maxMemory: isCanonicalSize },
  ...{ __observed: isObject, __stateVersion: Number.isInteger },
};

/** What operations read of a state, where it has it. */
const WRITTEN_IF_ANY: Partial<Record<keyof Outputs, Form>> = {
  ...{ currentMemory: isCanonicalSize, liveMemory: isCanonicalSize, nextBootMemory: isCanonicalSize },
  ...{ savedMemory: isCanonicalSize, pendingMemory: isCanonicalSize },
  ...{ numa: Array.isArray, disks: Array.isArray, interfaces: Array.isArray, hotplug: isObject },
  ...{ __guest: isObject, __guestVcpus: isObject, __detaching: isObject, __drift: isObject },
};

/** The outputs that the observation is packed against, where they aren't what the provider wrote. */
function invalidSizes(state: Partial<Outputs>): string[] {
  const { memoryDevices, memorySlots } = state as Record<string, unknown>;
  const packed = isObject(state.__observed) ? (state.__observed as PackedObserved) : {};
  const isNextBootSame = packed.live !== undefined && packed.persistent === undefined;
  const views = (["live", "nextBoot", "saved"] as const).filter(
    (view) => packed[view] !== undefined || (view === "nextBoot" && isNextBootSame),
  );
  const isDevice = (value: unknown) => isObject(value) && isCanonicalSize(Reflect.get(value, "size"));
  return [
    ...["maxMemory" as const, ...views.map((view) => MEMORY_OUTPUT[view])].filter(
      (name) => !isCanonicalSize(state[name]),
    ),
    ...(typeof memorySlots === "number" ? [] : ["memorySlots"]),
    ...(Array.isArray(memoryDevices) && memoryDevices.every(isDevice) ? [] : ["memoryDevices"]),
  ];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function newerState(version: number, name: unknown): UserError {
  const text = `the state of domain ${name} has format ${version}, but this version of libvirt-hotplug reads formats up to ${STATE_VERSION}: a later version wrote it; install that version or a later one`;
  return new UserError(text, { code: "newer-state" });
}
