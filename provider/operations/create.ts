import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { Cancelled, PartialError, UserError } from "../errors.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { type Outputs, outputs, partialOutputs, unreadOutputs } from "../outputs.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { unreachedBalloonTarget } from "../update/actions/balloon.ts";
import { adopt } from "./adopt.ts";
import { isAdoption } from "./adopted-inputs.ts";
import { continueStarted, startedDomain } from "./continued-create.ts";
import { notOwned } from "./ownership.ts";
import { logContinued } from "./preview-creation.ts";
import { replaceBy, unfinishedReplace } from "./replace.ts";
import { setOwner } from "./set-owner.ts";
import { setReplacing } from "./set-replacing.ts";
import { type Existing, existingDomain, newDefinition } from "./unfinished-create.ts";
import { unsupportedDevice } from "./virtio-mem-support.ts";

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
  const uri = session.uriFor(inputs);
  const hypervisor = await session.hypervisor(uri);
  return session.locked(inputs.uuid, async () => {
    const present = await hypervisor.findByUuid(inputs.uuid);
    let replace = await unfinishedReplace(hypervisor, inputs, present);
    // Nothing runs between the two halves of a replace, which therefore isn't left there.
    if (replace === undefined) session.signal.throwIfAborted();
    const existing =
      replace === undefined ? await existingOrFree(session, hypervisor, inputs, present) : undefined;
    const isLeft = present !== undefined && (existing?.kind === "unfinished" || replace?.kind === "kept");
    const started =
      isLeft &&
      (await startedDomain(
        ...([session, hypervisor, inputs] as const),
        await observe(hypervisor, present, { secure: true }),
      ));
    if (started) {
      const outs = await continueStarted(session, hypervisor, uri, inputs, started);
      if (outs !== undefined) {
        await finish(hypervisor, started.domain, inputs, outs);
        return { id: inputs.uuid, outs };
      }
      // Like a domain that a replace has marked: it comes back where the new one can't be started.
      await setReplacing(hypervisor, started.domain, { urn: inputs.__urn, was: "running" });
      replace = { kind: "old", domain: started.domain, ran: true };
    }
    const { spec, xml } = await newDefinition(session, hypervisor, inputs);
    const record = (observation: Observation) =>
      outputs(inputs, {
        ...{ uri, observation, defaults: session.defaults, adopted: false },
        // libvirt sets the balloon target at start; nothing waits until the guest has booted and reaches it.
        told: unreachedBalloonTarget(spec.currentMemory, observation.observed),
      });
    if (existing?.kind === "finished")
      return { id: inputs.uuid, outs: record(await observe(hypervisor, existing.domain)) };
    const unfinished = existing?.kind === "unfinished" ? existing.domain : undefined;
    if (replace === undefined) await refuseUnsupportedDevice(session, hypervisor, inputs);
    const domain =
      replace === undefined
        ? await define(hypervisor, inputs, xml)
        : await replaceBy(session, hypervisor, inputs, xml, replace);
    if (replace === undefined && session.signal.aborted)
      throw cancelledCreate(inputs, { ...record(await observe(hypervisor, domain)), autostart: false });
    // A replace starts its domain itself, and an interrupted create may have.
    const isToStart = inputs.running !== false && replace === undefined;
    if (isToStart && (unfinished === undefined || (await isOff(hypervisor, domain))))
      await start(hypervisor, domain, inputs, unfinished !== undefined);
    // An unfinished domain may have what an earlier program set.
    if (inputs.autostart === true || unfinished !== undefined)
      await hypervisor.setAutostart(domain, inputs.autostart === true);
    const observation = await observe(hypervisor, domain);
    const outs = record(observation);
    await finish(hypervisor, domain, inputs, outs, observation);
    return { id: inputs.uuid, outs };
  });
}

/**
 * From here on the domain is finished: a later create continues with it only if it is exactly what that create would make. This is
 * the last call, so that a create that failed before it can be continued.
 */
