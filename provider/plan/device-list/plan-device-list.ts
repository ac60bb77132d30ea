import type { HotplugSettings } from "../../args/settings.ts";
import { defineStep } from "../definition/steps.ts";
import { planFallback } from "../fallback.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { pauseObstacles, releaseObstacles } from "../pause.ts";
import { type DeviceStep, type Obstacle, type Plan, type Step, toReason } from "../plan.ts";
import { HOTPLUG_DISABLED, noAcpi } from "../platform.ts";
import { NEXT_BOOT, noteIf, refusal } from "../text.ts";
import { ALIASES } from "./aliases.ts";
import type { DeviceKind } from "./device-kind.ts";
import { listedDevices } from "./listed-devices.ts";
import { matchDevices } from "./match-devices.ts";
import { devicesHeadline, missingPorts } from "./text.ts";

/** The settings that decide what is done to a running domain. */
export type DeviceSettings = Pick<HotplugSettings, "enabled" | "whenNotPossible" | "applyOn"> & {
  adopted: boolean;
  allowDowntime: boolean;
  forceOff: boolean;
};

/** What becomes of a list of devices. */
export type DeviceListPlan =
  /** No device changes, only names of entries or their places in the list. */
  | { kind: "none" }
  /** The definition is changed, and nothing of the running domain. */
  | { kind: "definition" }
  /**
   * - `later`: the definition is changed in more than what the running domain gets now;
   * - `ports`: how many ports of the running domain it takes, less those that it frees.
   */
  | { kind: "planned"; plan: Plan; later: boolean; ports: number };

export interface DeviceListInput<Entry> {
  /** The list before, and as it is to be; undefined while a part of it isn't known. */
  before: Entry[] | undefined;
  news: Entry[] | undefined;
  observed: Observed;
  /** The program's list differs from the one before, or from what an interrupted update has defined. */
  isChanged: boolean;
  /** The domain is shut down or restarted by the same update. */
  isStopping: boolean;
  /** The ports of the running domain that are free for this list. */
  freePorts: number;
  settings: DeviceSettings;
}

/** Plans a change of a list of devices, for the domain as it was observed or, where its devices weren't read, as the list made it. */
export function planDeviceList<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  { before, news, observed, isChanged, isStopping, freePorts, settings }: DeviceListInput<Entry>,
): DeviceListPlan {
  const nothing: DeviceListPlan = { kind: "none" };
  if (before === undefined || news === undefined) return isChanged ? { kind: "definition" } : nothing;
  const { live, nextBoot } = observed;
  const made = kind.made(before);
  const running = kind.devices(live) ?? made;
  const inDefinition = kind.devices(nextBoot) ?? made;
  const taken = [...running, ...inDefinition];
  const changes = changesOf(kind, { before, news }, running, taken);
  const defined = changesOf(kind, { before, news }, inDefinition, taken);
  const isLive = live !== undefined && !isEmpty(changes);
  if (!isLive && isEmpty(defined) && defined.later.length === 0) return nothing;
  const isDeferred = settings.applyOn === "nextBoot" && nextBoot !== undefined;
  // A state of an earlier version says nothing of the running domain's devices.
  const isKnown = live?.freePorts !== undefined;
  if (!isKnown || isStopping || isDeferred || !isLive) return isChanged ? { kind: "definition" } : nothing;
  // What the definition has already only goes on waiting.
  const waiting = new Set(defined.later.map(({ index }) => index));
  const later = changes.later.filter(({ index }) => waiting.has(index));
  const plan = planLive(kind, { ...changes, later }, { observed, live, freePorts }, settings);
  // What waits for the next boot since the running domain can't have it, or can't lose it, goes on waiting.
  const isKept = (device: State) =>
    kind.unpluggable(device, live) !== undefined &&
    matchDevices([kind.key(device)], inDefinition, kind.key)[0] === undefined;
  if (!isChanged && (plan.reasons.length > 0 || running.some(isKept))) return nothing;
  const isPlugged = plan.outcome === "live";
  const { needed, freed } = portsOf(kind, changes, live);
  return {
    kind: "planned",
    plan,
    later: later.length > 0 && isPlugged,
    ports: isPlugged ? needed - freed : 0,
  };
}

/** A device that is attached, detached or changed. */
interface Change<State> {
  name: string | undefined;
  state: State;
}

/** What makes the devices of a domain those of a list. */
interface Changes<State> {
  detached: Change<State>[];
  attached: Change<State>[];
  updated: Change<State>[];
  /** Changes that only a definition can get, by the place of the entry in the list. */
  later: { index: number }[];
}

function isEmpty({ detached, attached, updated }: Changes<unknown>): boolean {
  return detached.length + attached.length + updated.length === 0;
}

/** @param taken devices whose places a new one can't have */
function changesOf<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  { before, news }: { before: Entry[]; news: Entry[] },
  devices: State[],
  taken: State[],
): Changes<State> {
  const { old, left, matches, present, wanted } = listedDevices(kind, { before, news }, devices, taken);
  const changes = wanted.map((state, index) => {
    const device = present[index];
    const change = device === undefined ? undefined : kind.change(state, device);
    return { index, name: news[index]?.name, state, device, change };
  });
  const updated = changes.flatMap(({ index, name, state, device, change }) =>
    device === undefined || change !== "live" ? [] : [{ index, name, state: kind.updated(state, device) }],
  );
  const isOurs = (device: State) => kind.key(device).alias?.startsWith(ALIASES[kind.device]) === true;
  const kept = new Set(matches);
  const removed = old.flatMap((device, index) =>
    device === undefined || kept.has(index) ? [] : [{ name: before[index]?.name, state: device }],
  );
  const had = new Set(present);
  const orphans = left.filter((device) => !had.has(device) && isOurs(device));
  const replaced = changes.flatMap(({ name, device, change }) =>
    device === undefined || change !== "reattach" ? [] : [{ name, state: device }],
  );
  return {
    detached: [
      ...removed,
      ...orphans.map((state) => ({ name: kind.key(state).alias?.slice(ALIASES[kind.device].length), state })),
      ...replaced,
    ],
    attached: changes.flatMap(({ name, state, change }) =>
      change === undefined || change === "reattach" ? [{ name, state: kind.attached(state) }] : [],
    ),
    updated,
    later: changes.filter(({ index, state, change }) => {
      const after = updated.find((one) => one.index === index)?.state;
      return change === "nextBoot" || (after !== undefined && kind.change(state, after) === "nextBoot");
    }),
  };
}

