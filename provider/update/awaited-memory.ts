import { hotplugSetting, type OnlinePolicy } from "../args/settings.ts";
import { countedSize, type MemoryDevice } from "../domain/state.ts";
import { type Expectation, expect, expectAll, missing, newOffline } from "../guest/expectation.ts";
import { currentRecord } from "../guest/record.ts";
import type { GuestReport, Speaker } from "../guest/report.ts";
import type { Observation } from "../observe/observe.ts";
import { attachedDimms, type DimmPlan, detachedDimms } from "../plan/plan.ts";
import { sum } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";
import { isPoweredOffOrOn, onlyRemovesDimms, secondsForGuest, type UpdateContext } from "./context.ts";

/** Memory in DIMMs that the update waits for the guest to have. */
export interface AwaitedMemory {
  /** The DIMMs that this update attaches. */
  dimms: DimmPlan[];
  /** The memory that an earlier update waited for in vain. */
  owed: Expectation | undefined;
  /** DIMMs that the guest never onlined are removed, so their memory isn't expected any more. */
  isRepair: boolean;
  seconds: number;
  online: OnlinePolicy;
  /** "attached 2 GiB in slot 3" */
  attached: string;
}

/**
 * The memory that the update waits for, if any: in DIMMs of this update, in DIMMs of an earlier one that had not
 * arrived, or in DIMMs of a run that ended before the guest reported them.
 */
export function awaitedMemory(context: UpdateContext): AwaitedMemory | undefined {
  const { plan, domain, news, session, observation, state } = context;
  const seconds = secondsForGuest(context);
  if (seconds === false || isPoweredOffOrOn(context) || onlyRemovesDimms(context)) return undefined;
  const dimms = attachedDimms(plan.steps);
  const owed = currentRecord(state?.__guest, domain.id)?.missing;
  if (dimms.length === 0 && owed === undefined && !hasUnrecordedDimms(context)) return undefined;
  const untaken = observation.observed.live?.devices.filter(({ taken }) => taken === false) ?? [];
  const isRepair = detachedDimms(plan.steps).some((dimm) =>
    untaken.some(({ alias }) => alias === dimm.alias),
  );
  const online = hotplugSetting("online", news, session.defaults);
  return { dimms, owed, isRepair, seconds, online, attached: describeAttached(dimms) };
}

/** The domain has DIMMs that no run has recorded. */
function hasUnrecordedDimms({ observation, state }: UpdateContext): boolean {
  const { live } = observation.observed;
  const recorded = state?.__observed.live?.memory;
  if (live === undefined || recorded === undefined) return false;
  return live.devices.some(({ model }) => model !== "virtio-mem") && live.memory > recorded;
}

function describeAttached(dimms: DimmPlan[]): string {
  if (dimms.length === 0) return "attached earlier";
  const size = formatSize(sum(dimms.map((dimm) => dimm.size)));
  const [first] = dimms;
  return first !== undefined && dimms.length === 1
    ? `attached ${size} in slot ${first.slot}`
    : `attached ${size} in ${dimms.length} DIMMs`;
}

/**
 * What the guest must report for the memory to have arrived; undefined where this source can't tell.
 *
 * @param before what it reports now
 */
export function expectationOf(
  { dimms, owed, isRepair, online }: AwaitedMemory,
  speaker: Speaker,
  before: GuestReport,
  { observed: { live } }: Observation,
): Expectation | undefined {
  const added = sum(dimms.map(({ size }) => size));
  if (owed !== undefined && isRepair) {
    const offline = newOffline(before, owed).length * (before.block ?? 0);
    return { ...expect(speaker, before, added + offline), others: owed.others };
  }
  if (owed !== undefined && owed.speaker === speaker)
    return added === 0
      ? owed
      : { ...expect(speaker, before, added + missing(before, owed, online)), others: owed.others };
  if (added > 0) return expect(speaker, before, added);
  if (owed !== undefined || live === undefined) return undefined;
  const sizes = (devices: MemoryDevice[]) => sum(devices.map(countedSize));
  const dimmsThere = live.devices.filter(({ model }) => model === "dimm");
  return expectAll(before, live.memory - sizes(live.devices), sizes(dimmsThere));
}
