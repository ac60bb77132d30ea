import { hotplugSetting, type OnlinePolicy } from "../args/settings.ts";
import type { AttachedMemory } from "../guest/attached.ts";
import { type Expectation, expectAttached } from "../guest/expectation.ts";
import { currentRecord } from "../guest/record.ts";
import type { GuestReport, Speaker } from "../guest/report.ts";
import type { MemoryView } from "../plan/observed.ts";
import { attachedDimms, type DimmPlan } from "../plan/plan.ts";
import { sum } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";
import { attachedMemory, recordedReserve } from "./attached-memory.ts";
import { isPoweredOffOrOn, onlyRemovesDimms, secondsForGuest, type UpdateContext } from "./context.ts";

/** Memory in DIMMs that the update waits for the guest to have. */
export interface AwaitedMemory {
  /** The DIMMs that this update attaches. */
  dimms: DimmPlan[];
  /** The guest lacked memory when it was asked last, or couldn't be asked for it. */
  owed: Expectation | undefined;
  /** What is attached already and stays. */
  present: AttachedMemory;
  seconds: number;
  online: OnlinePolicy;
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
  const { live } = observation.observed;
  const owed = currentRecord(state?.__guest, domain.id)?.missing;
  if (live === undefined || (dimms.length === 0 && owed === undefined && !hasUnrecordedDimms(context)))
    return undefined;
  const present = attachedMemory(live, { reserved: recordedReserve(state, domain.id), steps: plan.steps });
  const online = hotplugSetting("online", news, session.defaults);
  return { dimms, owed, present, seconds, online };
}

/** The domain has DIMMs that no run has recorded. */
function hasUnrecordedDimms({ observation, state }: UpdateContext): boolean {
  const { live } = observation.observed;
  const recorded = state?.__observed.live?.memory;
  if (live === undefined || recorded === undefined) return false;
  return live.devices.some(({ model }) => model !== "virtio-mem") && live.memory > recorded;
}

/**
 * "attached 2 GiB in slot 3"
 *
 * @param live the domain afterwards: a hook may have put the DIMM into another slot
 */
export function describeAttached(dimms: DimmPlan[], live: MemoryView | undefined): string {
  if (dimms.length === 0) return "attached earlier";
  const size = formatSize(sum(dimms.map((dimm) => dimm.size)));
  const [first] = dimms;
  return first !== undefined && dimms.length === 1
    ? `attached ${size} in slot ${live?.devices.find(({ alias }) => alias === first.alias)?.slot ?? first.slot}`
    : `attached ${size} in ${dimms.length} DIMMs`;
}

/**
 * What the guest must report for the memory to have arrived; undefined where this source can't tell.
 *
 * @param before what it reports now
 */
export function expectationOf(
  { dimms, owed, present }: AwaitedMemory,
  speaker: Speaker,
  before: GuestReport,
): Expectation | undefined {
  const isUnknown = owed !== undefined && speaker === "balloon" && present.reserved === undefined;
  return isUnknown ? undefined : expectAttached(speaker, before, sum(dimms.map(({ size }) => size)), present);
}
