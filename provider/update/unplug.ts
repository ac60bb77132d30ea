import { redact } from "../args/redact.ts";
import { hotplugSetting } from "../args/settings.ts";
import { Deadline } from "../deadline.ts";
import { UserError } from "../errors.ts";
import { spareMemory } from "../guest/balloon.ts";
import { takeOffline } from "../guest/offline.ts";
import type { Detaching } from "../guest/record.ts";
import type { Observation } from "../observe/observe.ts";
import { definitionOfPresent } from "../plan/definition/steps.ts";
import { desiredMemory } from "../plan/desired.ts";
import { detachedDimms, type Step } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import { sum } from "../units/kib.ts";
import { formatMib, wholeMib } from "../units/size.ts";
import { stillDetaching } from "./actions/detach.ts";
import type { UpdateContext } from "./context.ts";
import { onlyRemoves } from "./query-guest.ts";
import { runStep } from "./run-step.ts";
import type { StepContext, UnplugContext } from "./step-context.ts";

/** Where the guest isn't to be awaited: what libvirt gives one where it waits itself (qemuDomainRemoveDeviceWaitTime). */
const LEAST_REMOVAL_SECONDS = 5;

/** How memory is taken out of this domain. */
export function unplugContext(context: UpdateContext): UnplugContext {
  const { session, hypervisor, domain, news, observation, detaching } = context;
  const { clock, defaults } = session;
  const removalTimeout = hotplugSetting("awaitGuest", news, defaults) || LEAST_REMOVAL_SECONDS;
  return {
    removalTimeout,
    underWay: new Set(currentDetaching(detaching, domain.id, observation)?.aliases),
    ...(observation.agentConnected && {
      offline: (dimm) => takeOffline(hypervisor, domain, dimm, Deadline.inSeconds(removalTimeout, clock)),
    }),
  };
}

/** What the guest is to give up: DIMMs that it wasn't asked for before, and what is taken out of virtio-mem. */
function givenUp({ change: { steps } }: UpdateContext, { underWay }: UnplugContext): Kib[] {
  const dimms = onlyRemoves(steps) ? detachedDimms(steps) : [];
  const resized = steps.flatMap((step) => (step.kind === "resize" ? [step.device] : []));
  return [
    ...dimms.filter(({ alias }) => !underWay.has(alias)).map(({ size }) => size),
    ...resized.map(({ from, requested }) => from - requested).filter((size) => size > 0),
  ];
}

/**
 * Before the first DIMM is asked for: a guest that has no room for what they hold doesn't refuse, it runs out of memory
 * (Linux moves pages until there is none left, and kills for more). What it was asked for before is on its way already.
 *
 * @throws UserError with both figures
 */
export async function requireGuestHeadroom(context: UpdateContext, place: UnplugContext): Promise<void> {
  const { hypervisor, domain, news, before, session } = context;
  const sizes = givenUp(context, place);
  if (sizes.length === 0 || hotplugSetting("awaitGuest", news, session.defaults) === false) return;
  const spare = await spareMemory(hypervisor, domain).catch(() => undefined);
  if (spare === undefined || spare + givenBackFirst(context) >= sum(sizes)) return;
  const text = `the guest has ${formatMib(wholeMib(spare))} to spare (MemAvailable, by its balloon), and ${formatMib(sum(sizes))} are to be taken out: it would run out of memory; nothing was taken out`;
  throw new UserError(redact(`Unable to update domain ${domain.name}: ${text}`, before, news));
}

/** What the balloon gives the guest back before anything is taken out. */
function givenBackFirst({ change, observation }: UpdateContext): Kib {
  const first = change.steps.find(({ kind }) => kind === "balloon" || kind === "detach");
  const present = observation.observed.live?.currentMemory;
  return first?.kind === "balloon" && first.where === "live" && present !== undefined
    ? Math.max(0, first.size - present)
    : 0;
}

/** What the state says of requests, as far as that is still so. */
export function currentDetaching(
  recorded: Detaching | undefined,
  domainId: number,
  observation: Observation,
): Detaching | undefined {
  return recorded?.domainId === domainId
    ? stillDetaching(domainId, recorded.aliases, observation)
    : undefined;
}

/**
 * The definition after a shrink that ended halfway, with DIMMs taken out since the state was written: what is left is what
 * the next boot has.
 *
 * @returns the domain as it is then; undefined where the definition is to stay
 */
export async function settleDefinition(
  failed: Step,
  { change, news, session, adopted, observation, liveBefore }: UpdateContext,
  place: StepContext,
  latest: Observation,
): Promise<Observation | undefined> {
  const desired = desiredMemory(news, session.defaults, adopted);
  const before = liveBefore ?? observation.observed.live?.memory ?? 0;
  const left = latest.observed.live?.memory ?? before;
  const waits = change.steps.some(({ kind }) => kind === "define");
  if (failed.kind !== "detach" || desired === undefined || !waits || left >= before) return undefined;
  try {
    let settled = latest;
    for (const step of definitionOfPresent(desired, latest.observed))
      settled = await runStep(step, place, settled);
    return settled;
  } catch (error) {
    await place.warn(
      `what was taken out is gone, and the definition does not say so yet: ${(error as Error).message}`,
    );
    return undefined;
  }
}
