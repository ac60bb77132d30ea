import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { definitionXml, domainSpec } from "../definition/domain-spec.ts";
import { PartialError, UserError } from "../errors.ts";
import { LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { readHost } from "../observe/host.ts";
import { observe } from "../observe/observe.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { type Outputs, outputs } from "../outputs.ts";
import type { Session } from "../session.ts";
import { unreachedBalloonTarget } from "../update/actions/balloon.ts";
import { adopt } from "./adopt.ts";
import { setOwner } from "./set-owner.ts";
import { unfinishedCreate } from "./unfinished-create.ts";
import { unsupportedDevice } from "./virtio-mem-support.ts";

/**
 * Defines and starts a domain, and reads it back. A create that was killed goes on with the domain that it left,
 * which its metadata marks as ours and unfinished until the end.
 */
export async function create(session: Session, inputs: Inputs): Promise<{ id: string; outs: Outputs }> {
  // What is replaced was made by us before: an `adopt` that was added since then says nothing about the new one.
  if (inputs.adopt === true && !session.replacing.has(inputs.__urn)) return adopt(session, inputs);
  const uri = session.resolveUri(inputs.uri);
  const hypervisor = await session.hypervisor(uri);
  return session.locked(inputs.uuid, async () => {
    const unfinished = await unfinishedCreate(hypervisor, inputs);
    const unsupported = await unsupportedDevice(hypervisor, inputs, session);
    if (unsupported !== undefined)
      throw new UserError(`Unable to create domain ${inputs.name}: ${unsupported}`);
    const host = readHost(await hypervisor.capabilities());
    const type = session.configuration.domainType;
    const spec = domainSpec(inputs, host, type, session.defaults);
    const marked = { ...spec, ownership: { version: 1, urn: inputs.__urn, creating: true } };
    const domain = await define(hypervisor, inputs, definitionXml(inputs, marked, type));
    if (inputs.running !== false) await start(hypervisor, domain, inputs, unfinished !== undefined);
    if (inputs.autostart === true) await hypervisor.setAutostart(domain, true);
    const observation = await observe(hypervisor, domain);
    // libvirt tells the balloon at start; the guest follows once it has booted, which nothing waits for.
    const told = unreachedBalloonTarget(spec.currentMemory, observation.observed);
    const outs = outputs(inputs, { uri, observation, defaults: session.defaults, adopted: false, told });
    // From here on the domain is whole: a later create of the same URN finds a finished domain, and refuses it. The last
    // call, so that whatever fails before it can be gone on with.
    await setOwner(hypervisor, domain, inputs.__urn).catch((cause: Error) => {
      throw new PartialError(`${cause.message}; the next update goes on`, inputs.uuid, outs, cause);
    });
    return { id: inputs.uuid, outs };
  });
}

async function define(hypervisor: Hypervisor, inputs: Inputs, xml: string): Promise<DomainRef> {
  try {
    return await hypervisor.define(xml);
  } catch (cause) {
    const why = redact((cause as Error).message, inputs);
    throw new UserError(`Unable to define domain ${inputs.name}: ${why}`, { cause });
  }
}

/**
 * A domain that libvirt can't start is not left behind, unless it was there before. One whose start got no answer may
 * run: it stays, marked as unfinished.
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
    // Where that fails too, the start's error is the one to show; what is left is marked as unfinished.
    if (!wasThere && cause instanceof LibvirtError) await hypervisor.undefine(domain).catch(() => undefined);
    const why = redact((cause as Error).message, inputs);
    throw new UserError(`Unable to start domain ${domain.name}: ${why}`, { cause });
  }
}
