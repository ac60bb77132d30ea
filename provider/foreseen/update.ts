import { reportsAddresses, reportsAddressesOf } from "../args/addresses.ts";
import type { Inputs } from "../args/inputs.ts";
import { type Defaults, hotplugSetting } from "../args/settings.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { recordedAddresses } from "../guest/address-record.ts";
import type { Observation } from "../observe/observe.ts";
import { echoedInputs, type Outputs, outputs } from "../outputs.ts";
import { looksForAddresses } from "../plan/addresses.ts";
import { afterStep } from "../plan/after-step.ts";
import { laggingRequests } from "../plan/devices.ts";
import type { Observed } from "../plan/observed.ts";
import { attachedDimms, definedMemory, isDefine, isVcpuStep, type Step } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import {
  allUnknown,
  isRoundedAtBoot,
  type Properties,
  pick,
  READ_BACK,
  type ReadBack,
  shown,
  unknownOf,
} from "./read-back.ts";

/** What a preview needs to know of the state: all outputs, or as much as the domain itself tells. */
export type KnownState = Pick<Outputs, "uri" | "state" | "__observed"> & Partial<Outputs>;

/** An update in a preview. */
export interface ForeseenUpdate {
  state: KnownState;
  news: Inputs;
  /** The plan that diff announced. */
  announced: UpdatePlan;
  /** The domain that it was made for; undefined where it was made from the state only. */
  seen: Observation | undefined;
  defaults: Defaults;
}

/** The outputs of an update as its plan announces them; unknown where only the domain or its guest can tell. */
export function foreseenUpdate(update: ForeseenUpdate): Properties {
  const { state, news, announced } = update;
  return defined({
    ...shown(news),
    ...plannedWithState(news, announced),
    uri: news.uri ?? state.uri,
    ...readBackAfter(update),
    addresses: addressesAfter(update),
  });
}

/** If the domain wasn't read, check only knew the two sizes; diff planned from the state. */
function plannedWithState(
  { memoryPlan, change, memoryChange }: Inputs,
  { memory, outcome }: UpdatePlan,
): Properties {
  return {
    memoryPlan: memoryChange === "unknown" ? memory?.headline || memoryPlan : memoryPlan,
    change: change === "unknown" ? outcome : change,
    memoryChange: memoryChange === "unknown" ? (memory?.outcome ?? memoryChange) : memoryChange,
  };
}

function readBackAfter(update: ForeseenUpdate): Properties {
  const { state, news, announced, seen, defaults } = update;
  const before: Basis = seen ?? { observed: state.__observed, power: state.state as Observation["power"] };
  if (announced.outcome === "unknown") {
    const power = containsUnknown(news.running) ? UNKNOWN : before.power;
    return { ...allUnknown(), state: announced.known?.steps.reduce(powerAfter, power) ?? power };
  }
  const observed = afterAll(before.observed, announced.steps);
  if (observed === undefined) return allUnknown();
  const power = announced.steps.reduce(powerAfter, before.power) as Observation["power"];
  const adopted = state.__adopted === true;
  const known = outputs(news, {
    ...{ uri: state.uri, observation: { observed, power }, defaults, adopted },
    guest: undefined,
  });
  return {
    ...pick(known, READ_BACK),
    ...guestMemory(update, before),
    ...guestVcpus(update, before),
    memoryDevices: foreseenDevices(known.memoryDevices, update, observed),
    ...unknownOf(notForeseen(update, observed)),
  };
}

/** Kept from the state unless the cards or the power change: then only the guest can tell. */
function addressesAfter({ state, news, announced, seen }: ForeseenUpdate): unknown {
  if (containsUnknown(news.reportAddresses) || containsUnknown(news.interfaces)) return UNKNOWN;
  if (!reportsAddresses(news)) return undefined;
  if (announced.outcome === "unknown") return UNKNOWN;
  const after = afterAll(seen?.observed ?? state.__observed, announced.steps);
  if (after?.live === undefined) return after === undefined ? UNKNOWN : [];
  const recorded = recordedAddresses(state);
  const before = echoedInputs(state);
  if (looksForAddresses({ recorded, before, news, steps: announced.steps })) return UNKNOWN;
  return state.addresses?.filter(({ mac }) => reportsAddressesOf(mac, news));
}

/** What outputs depend on in an observation. */
type Basis = Pick<Observation, "observed" | "power">;

/** The domain after all steps; undefined where they don't fit the domain in the state, which has changed since. */
function afterAll(observed: Observed, steps: Step[]): Observed | undefined {
  try {
    return steps.reduce(afterStep, observed);
  } catch {
    return undefined;
  }
}

function powerAfter(power: string, { kind }: Step): string {
  if (kind === "start" || kind === "restore" || kind === "resume" || kind === "wake") return "running";
  return kind === "stop" ? "shutoff" : power;
}

/** Steps that change what the guest has, and what it reports. */
const CHANGES_GUEST: ReadonlySet<Step["kind"]> = new Set([
  "attach",
  "detach",
  "resize",
  "restore",
  "resume",
  "wake",
]);

/** Steps after which the domain runs with what libvirt reads from a definition. */
const STARTS: ReadonlySet<Step["kind"]> = new Set(["start", "restore"]);

/** Arguments of a definition that may decide which sizes are live. */
const DECIDES_SIZES = ["xml", "machine", "balloon", "memoryBacking"];

