import { definitionXml, domainSpec } from "../apply/domain-spec.ts";
import { shortage } from "../apply/host-memory.ts";
import { carryOut } from "../apply/steps.ts";
import type { Workplace } from "../apply/workplace.ts";
import { secondsToAwait } from "../args/defaults.ts";
import type { Inputs } from "../args/inputs.ts";
import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { sayable } from "../args/secrecy.ts";
import { editDefinition } from "../domain/edit.ts";
import type { GuestRecord } from "../guest/record.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { withGuest } from "../observe/guest.ts";
import { readHost } from "../observe/host.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import { type SeenDevice, withoutTaken, withRecordedTaken } from "../plan/observed.ts";
import { attachedDimms, type DimmPlan, detachedDimms, type Step } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { askAnew } from "./asked-anew.ts";
import type { Execution } from "./execution.ts";
import { finalWord } from "./final-word.ts";
import { askBefore, type Say } from "./guest-word.ts";
import { carriedOut, failure, record, shortfallOf } from "./recorded.ts";
import { guestHasRoom, removalPlace, settleDefinition } from "./removal.ts";
import { beforeResize, growthOfDevices } from "./resized.ts";
import { isLiveBalloon, toldBalloon } from "./told-balloon.ts";
import { UserError } from "./user-error.ts";

/**
 * Carries a change out step by step, and answers the outputs.
 *
 * @throws PartialError when a step failed after others were done: with what was read back, so that the next run goes on
 */
export async function execute(execution: Execution): Promise<Outputs> {
  const { session, hypervisor, domain, uri, before, news, change } = execution;
  const say = speech(execution);
  const place: Workplace = {
    hypervisor,
    domain,
    shutdownTimeout: news.shutdownTimeout ?? DEFAULT_SHUTDOWN_TIMEOUT,
    ...removalPlace(execution),
    balloonTimeout: secondsToAwait(news, session.defaults),
    hooks: news.hotplug ?? {},
    uri,
    warn: say.warn,
    status: say.status,
    redefinition: (present) => redefinition(session, hypervisor, before, news, present),
  };
  await hostHasMemory(change.steps, execution.sighting, place);
  await guestHasRoom(execution, place);
  const question = await askBefore(execution);
  const resizing = await beforeResize(execution);
  let { sighting } = execution;
  const done: Step[] = [];
  const carryOutAll = async (steps: Step[], guest?: GuestRecord) => {
    for (const step of steps) {
      await say.status(step.sentence);
      try {
        sighting = await carryOut(step, place, sighting);
      } catch (error) {
        const latest = await observe(hypervisor, domain).catch(() => sighting);
        const settled = await settleDefinition(step, execution, place, latest);
        const seen = await heard(execution, settled ?? latest);
        const isChanged = settled !== undefined || isLiveBalloon(step);
        throw failure(error as Error, execution, done, seen, place, isChanged, guest);
      }
      done.push(step);
    }
  };
  // The balloon may only take of new memory what the guest has by then.
  const last = change.steps.findLastIndex((step) => !isLiveBalloon(step)) + 1;
  await carryOutAll(change.steps.slice(0, last));
  const final = await finalWord({ question, resizing }, execution, sighting, say);
  sighting = final.sighting;
  const { word, shortfall } = final;
  const isAsked = question !== undefined && !("warning" in question);
  if (shortfall !== undefined) {
    const inputs = carriedOut(before, news, change.steps, done);
    const outs = record(execution, inputs, await heard(execution, sighting, isAsked), place, word);
    throw shortfallOf(shortfall, execution, outs);
  }
  await carryOutAll(change.steps.slice(last), word);
  const told = toldBalloon(execution, sighting.observed);
  // What the balloon said is MemTotal, which is another one now; by the agent its blocks stay online.
  const isStale = change.steps.some(isLiveBalloon) && word?.speaker !== "agent";
  const latest = isStale ? await askAnew(execution, sighting) : word;
  return record(execution, news, await heard(execution, sighting, isAsked), place, latest, told);
}

/**
 * What was read back, with what the guest took of it.
 *
 * @param isAwaited it was asked for memory, and may have taken what it had not before
 */
async function heard(
  { hypervisor, domain, change, sighting: before }: Execution,
  after: Sighting,
  isAwaited = false,
): Promise<Sighting> {
  const isOther = isAwaited || change.steps.some(({ kind }) => kind === "attach" || kind === "detach");
  const asked = isOther ? await withGuest(hypervisor, domain, after) : after;
  const sighting = isAwaited ? asked : withoutHaste(asked, change.steps);
  return { ...sighting, observed: withRecordedTaken(sighting.observed, before.observed) };
}

/** A guest that nobody waited for hasn't refused what was attached a moment ago: it may be about to take it. */
function withoutHaste(sighting: Sighting, steps: Step[]): Sighting {
  const isHaste = ({ taken, alias }: SeenDevice) =>
    taken === false && attachedDimms(steps).some((dimm) => dimm.alias === alias);
  return { ...sighting, observed: withoutTaken(sighting.observed, isHaste) };
}

/** What is said on the resource's row, without figures where a size is secret. */
function speech({ session, before, news }: Execution): Say {
  const { log } = session;
  const text = (said: string) => sayable(said, before, news);
  return {
    status: (said) => log.status(news.__urn, text(said)),
    info: (said) => log.message(news.__urn, "info", text(said)),
    warn: (said) => log.message(news.__urn, "warning", text(said)),
  };
}

/** Before the first attach, so that too little is known before anything was done. */
async function hostHasMemory(
  steps: Step[],
  { definition, observed }: Sighting,
  place: Workplace,
): Promise<void> {
  const out = detachedDimms(steps);
  const isAgain = ({ alias, size }: DimmPlan) =>
    out.some((dimm) => dimm.alias === alias && dimm.size === size);
  const dimms = attachedDimms(steps).filter((dimm) => !isAgain(dimm));
  const added = [...dimms, ...growthOfDevices(steps, observed.live)];
  if (added.length === 0) return;
  const found = await shortage(place.hypervisor, added, definition.pinned);
  if (found?.severity === "error")
    throw new UserError(`Unable to update domain ${place.domain.name}: ${found.text}; nothing was attached`);
  if (found !== undefined) await place.warn(found.text);
}

/** XML of the program's own that changed is the definition from now on; else only what differs is edited. */
async function redefinition(
  session: Session,
  hypervisor: Hypervisor,
  before: Inputs,
  news: Inputs,
  present: string,
): Promise<string> {
  const host = readHost(await hypervisor.capabilities());
  const type = session.configuration.domainType;
  const spec = domainSpec(news, host, type, session.defaults);
  if (before.xml === news.xml)
    return editDefinition(present, domainSpec(before, host, type, session.defaults), spec);
  return definitionXml(news, spec, type);
}
