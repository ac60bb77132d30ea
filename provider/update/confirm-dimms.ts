import type { OnlinePolicy } from "../args/settings.ts";
import { hotplugSetting } from "../args/settings.ts";
import { Deadline } from "../deadline.ts";
import { countedSize, type MemoryDevice } from "../domain/state.ts";
import { UserError } from "../errors.ts";
import {
  type Expectation,
  expect,
  expectAll,
  expectLater,
  missing,
  newOffline,
} from "../guest/expectation.ts";
import { currentRecord, type GuestRecord, recordOf } from "../guest/record.ts";
import type { GuestReport, GuestSource, Speaker } from "../guest/report.ts";
import { findSource } from "../guest/source.ts";
import { describeMissing, describeProgress, describeUnsuitable } from "../guest/text.ts";
import { waitForGuest } from "../guest/wait.ts";
import type { Observation } from "../observe/observe.ts";
import { attachedDimms, type DimmPlan, detachedDimms } from "../plan/plan.ts";
import { type Kib, sum } from "../units/kib.ts";
import { formatSize, formatWholeMib } from "../units/size.ts";
import type { UpdateContext } from "./context.ts";
import { onlyRemoves } from "./query-guest.ts";

/** What was heard of the guest before anything was done, and what it shall say afterwards. */
export interface PendingConfirmation {
  source: GuestSource;
  before: GuestReport;
  expected: Expectation;
  seconds: number;
  online: OnlinePolicy;
  /** «attached 2 GiB in slot 3» */
  done: string;
}

/** Nobody answers for the guest. */
export interface Unconfirmable {
  warning: string;
}

/** Says something for the user to read. */
export interface UpdateLog {
  status(text: string): Promise<void>;
  info(text: string): Promise<void>;
  warn(text: string): Promise<void>;
}

/** Memory that the guest is to be asked for. */
interface AwaitedMemory {
  /** The DIMMs that this update attaches. */
  dimms: DimmPlan[];
  /** What an earlier update waited for in vain. */
  owed: Expectation | undefined;
  /** DIMMs that the guest never took are taken out: what was owed for them comes no more. */
  heals: boolean;
  seconds: number;
  online: OnlinePolicy;
  done: string;
}

/**
 * Asks the guest what it has, before the first attach: whoever answers then is the one to ask afterwards. Undefined where
 * nothing is to be awaited; a warning where nobody answers.
 *
 * @throws UserError where the guest could not take what is planned
 */
export async function prepareConfirmation(
  context: UpdateContext,
): Promise<PendingConfirmation | Unconfirmable | undefined> {
  const matter = awaitedMemory(context);
  if (matter === undefined) return undefined;
  const { hypervisor, domain, observation } = context;
  const { dimms, seconds, online, done } = matter;
  const unasked = (why: string) => ({ warning: `${done}; the guest could not be asked: ${why}` });
  if (observation.observed.power !== "running")
    return unasked("it is paused, and takes the memory when it resumes");
  const found = await findSource(hypervisor, domain, observation.agentConnected);
  if ("silent" in found) return unasked(found.silent);
  const { source, word } = found;
  if (source.speaker === "balloon" && online === "none")
    return unasked('no agent, and the balloon does not count what hotplug.online: "none" leaves offline');
  const unsuitable = describeUnsuitable(
    word,
    dimms.map(({ size }) => size),
  );
  if (unsuitable !== undefined)
    throw new UserError(`Unable to update domain ${domain.name}: ${unsuitable}; nothing was attached`);
  const expected = whatIsExpected(matter, source.speaker, word, observation);
  if (expected === undefined) return unasked("only the agent could tell now, and it does not answer");
  return { source, before: word, expected, seconds, online, done };
}

/**
 * What the guest is to be asked for, if anything: DIMMs of this update, those of an earlier one that had not arrived, or
 * those of a run that ended before it heard the guest.
 */
