import { definitionRefusals } from "../acceptance/definition-refusals.ts";
import { dropKept, findKept, keepDefinition, keptName, restoreKept } from "../acceptance/kept-definition.ts";
import { probeDefine, probeStart } from "../acceptance/probe-define.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { defined } from "../defined.ts";
import { readDomainXml } from "../domain/parse.ts";
import { readDomain } from "../domain/read.ts";
import { find } from "../domain/tree.ts";
import { PartialError, UserError } from "../errors.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { observe } from "../observe/observe.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { echoedInputs, outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { formatSize } from "../units/size.ts";
import { requireImages } from "./creation-refusals.ts";
import { provideImages, withMadeImages } from "./disk-images.ts";
import { takenBy } from "./existing-domain.ts";
import type { NewDomain } from "./new-domain.ts";
import { turnOff } from "./turn-off.ts";
import { unsupportedDevice } from "./virtio-mem-support.ts";

/** A replace between its delete and the end of its create. */
export type UnfinishedReplace = (
  | /** The old domain, off unless an earlier attempt started it again. */ { kind: "old"; ran: boolean }
  /** The definition of the old domain is kept, as that domain; the new one may be there. */
  | { kind: "kept" }
) & {
  domain: DomainRef;
  /** The mark of the disk images that were made for the old domain. */
  made: string | undefined;
};

/**
 * The replace of this resource that a delete began, in this run or in one that ended early.
 *
 * @param domain the domain that has the UUID now
 */
export async function unfinishedReplace(
  hypervisor: Hypervisor,
  { uuid, __urn: urn }: Inputs,
  domain: DomainRef | undefined,
): Promise<UnfinishedReplace | undefined> {
  const found = domain && readDomain(await hypervisor.xml(domain, { inactive: true }));
  if (domain !== undefined && found?.replacing?.urn === urn)
    return { kind: "old", domain, ran: found.replacing.was === "running", made: found.writtenImages };
  const isOther = found !== undefined && !(found.ownership?.urn === urn && found.ownership.creating);
  const kept = isOther ? undefined : await findKept(hypervisor, uuid);
  if (kept === undefined) return undefined;
  const { replacing, writtenImages: made } = readDomain(await hypervisor.xml(kept, { inactive: true }));
  return replacing?.urn === urn ? { kind: "kept", domain: kept, made } : undefined;
}

/**
 * Defines and starts the new domain of a replace in place of the old one. The old definition is kept until the new domain
 * runs; if libvirt can't define or start it, the old domain is put back, and started if it ran before.
 *
 * It can be repeated after a kill at any point: the old domain is marked, or its definition is kept, until the end.
 *
 * @throws PartialError with what runs, so that the next preview replaces again; UserError where this run has no state of it
 */
export async function replaceBy(wanted: NewDomain, unfinished: UnfinishedReplace): Promise<DomainRef> {
  const { session, hypervisor, inputs, definition } = wanted;
  const built = await definition();
  let domain: DomainRef;
  try {
    const xml = withMadeImages(built.xml, unfinished.made);
    if (unfinished.kind === "old") await makeWay(session, hypervisor, inputs, xml, unfinished);
    domain = await hypervisor.define(xml);
    const isOffNow = unfinished.kind === "old" || (await isOff(hypervisor, domain));
    if (isOffNow) await provideImages(wanted, domain, await requireImages(wanted));
    if (inputs.running !== false && isOffNow) await hypervisor.start(domain);
  } catch (cause) {
    const why = redact(messageOf(cause), inputs);
    // Without an answer nobody knows what was done.
    if (!(cause instanceof LibvirtError || cause instanceof UserError))
      throw new UserError(
        `Unable to replace domain ${inputs.name}: ${why}; the next update continues the replace`,
        {
          cause,
          code: "replace-unfinished",
        },
      );
    throw await putBack(session, hypervisor, inputs, why, cause);
  }
  await dropKept(hypervisor, inputs.uuid);
  return domain;
}

/** Removes the old domain, with all that libvirt stores for it, once its definition is kept. */
async function makeWay(
  session: Session,
  hypervisor: Hypervisor,
  inputs: Inputs,
  xml: string,
  { domain, ran }: Extract<UnfinishedReplace, { kind: "old" }>,
): Promise<void> {
  const named = await hypervisor.findByName(inputs.name);
  const unsupported = await unsupportedDevice(hypervisor, inputs, session);
  const reasons = [
    ...(named === undefined || named.uuid === inputs.uuid ? [] : [takenBy(named, inputs, undefined)]),
    ...(unsupported === undefined ? [] : [unsupported]),
    ...(await definitionRefusals(hypervisor, xml, {
      present: domain,
      news: inputs,
      purpose: { kind: "work", clock: session.clock },
    })),
  ];
  if (reasons.length === 0) reasons.push(...(await probeDefine(hypervisor, xml, inputs)));
  const [reason] = reasons;
  if (reason !== undefined)
    throw new UserError(reasons.map(({ text }) => text).join("\n"), { code: reason.code });
  // An earlier attempt may have started it again.
  await turnOff(session, hypervisor, domain, {
    ...{ urn: inputs.__urn, seconds: inputs.shutdownTimeout, next: "start" },
  });
  const old = await hypervisor.xml(domain, { inactive: true, secure: true });
  await proveStart(session, hypervisor, inputs, xml, { domain, xml: old });
  await keepDefinition(hypervisor, domain, { ran, xml: old });
  await hypervisor.undefine(domain);
}

/**
 * The undefine deletes the old domain's NVRAM, TPM state and saved state, which can't be put back. Where it has any, the new
 * one is started for a moment before that.
 */
async function proveStart(
  session: Session,
  hypervisor: Hypervisor,
  inputs: Inputs,
  xml: string,
  old: { domain: DomainRef; xml: string },
): Promise<void> {
  const isSaved = await hypervisor.hasManagedSave(old.domain);
  const root = readDomainXml(old.xml);
  if (!isSaved && find(root, "os", "nvram") === undefined && find(root, "devices", "tpm") === undefined)
    return;
  const [reason] = inputs.running === false ? [] : await probeStart(hypervisor, xml);
  if (reason !== undefined) throw new UserError(reason.text, { code: reason.code });
  if (!isSaved) return;
  const text = "the saved state of the old domain (virsh managedsave) is deleted with it";
  await session.log.message(inputs.__urn, "warning", text);
}

/** Puts the old domain back where the new one couldn't be defined or started. */
async function putBack(
  session: Session,
  hypervisor: Hypervisor,
  inputs: Inputs,
  why: string,
  cause: unknown,
): Promise<Error> {
  const { uuid, name } = inputs;
  const failure = `Unable to replace domain ${name}: ${why}`;
  const running = await runningSuccessor(hypervisor, uuid);
  if (running !== undefined)
    return new UserError(redact(`${failure}\n${running}`, inputs), { cause, code: "replace-unfinished" });
  const end = await restored(hypervisor, uuid, (error) => redact(messageOf(error), inputs));
  const message = `${failure}\n${end}`;
  const { replaced } = session.run.domain(uuid);
  const domain = await hypervisor.findByUuid(uuid);
  if (replaced === undefined || domain === undefined)
    return new UserError(`${message}\nthe next update replaces it`, { cause, code: "replace-unfinished" });
  const observation = await observe(hypervisor, domain);
  const { uri } = replaced;
  const source = { uri, observation, defaults: session.defaults, adopted: replaced.__adopted === true };
  const outs = defined(outputs({ ...echoedInputs(replaced), uuid }, source));
  return new PartialError(message, uuid, outs, cause);
}

/**
 * The new domain, which runs although libvirt reported an error. It has what its guest has done since then, so the old one isn't
 * put back in its place.
 */
async function runningSuccessor(hypervisor: Hypervisor, uuid: string): Promise<string | undefined> {
  const domain = await hypervisor.findByUuid(uuid);
  if (domain === undefined || (await isOff(hypervisor, domain))) return undefined;
  const { definition, observed } = await observe(hypervisor, domain);
  if (definition.replacing !== undefined) return undefined;
  const size = observed.live === undefined ? "" : ` with ${formatSize(observed.live.memory)}`;
  return `the new domain ${domain.name} runs${size} and is left unchanged; the next update continues the replace`;
}

/** Puts the old domain back, and returns what there is then, for the message. */
async function restored(
  hypervisor: Hypervisor,
  uuid: string,
  textOf: (error: unknown) => string,
): Promise<string> {
  let failure: unknown;
  try {
    await restore(hypervisor, uuid);
  } catch (error) {
    failure = error;
  }
  const old = await findOld(hypervisor, uuid);
  if (old === undefined)
    return `the old domain can't be put back: ${textOf(failure)}; its definition is kept as the domain ${keptName(uuid)} (virsh dumpxml)`;
  // It isn't needed any more: the domain itself has the definition again.
  await dropKept(hypervisor, uuid);
  if (failure !== undefined) return `the old domain was put back, but can't be started: ${textOf(failure)}`;
  return (await isOff(hypervisor, old))
    ? "the old domain was put back, and is off as before"
    : "the old domain was put back and started";
}

async function restore(hypervisor: Hypervisor, uuid: string): Promise<void> {
  const present = await hypervisor.findByUuid(uuid);
  const replacing = present && readDomain(await hypervisor.xml(present, { inactive: true })).replacing;
  if (present !== undefined && replacing !== undefined) {
    if (replacing.was === "running" && (await isOff(hypervisor, present))) await hypervisor.start(present);
    return;
  }
  // The new one has nothing to lose yet.
  if (present !== undefined) await hypervisor.undefine(present);
  await restoreKept(hypervisor, uuid);
}

/** The old domain, if it is defined. */
async function findOld(hypervisor: Hypervisor, uuid: string): Promise<DomainRef | undefined> {
  const found = await hypervisor.findByUuid(uuid);
  if (found === undefined) return undefined;
  const { replacing } = readDomain(await hypervisor.xml(found, { inactive: true }));
  return replacing === undefined ? undefined : found;
}
