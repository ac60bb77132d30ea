import { stillDetaching } from "../apply/detach.ts";
import { definitionXml, domainSpec } from "../apply/domain-spec.ts";
import { shortage } from "../apply/host-memory.ts";
import { carryOut, type Workplace } from "../apply/steps.ts";
import type { Inputs } from "../args/inputs.ts";
import { DEFAULT_SHUTDOWN_TIMEOUT } from "../args/limits.ts";
import { sayable } from "../args/secrecy.ts";
import { editDefinition } from "../domain/edit.ts";
import { type GuestRecord, stillTrue } from "../guest/record.ts";
import type { Hypervisor } from "../libvirt/hypervisor.ts";
import { withGuest } from "../observe/guest.ts";
import { readHost } from "../observe/host.ts";
import { observe, type Sighting } from "../observe/observe.ts";
import { type Outputs, outputs } from "../outputs.ts";
import { withRecordedTaken } from "../plan/observed.ts";
import type { DimmPlan, Step } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { askAnew, givesUp } from "./asked-anew.ts";
import type { Execution } from "./execution.ts";
import { askAfter, askBefore, type Say } from "./guest-word.ts";
import { guestHasRoom, removalPlace, settleDefinition } from "./removal.ts";
import { afterResize, beforeResize, growthOfDevices } from "./resized.ts";
import { PartialError, UserError } from "./user-error.ts";

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
    hooks: news.hotplug ?? {},
    uri,
    warn: say.warn,
    redefinition: (present) => redefinition(session, hypervisor, before, news, present),
  };
  await hostHasMemory(change.steps, execution.sighting, place);
  await guestHasRoom(execution, place);
  const question = await askBefore(execution);
  const resizing = await beforeResize(execution);
  let { sighting } = execution;
  const done: Step[] = [];
  for (const step of change.steps) {
    await say.status(step.sentence);
    try {
      sighting = await carryOut(step, place, sighting);
    } catch (error) {
      const latest = await observe(hypervisor, domain).catch(() => sighting);
      const settled = await settleDefinition(step, execution, place, latest);
      const seen = await heard(execution, settled ?? latest);
      throw failure(error as Error, execution, done, seen, place, settled !== undefined);
    }
    done.push(step);
  }
  if (resizing !== undefined) {
    const resized = await afterResize(resizing, execution, sighting, say);
    sighting = await heard(execution, resized.sighting);
    const outs = record(execution, news, sighting, place, resized.record);
    if (resized.shortfall !== undefined)
      throw unfinished(
        execution,
        outs,
        `Unable to resize domain ${domain.name} as asked: ${resized.shortfall}`,
      );
    if (question === undefined) return outs;
  }
  if (question !== undefined && "warning" in question) await say.warn(question.warning);
  if (question === undefined || "warning" in question) {
    const word = givesUp(change.steps) ? await askAnew(execution, sighting) : keptWord(execution);
    return record(execution, news, await heard(execution, sighting), place, word);
  }
  const answer = await askAfter(question, execution, sighting, say);
  const outs = record(execution, news, await heard(execution, sighting, true), place, answer.record);
  if (answer.shortfall === undefined) return outs;
  const said = `Unable to give domain ${domain.name} all of its memory: ${answer.shortfall}`;
  throw unfinished(execution, outs, said);
}

/** The guest has not followed: what is there is recorded. */
function unfinished({ domain, before, news }: Execution, outs: Outputs, said: string): PartialError {
  return new PartialError(sayable(said, before, news), domain.uuid, withoutUndefined(outs), undefined);
}

/**
 * What was read back, with what the guest took of it.
 *
 * @param isOther it may have taken something else than was known before; else it isn't asked
 */
async function heard(
  { hypervisor, domain, change, sighting: before }: Execution,
  after: Sighting,
  isOther = change.steps.some(({ kind }) => kind === "attach" || kind === "detach"),
): Promise<Sighting> {
  const sighting = isOther ? await withGuest(hypervisor, domain, after) : after;
  return { ...sighting, observed: withRecordedTaken(sighting.observed, before.observed) };
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

/** After these the guest has another memory than it said. */
const MEMORY_MOVES: ReadonlySet<Step["kind"]> = new Set(["attach", "detach", "resize", "stop", "start"]);

/** The guest's earlier word, unless it is about another start of the domain or another memory. */
function keptWord({ guest, domain, change }: Execution): GuestRecord | undefined {
  const overtaken = change.steps.some(({ kind }) => MEMORY_MOVES.has(kind));
  return overtaken ? undefined : stillTrue(guest, domain.id);
}

/** Before the first attach, so that too little is known before anything was done. */
async function hostHasMemory(
  steps: Step[],
  { definition, observed }: Sighting,
  place: Workplace,
): Promise<void> {
  const out = steps.flatMap((step) => (step.kind === "detach" ? [step.dimm] : []));
  const isAgain = ({ alias, size }: DimmPlan) =>
    out.some((dimm) => dimm.alias === alias && dimm.size === size);
  const dimms = steps.flatMap((step) => (step.kind === "attach" && !isAgain(step.dimm) ? [step.dimm] : []));
  const added = [...dimms, ...growthOfDevices(steps, observed.live)];
  if (added.length === 0) return;
  const found = await shortage(place.hypervisor, added, definition.pinned);
  if (found?.severity === "error")
    throw new UserError(`Unable to update domain ${place.domain.name}: ${found.text}; nothing was attached`);
  if (found !== undefined) await place.warn(found.text);
}

/** Whatever waits for the next boot after a change of ours is ours. */
function record(
  { session, uri, domain, adopted }: Execution,
  inputs: Inputs,
  sighting: Sighting,
  { underWay }: Workplace,
  guest?: GuestRecord,
): Outputs {
  const pending = sighting.observed.nextBoot?.memory;
  const detaching = stillDetaching(domain.id, underWay, sighting);
  return outputs(
    { ...inputs, uuid: domain.uuid },
    { uri, sighting, defaults: session.defaults, adopted, pending, guest, detaching },
  );
}

/** The arguments as far as the steps that were done carried them out. */
function carriedOut(before: Inputs, news: Inputs, steps: Step[], done: Step[]): Inputs {
  const missing = steps.filter((step) => !done.includes(step));
  const kept = missing.flatMap((step) =>
    step.kind === "redefine" ? step.fields : step.kind === "autostart" ? ["autostart"] : [],
  );
  return { ...news, ...Object.fromEntries(kept.map((name) => [name, Reflect.get(before, name)])) };
}

/**
 * With nothing done the old state stays; else what was read back is recorded, as Pulumi's partial state. So it is where the
 * guest may still do what it was asked for.
 *
 * @param changed the domain isn't as the state has it, whatever this run did
 */
function failure(
  error: Error,
  execution: Execution,
  done: Step[],
  latest: Sighting,
  place: Workplace,
  changed: boolean,
): Error {
  const { before, news, change, domain, guest } = execution;
  if (done.length === 0 && !changed && place.underWay.size === 0)
    return new UserError(sayable(error.message, before, news), { cause: error });
  const steps = done.map((step) => step.sentence).join("; ");
  const said = sayable(
    steps === "" ? error.message : `${error.message} (done before that: ${steps})`,
    before,
    news,
  );
  const inputs = done.length === 0 ? before : carriedOut(before, news, change.steps, done);
  const word = done.length === 0 && !changed ? stillTrue(guest, domain.id) : undefined;
  const properties = record(execution, inputs, latest, place, word);
  return new PartialError(said, properties.uuid, withoutUndefined(properties), error);
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

/** Pulumi's wire format has no undefined. */
function withoutUndefined(properties: object): object {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));
}