async function finish(
  hypervisor: Hypervisor,
  domain: DomainRef,
  inputs: Inputs,
  outs: Outputs,
  observation?: Observation,
): Promise<void> {
  try {
    await setOwner(hypervisor, domain, inputs.__urn, observation, { arguments: undefined });
  } catch (cause) {
    // The domain may have gone off since it was read.
    const text = `${messageOf(cause)}; the next update continues`;
    throw new PartialError(text, inputs.uuid, unreadOutputs(outs), cause);
  }
}

/** The domain is recorded, so that the next update continues with it. */
function cancelledCreate(inputs: Inputs, outs: Outputs): PartialError {
  const text = `Domain ${inputs.name}: cancelled after it was defined; the next update continues`;
  return new PartialError(redact(text, inputs), inputs.uuid, partialOutputs(outs), new Cancelled());
}

/** What a create finds and continues with, after a note in the log. A domain that already has the name or the UUID is an error. */
async function existingOrFree(
  session: Session,
  hypervisor: Hypervisor,
  inputs: Inputs,
  present: DomainRef | undefined,
): Promise<Existing> {
  const existing = await existingDomain(session, hypervisor, inputs, present);
  if (existing.kind === "taken") {
    const { code, text } = (await createdFirst(session, hypervisor, inputs, present)) ?? existing.reason;
    throw new UserError(redact(`Unable to create domain ${inputs.name}: ${text}`, inputs), { code });
  }
  if (existing.kind === "finished" || existing.kind === "unfinished")
    await logContinued(session, inputs, existing);
  return existing;
}

/** Where the program asks for it, the engine creates the new domain of a replace first: the old one is then as the state has it. */
async function createdFirst(
  { run }: Session,
  hypervisor: Hypervisor,
  { uuid, __urn: urn }: Inputs,
  present: DomainRef | undefined,
): Promise<Reason | undefined> {
  const { state } = run.of(urn);
  const domain = run.domain(uuid).replaced === undefined ? present : undefined;
  if (state === undefined || domain === undefined || domain.name !== state.name) return undefined;
  const { definition, observed } = await observe(hypervisor, domain);
  const isOld =
    notOwned(definition, state, urn) === undefined &&
    observed.nextBoot?.memory === state.__observed.nextBoot?.memory;
  if (!isOld) return undefined;
  const text = `it would replace domain ${uuid}, which still exists: both have the same UUID, so the old one must be deleted first; remove deleteBeforeReplace: false, which the program or one of its transforms sets`;
  return { code: "create-before-delete", text };
}

async function refuseUnsupportedDevice(
  session: Session,
  hypervisor: Hypervisor,
  inputs: Inputs,
): Promise<void> {
  const unsupported = await unsupportedDevice(hypervisor, inputs, session);
  if (unsupported === undefined) return;
  const { code, text } = unsupported;
  throw new UserError(`Unable to create domain ${inputs.name}: ${text}`, { code });
}

async function define(hypervisor: Hypervisor, inputs: Inputs, xml: string): Promise<DomainRef> {
  try {
    return await hypervisor.define(xml);
  } catch (cause) {
    const why = redact(messageOf(cause), inputs);
    throw new UserError(`Unable to define domain ${inputs.name}: ${why}`, { cause });
  }
}

/**
 * Starts the domain. If libvirt can't start it, it is undefined again, unless it existed before. If the start got no
 * answer, it may be running, so it stays and is marked as unfinished.
 */
async function start(
  hypervisor: Hypervisor,
  domain: DomainRef,
  inputs: Inputs,
  wasThere: boolean,
): Promise<void> {
  try {
    await hypervisor.start(domain);
  } catch (cause) {
    // If that fails too, the error of the start matters; the domain that is left is marked as unfinished.
    if (!wasThere && cause instanceof LibvirtError) await hypervisor.undefine(domain).catch(() => undefined);
    const why = redact(messageOf(cause), inputs);
    throw new UserError(`Unable to start domain ${domain.name}: ${why}`, { cause });
  }
}
