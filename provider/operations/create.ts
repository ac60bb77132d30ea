import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { defined } from "../defined.ts";
import { differencesFrom } from "../domain/difference.ts";
import { readDomain } from "../domain/read.ts";
import type { DomainSpec } from "../domain/spec.ts";
import { PartialError, UserError } from "../errors.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { type Outputs, outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { formatSize, readCanonicalSize } from "../units/size.ts";
import { unreachedBalloonTarget } from "../update/actions/balloon.ts";
import { adopt } from "./adopt.ts";
import { logContinued } from "./preview-creation.ts";
import { setOwner } from "./set-owner.ts";
import { existingDomain, newDefinition, someOf } from "./unfinished-create.ts";
import { unsupportedDevice } from "./virtio-mem-support.ts";

/**
 * Defines and starts a domain, and reads it back. After a killed create it continues with the domain that is left,
 * whose metadata has this resource's URN and marks it as unfinished until the end.
 */
export async function create(session: Session, inputs: Inputs): Promise<{ id: string; outs: Outputs }> {
  // A replaced domain was created by this provider: an `adopt` that was added since then doesn't concern the new one.
  const isReplacement = session.run.of(inputs.__urn).replacement !== undefined;
  if (inputs.adopt === true && !isReplacement) return adopt(session, inputs);
  const uri = session.resolveUri(inputs.uri);
  const hypervisor = await session.hypervisor(uri);
  return session.locked(inputs.uuid, async () => {
    const existing = await existingDomain(session, hypervisor, inputs);
    if (existing.kind === "taken") {
      const { code, text } = existing.reason;
      throw new UserError(redact(`Unable to create domain ${inputs.name}: ${text}`, inputs), { code });
    }
    if (existing.kind === "finished" || existing.kind === "unfinished")
      await logContinued(session, inputs, existing);
    if (existing.kind === "finished") {
      const observation = await observe(hypervisor, existing.domain);
      const outs = outputs(inputs, { uri, observation, defaults: session.defaults, adopted: false });
      return { id: inputs.uuid, outs };
    }
    const unfinished = existing.kind === "unfinished" ? existing.domain : undefined;
    const unsupported = await unsupportedDevice(hypervisor, inputs, session);
    if (unsupported !== undefined) {
      const { code, text } = unsupported;
      throw new UserError(`Unable to create domain ${inputs.name}: ${text}`, { code });
    }
    const { spec, xml } = await newDefinition(session, hypervisor, inputs);
    const domain = await define(hypervisor, inputs, xml);
    if (inputs.running !== false) await start(hypervisor, domain, inputs, unfinished !== undefined);
    // An unfinished domain may have what an earlier program set.
    if (inputs.autostart === true || unfinished !== undefined)
      await hypervisor.setAutostart(domain, inputs.autostart === true);
    if (unfinished !== undefined) await setBalloon(hypervisor, domain, spec);
    const observation = await observe(hypervisor, domain);
    const otherwise = unfinished && (await runningOtherwise(hypervisor, domain, inputs, xml, observation));
    // libvirt sets the balloon target at start; nothing waits until the guest has booted and reaches it.
    const told = unreachedBalloonTarget(spec.currentMemory, observation.observed);
    const outs = outputs(
      { ...inputs, ...otherwise?.inputs },
      {
        ...{ uri, observation, defaults: session.defaults, adopted: false, told },
        pending: otherwise && observation.observed.nextBoot?.memory,
      },
    );
    // From here on the domain is finished, and a later create of the same URN refuses it. This is the last call, so that a
    // create that failed before it can be continued.
    await setOwner(hypervisor, domain, inputs.__urn).catch((cause: unknown) => {
      throw new PartialError(`${messageOf(cause)}; the next update continues`, inputs.uuid, outs, cause);
    });
    if (otherwise !== undefined)
      throw new PartialError(redact(otherwise.text, inputs), inputs.uuid, defined(outs), undefined);
    return { id: inputs.uuid, outs };
  });
}

/** An unfinished domain may have been started with the balloon target of an earlier program. */
async function setBalloon(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { currentMemory, virtioMem }: DomainSpec,
): Promise<void> {
  if (virtioMem !== undefined || (await isOff(hypervisor, domain))) return;
  const live = readDomain(await hypervisor.xml(domain, { inactive: false }));
  const target = Math.min(currentMemory ?? live.memory, live.memory);
  if (live.currentMemory !== target) await hypervisor.setMemory(domain, target, { live: true });
}

interface RunningOtherwise {
  text: string;
  /** What the running domain has of the arguments that only a replacement changes, for the state. */
  inputs: Partial<Inputs>;
}

/**
 * An interrupted create may have started the domain with what an earlier program set. Its definition is the new one now, but
 * only an update that was previewed may change or stop what runs. Undefined where the domain is what the create makes.
 */
async function runningOtherwise(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { name, running = true, memory }: Inputs,
  wanted: string,
  { observed, definition }: Observation,
): Promise<RunningOtherwise | undefined> {
  if (observed.live === undefined) return undefined;
  const xml = await hypervisor.xml(domain, { inactive: false, secure: true });
  const differences = differencesFrom(wanted, xml, true);
  if (running && differences.length === 0) return undefined;
  const live = readDomain(xml);
  const [has, wants] = [formatSize(observed.live.memory), formatSize(readCanonicalSize(memory))];
  const what = [
    ...(running ? [] : ["although running is false"]),
    ...(has === wants ? [] : [`with ${has} instead of ${wants}`]),
    ...(differences.length === 0 ? [] : [`with other values of ${someOf(differences)}`]),
  ];
  const text = `domain ${name} was started by an interrupted create of an earlier program and still runs ${what.join(", ")}; its definition has the new values: preview and update again`;
  const inputs = {
    ...(live.arch !== definition.arch && { arch: live.arch }),
    ...(live.uefi !== definition.uefi && { firmware: live.uefi ? "uefi" : "bios" }),
  };
  return { text, inputs: inputs as Partial<Inputs> };
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
  if (!(await isOff(hypervisor, domain))) return;
  try {
    await hypervisor.start(domain);
  } catch (cause) {
    // If that fails too, the error of the start matters; the domain that is left is marked as unfinished.
    if (!wasThere && cause instanceof LibvirtError) await hypervisor.undefine(domain).catch(() => undefined);
    const why = redact(messageOf(cause), inputs);
    throw new UserError(`Unable to start domain ${domain.name}: ${why}`, { cause });
  }
}