/** The outputs that only the domain can tell, besides those of the guest. */
function notForeseen({ news, announced, seen }: ForeseenUpdate, observed: Observed): ReadBack[] {
  const { steps } = announced;
  const isStarted = steps.some(({ kind }) => STARTS.has(kind));
  const isRestored = steps.some(({ kind }) => kind === "restore");
  const changesMemory =
    isStarted ||
    definedMemory(steps) !== undefined ||
    steps.some(({ kind }) => CHANGES_GUEST.has(kind) || kind === "stop" || kind === "discard");
  const isRedefined = steps.some(
    (step) => isDefine(step) && step.fields.some((name) => DECIDES_SIZES.includes(name)),
  );
  // Which vCPUs are removable after a start, libvirt tells.
  const changesVcpus = isStarted || (seen === undefined && steps.some(isVcpuStep));
  const isRounded = isStarted && !isRestored && observed.live !== undefined && isRoundedAtBoot(observed.live);
  // An agent that reports a larger memory block changes which sizes are live.
  const mayReportBlock =
    seen?.agentConnected === true &&
    seen.guest === undefined &&
    steps.some(({ kind }) => CHANGES_GUEST.has(kind));
  const hasNewDevices = isStarted && observed.live?.devices.length !== 0;
  return [
    // A guest that was paused when it was saved is paused again.
    ...(isRestored && news.running !== true ? (["state", "stateReason"] as const) : []),
    ...(isRounded ? (["liveMemory", "pendingMemory", "reachable"] as const) : []),
    ...(changesVcpus || isRedefined ? (["reachableVcpus"] as const) : []),
    ...((seen === undefined && changesMemory) || isRedefined || mayReportBlock || hasNewDevices
      ? (["reachable"] as const)
      : []),
  ];
}

/** Where QEMU puts a device, and what the guest makes of it, isn't known in advance. */
function foreseenDevices(
  devices: Properties[],
  { news, announced, seen }: ForeseenUpdate,
  { live }: Observed,
): unknown {
  const { steps } = announced;
  const kinds = new Set(steps.map(({ kind }) => kind));
  // libvirt gives the devices of a definition their addresses, and aliases where they have none.
  const isNew = kinds.has("start") || kinds.has("restore") || (live === undefined && steps.some(isDefine));
  if (isNew) return devices.length === 0 ? devices : UNKNOWN;
  if (seen === undefined && steps.some(({ kind }) => CHANGES_GUEST.has(kind))) return UNKNOWN;
  const attached = new Map(attachedDimms(steps).map((dimm) => [dimm.alias, dimm]));
  const isMoved = news.hotplug?.before !== undefined;
  const mayReport = seen?.agentConnected !== false && (kinds.has("attach") || kinds.has("detach"));
  return devices.map((device) => {
    const dimm = attached.get(String(device.alias));
    return {
      ...device,
      ...(dimm !== undefined && (dimm.base === undefined || isMoved) && { base: UNKNOWN }),
      ...(dimm !== undefined && isMoved && { slot: UNKNOWN }),
      ...(device.model === "dimm" && mayReport && { taken: UNKNOWN }),
      ...(device.model === "virtio-mem" && kinds.has("resize") && { current: UNKNOWN }),
    };
  });
}

/** What the guest has: as it reported before, unless the update changes or awaits it. */
function guestMemory(update: ForeseenUpdate, { observed }: Basis): Properties {
  const { state, announced, seen } = update;
  const kinds = new Set(announced.steps.map(({ kind }) => kind));
  const isBallooned = announced.steps.some((step) => step.kind === "balloon" && step.where === "live");
  if (!isBallooned && (kinds.has("stop") || kinds.has("start")))
    return { guestMemory: undefined, guestMemoryFrom: undefined };
  const isAsked =
    isBallooned || announced.steps.some(({ kind }) => CHANGES_GUEST.has(kind)) || isAwaited(update, observed);
  if (isAsked) return unknownOf(["guestMemory", "guestMemoryFrom"]);
  const isSameStart = seen === undefined || seen.observed.live?.domainId === state.__guest?.domainId;
  return isSameStart
    ? pick(state, ["guestMemory", "guestMemoryFrom"])
    : { guestMemory: undefined, guestMemoryFrom: undefined };
}

/** What the guest has of its vCPUs: as it reported before, unless the update changes or awaits them. */
function guestVcpus(
  { state, announced, seen, news, defaults }: ForeseenUpdate,
  { observed }: Basis,
): Properties {
  const kinds = new Set(announced.steps.map(({ kind }) => kind));
  if (kinds.has("stop") || kinds.has("start")) return { guestVcpus: undefined };
  // The agent of a guest that is restored connects then.
  const mayAnswer = seen?.agentConnected !== false || kinds.has("restore");
  const isAsked = hotplugSetting("awaitGuest", news, defaults) !== false && mayAnswer;
  const isChanged = announced.steps.some(isVcpuStep);
  if (isAsked && (isChanged || state.__guestVcpus?.missing !== undefined)) return unknownOf(["guestVcpus"]);
  if (isChanged) return { guestVcpus: undefined };
  const isSameStart = seen === undefined || observed.live?.domainId === state.__guestVcpus?.domainId;
  return isSameStart ? pick(state, ["guestVcpus"]) : { guestVcpus: undefined };
}

/** Whether the update waits for memory of an earlier one. */
function isAwaited({ state, news, defaults }: ForeseenUpdate, { live }: Observed): boolean {
  if (hotplugSetting("awaitGuest", news, defaults) === false) return false;
  const recorded = state.__observed.live?.memory;
  return (
    state.__guest?.missing !== undefined ||
    laggingRequests(live, hotplugSetting("device", news, defaults)).length > 0 ||
    (live !== undefined && recorded !== undefined && live.memory > recorded)
  );
}
