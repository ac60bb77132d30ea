import { type Detaching, stillDetaching } from "../apply/detach.ts";
import { carryOut } from "../apply/steps.ts";
import type { RemovalPlace, Workplace } from "../apply/workplace.ts";
import { secondsToAwait } from "../args/defaults.ts";
import { sayable } from "../args/secrecy.ts";
import { sayMib, wholeMib } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import { spareMemory } from "../guest/balloon.ts";
import { takeOffline } from "../guest/offline.ts";
import type { Sighting } from "../observe/observe.ts";
import { askedMemory } from "../plan/asked.ts";
import { sum } from "../plan/cells.ts";
import { definitionOfPresent } from "../plan/definition-steps.ts";
import { detachedDimms, type Step } from "../plan/plan.ts";
import { givesUp } from "./asked-anew.ts";
import type { Execution } from "./execution.ts";
import { UserError } from "./user-error.ts";

/** Where the guest isn't to be awaited: what libvirt gives one where it waits itself (qemuDomainRemoveDeviceWaitTime). */
const LEAST_REMOVAL_SECONDS = 5;

/** How memory is taken out of this domain. */
export function removalPlace(execution: Execution): RemovalPlace {
  const { session, hypervisor, domain, news, sighting, detaching } = execution;
  const { clock, defaults } = session;
  const removalTimeout = secondsToAwait(news, defaults) || LEAST_REMOVAL_SECONDS;
  return {
    removalTimeout,
    underWay: new Set(stillUnderWay(detaching, domain.id, sighting)?.aliases),
    ...(sighting.agentConnected && {
      offline: (dimm) => takeOffline(hypervisor, domain, dimm, removalTimeout, clock),
    }),
  };
}

/** What the guest is to give up: DIMMs that it wasn't asked for before, and what is taken out of virtio-mem. */
function givenUp({ change: { steps } }: Execution, { underWay }: RemovalPlace): Kib[] {
  const dimms = givesUp(steps) ? detachedDimms(steps) : [];
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
export async function guestHasRoom(execution: Execution, place: RemovalPlace): Promise<void> {
  const { hypervisor, domain, news, before, session } = execution;
  const sizes = givenUp(execution, place);
  if (sizes.length === 0 || secondsToAwait(news, session.defaults) === false) return;
  const spare = await spareMemory(hypervisor, domain).catch(() => undefined);
  if (spare === undefined || spare + givenBackFirst(execution) >= sum(sizes)) return;
  const text = `the guest has ${sayMib(wholeMib(spare))} to spare (MemAvailable, by its balloon), and ${sayMib(sum(sizes))} are to be taken out: it would run out of memory; nothing was taken out`;
  throw new UserError(sayable(`Unable to update domain ${domain.name}: ${text}`, before, news));
}

/** What the balloon gives the guest back before anything is taken out. */
function givenBackFirst({ change, sighting }: Execution): Kib {
  const first = change.steps.find(({ kind }) => kind === "balloon" || kind === "detach");
  const present = sighting.observed.live?.currentMemory;
  return first?.kind === "balloon" && first.where === "live" && present !== undefined
    ? Math.max(0, first.size - present)
    : 0;
}

/** What the state says of requests, as far as that is still so. */
export function stillUnderWay(
  recorded: Detaching | undefined,
  domainId: number,
  sighting: Sighting,
): Detaching | undefined {
  return recorded?.domainId === domainId ? stillDetaching(domainId, recorded.aliases, sighting) : undefined;
}

/**
 * The definition after a shrink that ended halfway, with DIMMs taken out since the state was written: what is left is what
 * the next boot has.
 *
 * @returns the domain as it is then; undefined where the definition is to stay
 */
export async function settleDefinition(
  failed: Step,
  { change, news, session, adopted, sighting, liveBefore }: Execution,
  place: Workplace,
  latest: Sighting,
): Promise<Sighting | undefined> {
  const asked = askedMemory(news, session.defaults, adopted);
  const before = liveBefore ?? sighting.observed.live?.memory ?? 0;
  const left = latest.observed.live?.memory ?? before;
  const waits = change.steps.some(({ kind }) => kind === "define");
  if (failed.kind !== "detach" || asked === undefined || !waits || left >= before) return undefined;
  try {
    let settled = latest;
    for (const step of definitionOfPresent(asked, latest.observed))
      settled = await carryOut(step, place, settled);
    return settled;
  } catch (error) {
    await place.warn(
      `what was taken out is gone, and the definition does not say so yet: ${(error as Error).message}`,
    );
    return undefined;
  }
}
