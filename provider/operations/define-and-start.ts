import type { DiskImage } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { Cancelled, PartialError, UserError } from "../errors.ts";
import { ConnectionError, LibvirtError } from "../libvirt/errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { messageOf } from "../message-of.ts";
import { observe } from "../observe/observe.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import { type Outputs, partialOutputs } from "../outputs.ts";
import type { NeededImages } from "../update/image-reasons.ts";
import { requireHost } from "./creation-refusals.ts";
import { dropImages, provideImages, withMadeImages } from "./disk-images.ts";
import { finishNew, newOutputs } from "./finish-create.ts";
import type { NewDomain } from "./new-domain.ts";
import { ownerOf } from "./ownership.ts";
import { unsupportedDevice } from "./virtio-mem-support.ts";

/**
 * Defines and starts a new domain.
 *
 * @param unfinished the domain that an interrupted create left: it may run, and have what an earlier program set
 */
export async function defineAndStart(wanted: NewDomain, unfinished?: DomainRef): Promise<Outputs> {
  const { session, hypervisor, inputs } = wanted;
  const { xml } = await wanted.definition();
  await refuseUnsupportedDevice(wanted);
  const images = await requireHost(wanted);
  const left = unfinished && (await ownerOf(hypervisor, unfinished)).written;
  const domain = await define(hypervisor, inputs, withMadeImages(xml, left?.made));
  if (session.signal.aborted) {
    const outs = await newOutputs(wanted, await observe(hypervisor, domain));
    throw cancelledCreate(inputs, { ...outs, autostart: false });
  }
  const isLeft = unfinished !== undefined;
  const provided = await provideAll(wanted, domain, images, isLeft);
  if (inputs.running !== false && (!isLeft || (await isOff(hypervisor, domain))))
    await start(wanted, domain, provided, isLeft);
  if (inputs.autostart === true || isLeft) await hypervisor.setAutostart(domain, inputs.autostart === true);
  return finishNew(wanted, domain);
}

/** The domain is recorded, so that the next update continues with it. */
function cancelledCreate(inputs: Inputs, outs: Outputs): PartialError {
  const text = `Domain ${inputs.name}: cancelled after it was defined; the next update continues`;
  return new PartialError(redact(text, inputs), inputs.uuid, partialOutputs(outs), new Cancelled());
}

async function refuseUnsupportedDevice({ session, hypervisor, inputs }: NewDomain): Promise<void> {
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

async function provideAll(
  wanted: NewDomain,
  domain: DomainRef,
  images: NeededImages,
  wasThere: boolean,
): Promise<DiskImage[]> {
  try {
    return await provideImages(wanted, domain, images);
  } catch (cause) {
    if (!wasThere && !(cause instanceof ConnectionError))
      await wanted.hypervisor.undefine(domain).catch(() => undefined);
    const why = redact(messageOf(cause), wanted.inputs);
    throw new UserError(`Unable to create domain ${domain.name}: ${why}`, { cause });
  }
}

async function undo(wanted: NewDomain, domain: DomainRef, made: readonly DiskImage[]): Promise<void> {
  await wanted.hypervisor.undefine(domain);
  await dropImages(wanted, made);
}

/**
 * Starts the domain. If libvirt can't start it, it is undefined again, unless it existed before. If the start got no
 * answer, it may be running, so it stays and is marked as unfinished.
 */
async function start(
  wanted: NewDomain,
  domain: DomainRef,
  made: readonly DiskImage[],
  wasThere: boolean,
): Promise<void> {
  const { hypervisor, inputs } = wanted;
  try {
    await hypervisor.start(domain);
  } catch (cause) {
    // If that fails too, the error of the start matters; the domain that is left is marked as unfinished.
    if (!wasThere && cause instanceof LibvirtError) await undo(wanted, domain, made).catch(() => undefined);
    const why = redact(messageOf(cause), inputs);
    throw new UserError(`Unable to start domain ${domain.name}: ${why}`, { cause });
  }
}