interface RunningDomain {
  observed: Observed;
  live: MemoryView;
  freePorts: number;
}

function planLive<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  changes: Changes<State>,
  domain: RunningDomain,
  settings: DeviceSettings,
): Plan {
  const { attached, detached, updated } = changes;
  const { observed, live } = domain;
  const definition = observed.nextBoot === undefined ? [] : [defineStep(undefined, [kind.field])];
  const [boot] = settings.forceOff
    ? []
    : detached.flatMap(({ state }) => kind.indispensable(state, live) ?? []);
  if (boot !== undefined) return refusal(toReason(boot), `${kind.field}: one ${boot.predicate}`);
  const obstacles = obstaclesTo(kind, changes, domain, settings);
  const described = (change: Change<State>) => kind.describe(change.name, change.state);
  const [first] = obstacles;
  if (first !== undefined) {
    const plugged = [...attached, ...detached];
    const about = first.about ?? (plugged.length === 1 ? plugged[0] : undefined);
    return planFallback(settings, observed, {
      field: kind.field,
      subject: about === undefined ? `the change of ${kind.field}` : inShort(kind, about),
      obstacles: obstacles.map(({ about: _, ...obstacle }) => obstacle),
      hint: "",
      options: [],
      size: kind.field,
      definition,
      notes: [],
    });
  }
  const stepsOf = <Kind extends DeviceStep["kind"]>(
    step: Kind,
    verb: string,
    changes: Change<State>[],
  ): Step[] =>
    changes.map((change) => {
      const sentence = `${verb} ${described(change)}`;
      return { kind: step, ...kind.asDevice(change.state), sentence } as Step;
    });
  // What a device takes is free for the next one once it is detached.
  const steps = [
    ...stepsOf("detachDevice", "detach", detached),
    ...stepsOf("updateDevice", "change", updated),
    ...stepsOf("attachDevice", "attach", attached),
  ];
  return {
    outcome: "live",
    headline: devicesHeadline(kind.device, steps),
    details: noteIf(changes.later.length > 0, `other changes of ${kind.field}: ${NEXT_BOOT}`),
    steps: [...steps, ...definition],
    reasons: [],
  };
}

/** For a headline, which has room for a short path. */
function inShort<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  { name, state }: Change<State>,
): string {
  const whole = kind.describe(name, state);
  if (whole.length <= LONGEST_SUBJECT) return whole;
  return name === undefined ? `a ${kind.device}` : `${kind.device} "${name}"`;
}

const LONGEST_SUBJECT = 50;

/** Why the running domain can't have the change: all reasons at once, with the device that each is about. */
function obstaclesTo<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  changes: Changes<State>,
  { observed, live, freePorts }: RunningDomain,
  { enabled }: DeviceSettings,
): (Obstacle & { about?: Change<State> })[] {
  const { attached, detached } = changes;
  const plugged = [...detached, ...attached];
  const obstacleOf = (about: Change<State>, obstacle: Obstacle | undefined) =>
    obstacle === undefined ? [] : [{ ...obstacle, about }];
  const ofDevices = [
    ...plugged.flatMap((about) => obstacleOf(about, kind.unpluggable(about.state, live))),
    ...attached.flatMap((about) => obstacleOf(about, kind.unattachable(about.state))),
  ];
  const { needed, freed } = portsOf(kind, changes, live);
  const free = freePorts + freed;
  return [
    ...(enabled || plugged.length === 0 ? [] : [HOTPLUG_DISABLED]),
    ...(plugged.length === 0 ? [] : pauseObstacles(observed)),
    ...(detached.length > 0 ? releaseObstacles(observed, "a device") : []),
    ...(plugged.length > 0 && !live.acpi && live.arch === "x86_64" ? [NO_ACPI] : []),
    ...unique(ofDevices),
    ...(needed > free && live.arch !== "s390x"
      ? [missingPorts(kind.field, { needed, free, isShared: (live.freePorts ?? 0) > freePorts })]
      : []),
  ];
}

/** The ports that a change takes, and those that it frees: devices are detached first, and the controller of scsi disks stays. */
function portsOf<Entry extends { name?: string }, State>(
  kind: DeviceKind<Entry, State>,
  { attached, detached }: Changes<State>,
  live: MemoryView,
): { needed: number; freed: number } {
  const states = (changes: Change<State>[]) => changes.map(({ state }) => state);
  return {
    needed: kind.ports(states(attached), live),
    freed: kind.ports(states(detached), { ...live, hasScsi: true }),
  };
}

const NO_ACPI = noAcpi("hot-plug");

function unique<One extends Obstacle>(obstacles: One[]): One[] {
  const texts = new Set<string>();
  return obstacles.filter(({ text }) => !texts.has(text) && texts.add(text));
}