function awaitedMemory({
  change,
  domain,
  guest,
  news,
  session,
  observation,
  liveBefore,
}: UpdateContext): AwaitedMemory | undefined {
  const seconds = hotplugSetting("awaitGuest", news, session.defaults);
  const online = hotplugSetting("online", news, session.defaults);
  const dimms = attachedDimms(change.steps);
  const owed = currentRecord(guest, domain.id)?.missing;
  const goesOff = change.steps.some(({ kind }) => kind === "stop" || kind === "start");
  const isMatter = dimms.length > 0 || owed !== undefined || hasUnrecordedDimms(observation, liveBefore);
  if (seconds === false || goesOff || !isMatter || onlyRemoves(change.steps)) return undefined;
  const done = dimms.length === 0 ? "attached before" : describeAttached(dimms);
  const untaken = observation.observed.live?.devices.filter(({ taken }) => taken === false) ?? [];
  const heals = detachedDimms(change.steps).some((dimm) => untaken.some(({ alias }) => alias === dimm.alias));
  return { dimms, owed, heals, seconds, online, done };
}

/** The domain has DIMMs that no run has recorded. */
function hasUnrecordedDimms({ observed: { live } }: Observation, liveBefore: Kib | undefined): boolean {
  if (live === undefined || liveBefore === undefined) return false;
  return live.devices.some(({ model }) => model !== "virtio-mem") && live.memory > liveBefore;
}

/** Undefined where this speaker can't tell. */
function whatIsExpected(
  { dimms, owed, heals, online }: AwaitedMemory,
  speaker: Speaker,
  word: GuestReport,
  { observed: { live } }: Observation,
): Expectation | undefined {
  const added = sum(dimms.map(({ size }) => size));
  if (owed !== undefined && heals) {
    const offline = newOffline(word, owed).length * (word.block ?? 0);
    return { ...expect(speaker, word, added + offline), others: owed.others };
  }
  if (owed !== undefined && owed.speaker === speaker)
    return added === 0
      ? owed
      : { ...expect(speaker, word, added + missing(word, owed, online)), others: owed.others };
  if (added > 0) return expect(speaker, word, added);
  if (owed !== undefined || live === undefined) return undefined;
  const sizes = (devices: MemoryDevice[]) => sum(devices.map(countedSize));
  const dimmsThere = live.devices.filter(({ model }) => model === "dimm");
  return expectAll(word, live.memory - sizes(live.devices), sizes(dimmsThere));
}

/**
 * Waits until the guest has what was attached.
 *
 * @returns what it said, and, where the time was up before it had all of it, why
 */
export async function awaitConfirmation(
  question: PendingConfirmation,
  { domain, session }: UpdateContext,
  { observed }: Observation,
  say: UpdateLog,
): Promise<{ record: GuestRecord; shortfall?: string }> {
  const { source, before, expected, seconds, online, done } = question;
  const verdict = await waitForGuest(source, before, expected, {
    deadline: Deadline.inSeconds(seconds, session.clock),
    online,
    tell: (word) => say.status(`${done}; waiting for the guest: ${describeProgress(word, expected)}`),
  });
  const { word } = verdict;
  const heard = recordOf(domain.id, source.speaker, word, observed.live?.memory);
  if (verdict.missing === 0) {
    await say.info(`${done}; the guest has it: ${formatSize(heard.memory)} by its ${source.speaker}`);
    return { record: heard };
  }
  const why = describeMissing(verdict, before, expected, online);
  return {
    record: { ...heard, missing: expectLater(expected) },
    shortfall: `${done}; after ${seconds} s (hotplug.awaitGuest) the guest has ${formatWholeMib(word.memory)}, and ${formatWholeMib(verdict.missing)} less than it should have: ${why}; what is attached stays, and the next update asks the guest again`,
  };
}

function describeAttached(dimms: DimmPlan[]): string {
  const size = formatSize(sum(dimms.map((dimm) => dimm.size)));
  const [first] = dimms;
  return first !== undefined && dimms.length === 1
    ? `attached ${size} in slot ${first.slot}`
    : `attached ${size} in ${dimms.length} DIMMs`;
}
