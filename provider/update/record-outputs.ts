import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { defined } from "../defined.ts";
import { PartialError, UserError } from "../errors.ts";
import { currentRecord, type GuestRecord } from "../guest/record.ts";
import type { Observation } from "../observe/observe.ts";
import { type Outputs, outputs } from "../outputs.ts";
import type { Step } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import { stillDetaching } from "./actions/detach.ts";
import { isLiveBalloon } from "./balloon-target.ts";
import type { UpdateContext } from "./context.ts";
import type { StepContext } from "./step-context.ts";

/** The outputs after a change. Whatever waits for the next boot after a change of ours is ours. */
export function record(
  { session, uri, domain, adopted }: UpdateContext,
  inputs: Inputs,
  observation: Observation,
  { underWay }: StepContext,
  guest?: GuestRecord,
  told?: Kib,
): Outputs {
  const pending = observation.observed.nextBoot?.memory;
  const detaching = stillDetaching(domain.id, underWay, observation);
  return outputs(
    { ...inputs, uuid: domain.uuid },
    { uri, observation, defaults: session.defaults, adopted, pending, told, guest, detaching },
  );
}

/** The arguments as far as the steps that were done carried them out. */
export function appliedInputs(before: Inputs, news: Inputs, steps: Step[], done: Step[]): Inputs {
  const missing = steps.filter((step) => !done.includes(step));
  const kept = missing.flatMap((step) =>
    step.kind === "redefine" ? step.fields : step.kind === "autostart" ? ["autostart"] : [],
  );
  // Once named, a balloon is ours to give back: a program that names none any more finds it here until that was done.
  const isBallooned = !missing.some(({ kind }) => kind === "balloon");
  const currentMemory = news.currentMemory ?? (isBallooned ? undefined : before.currentMemory);
  return {
    ...news,
    ...Object.fromEntries(kept.map((name) => [name, Reflect.get(before, name)])),
    ...(currentMemory !== undefined && { currentMemory }),
  };
}

/**
 * With nothing done the old state stays; else what was read back is recorded, as Pulumi's partial state. So it is where the
 * guest may still do what it was asked for.
 *
 * @param changed the domain isn't as the state has it, whatever this run did; a balloon that was set moves on
 * @param heard the guest's word, where this run has it
 */
export function failure(
  error: Error,
  context: UpdateContext,
  done: Step[],
  latest: Observation,
  place: StepContext,
  changed: boolean,
  heard: GuestRecord | undefined,
): Error {
  const { before, news, change, domain, guest } = context;
  if (done.length === 0 && !changed && place.underWay.size === 0)
    return new UserError(redact(error.message, before, news), { cause: error });
  const steps = done.map((step) => step.sentence).join("; ");
  const said = redact(
    steps === "" ? error.message : `${error.message} (done before that: ${steps})`,
    before,
    news,
  );
  const isCarriedOut = done.length > 0 || change.steps.slice(0, 1).some(isLiveBalloon);
  const inputs = isCarriedOut ? appliedInputs(before, news, change.steps, done) : before;
  const word = heard ?? (done.length === 0 && !changed ? currentRecord(guest, domain.id) : undefined);
  const properties = record(context, inputs, latest, place, word);
  return new PartialError(said, properties.uuid, defined(properties), error);
}

/** All steps were carried out, and the guest hasn't followed: the next run goes on with it. */
export function shortfallOf(said: string, { domain, before, news }: UpdateContext, outs: Outputs): Error {
  return new PartialError(redact(said, before, news), domain.uuid, defined(outs), undefined);
}
