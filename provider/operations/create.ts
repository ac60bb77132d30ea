import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { UserError } from "../errors.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import { observe } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { adopt } from "./adopt.ts";
import { isAdoption } from "./adopted-inputs.ts";
import { continueStarted, type Started, startedDomain } from "./continued-create.ts";
import { createdFirst } from "./create-before-delete.ts";
import { defineAndStart } from "./define-and-start.ts";
import { type Existing, existingDomain } from "./existing-domain.ts";
import { finish, finishNew, withNewAddresses } from "./finish-create.ts";
import { type NewDomain, newDomain } from "./new-domain.ts";
import { logContinued } from "./preview-creation.ts";
import { replaceBy, type UnfinishedReplace, unfinishedReplace } from "./replace.ts";
import { setReplacing } from "./set-replacing.ts";

/**
 * Defines and starts a domain, and reads it back. After a killed create it continues with the domain that is left,
 * whose metadata has this resource's URN and marks it as unfinished until the end.
 */
export async function create(session: Session, inputs: Inputs): Promise<{ id: string; outs: Outputs }> {
  // A delete that follows isn't that of a replace.
  delete session.run.of(inputs.__urn).successor;
  const { id, outs } = await (isAdoption(session, {}, { ...inputs })
    ? adopt(session, inputs)
    : createOrReplace(session, inputs));
  session.run.domain(id).isCreated = true;
  return { id, outs };
}

async function createOrReplace(session: Session, inputs: Inputs): Promise<{ id: string; outs: Outputs }> {
  const hypervisor = await session.hypervisor(session.uriFor(inputs));
  return session.locked(inputs.uuid, async () => {
    const outs = await carryOut(newDomain(session, hypervisor, inputs));
    return { id: inputs.uuid, outs };
  });
}

async function carryOut(wanted: NewDomain): Promise<Outputs> {
  const work = await workOf(wanted);
  switch (work.kind) {
    case "none":
      return defineAndStart(wanted);
    case "unfinished":
      return defineAndStart(wanted, work.domain);
    case "finished":
      return finishedOutputs(wanted, work.domain);
    case "started":
      return continueOrReplace(wanted, work.started);
    case "replace":
      return replace(wanted, work.replace);
  }
}

/** What there is for a create to do, by what is on the host. */
type Work =
  | Extract<Existing, { kind: "none" | "unfinished" | "finished" }>
  /** An interrupted create or replace of this resource started a domain. */
  | { kind: "started"; started: Started }
  /** The second half of a replace, in this run or one that ended early. */
  | { kind: "replace"; replace: UnfinishedReplace };

/** @throws UserError where another domain has the name or the UUID */
async function workOf(wanted: NewDomain): Promise<Work> {
  const { session, hypervisor, inputs } = wanted;
  const present = await hypervisor.findByUuid(inputs.uuid);
  const replace = await unfinishedReplace(hypervisor, inputs, present);
  // Nothing runs between the two halves of a replace, which therefore isn't left there.
  if (replace === undefined) session.signal.throwIfAborted();
  const work: Work =
    replace === undefined ? await existingOrFree(wanted, present) : { kind: "replace", replace };
  const isLeft = work.kind === "unfinished" || replace?.kind === "kept";
  if (!isLeft || present === undefined) return work;
  const started = await startedDomain(wanted, await observe(hypervisor, present, { secure: true }));
  return started === undefined ? work : { kind: "started", started };
}

/** What a create finds and continues with, after a note in the log. A domain that already has the name or the UUID is an error. */
async function existingOrFree(
  wanted: NewDomain,
  present: DomainRef | undefined,
): Promise<Extract<Existing, { kind: "none" | "unfinished" | "finished" }>> {
  const { session, inputs } = wanted;
  const existing = await existingDomain(wanted, present);
  if (existing.kind === "unknown") throw new Error("the inputs of a create must be known");
  if (existing.kind === "taken") {
    const { code, text } = (await createdFirst(wanted, present)) ?? existing.reason;
    throw new UserError(redact(`Unable to create domain ${inputs.name}: ${text}`, inputs), { code });
  }
  if (existing.kind !== "none") await logContinued(session, inputs, existing);
  return existing;
}

async function finishedOutputs(wanted: NewDomain, domain: DomainRef): Promise<Outputs> {
  const observation = await observe(wanted.hypervisor, domain);
  const { outs, shortfall } = await withNewAddresses(wanted, domain, observation, { isStarting: false });
  if (shortfall !== undefined) throw shortfall;
  return outs;
}

async function continueOrReplace(wanted: NewDomain, started: Started): Promise<Outputs> {
  const { hypervisor, inputs } = wanted;
  const outs = await continueStarted(wanted, started);
  if (outs !== undefined) {
    await finish(wanted, started.domain, outs);
    return outs;
  }
  // Like a domain that a replace has marked: it comes back where the new one can't be started.
  await setReplacing(hypervisor, started.domain, { urn: inputs.__urn, was: "running" });
  return replace(wanted, {
    ...{ kind: "old", domain: started.domain, ran: true },
    made: started.observation.definition.writtenImages,
  });
}

async function replace(wanted: NewDomain, unfinished: UnfinishedReplace): Promise<Outputs> {
  const domain = await replaceBy(wanted, unfinished);
  if (wanted.inputs.autostart === true) await wanted.hypervisor.setAutostart(domain, true);
  return finishNew(wanted, domain);
}
