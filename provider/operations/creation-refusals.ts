import { definitionRefusals } from "../acceptance/definition-refusals.ts";
import { PREVIEW } from "../acceptance/hosted-domains.ts";
import { missingConnections } from "../acceptance/missing-sources.ts";
import { claimedByOthers } from "../acceptance/other-domains.ts";
import { completeDisk, completeInterface } from "../args/device-entries.ts";
import { diskImages } from "../args/disk-images.ts";
import type { DiskInput, Inputs, InterfaceInput } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown, UNKNOWN } from "../args/unknown.ts";
import { diskXml } from "../domain/disks.ts";
import { interfaceXml } from "../domain/interfaces.ts";
import { readDomainXml } from "../domain/parse.ts";
import { UserError } from "../errors.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { imageReasons, knownImageReasons, type NeededImages } from "../update/image-reasons.ts";
import { type NewDomain, previewedDefinition } from "./new-domain.ts";

/**
 * Looks at what a new domain needs on its host and libvirt finds out only at the start, before anything is done. What libvirt refuses
 * when the domain is defined isn't asked for.
 *
 * @returns what its disk images still need
 * @throws UserError with every reason why it can't have it
 */
export async function requireHost(wanted: NewDomain): Promise<NeededImages> {
  const { session, hypervisor, inputs, definition } = wanted;
  const { xml } = await definition();
  const [images, connections, claimed] = await Promise.all([
    imageReasons({ session, hypervisor }, diskImages(inputs)),
    missingConnections(hypervisor, readDomainXml(xml), inputs),
    claimedByOthers(hypervisor, xml, undefined, {
      news: inputs,
      purpose: { kind: "work", clock: session.clock },
    }),
  ]);
  const { reasons, ...needed } = images;
  const all = [
    ...reasons,
    ...connections.map((text): Reason => ({ code: "missing-on-host", text })),
    ...claimed,
  ];
  requireNone(inputs, all);
  return needed;
}

/**
 * Looks only at the images of a new domain, before anything is done.
 *
 * @throws UserError with every reason why it can't have them
 */
export async function requireImages({ session, hypervisor, inputs }: NewDomain): Promise<NeededImages> {
  const { reasons, ...needed } = await imageReasons({ session, hypervisor }, diskImages(inputs));
  requireNone(inputs, reasons);
  return needed;
}

function requireNone(inputs: Inputs, reasons: readonly Reason[]): void {
  const [reason] = reasons;
  if (reason === undefined) return;
  const text = reasons.map((one) => one.text).join("\n");
  throw new UserError(redact(`Unable to create domain ${inputs.name}: ${text}`, inputs), {
    code: reason.code,
  });
}

/** What a preview finds out about a new domain's host. */
interface Foreseen {
  refusals: Reason[];
  /** What isn't there: another resource of the program may make it first. */
  missing: string[];
}

/** The same for a preview, with what libvirt refuses of the definition. Undefined: the host can't be asked. */
export async function foreseeCreation(session: Session, inputs: Inputs): Promise<Foreseen | undefined> {
  if (inputs.uri === UNKNOWN) return undefined;
  if (containsUnknown(inputs)) return foreseeKnown(session, inputs);
  return session.ask(session.uriFor(inputs), async (hypervisor) => {
    const { xml } = await previewedDefinition(session, hypervisor, inputs);
    const [found, images] = await Promise.all([
      definitionRefusals(hypervisor, xml, { news: inputs, purpose: PREVIEW }),
      knownImageReasons(hypervisor, diskImages(inputs)),
    ]);
    const isMissing = ({ code }: Reason) => code === "missing-on-host";
    return {
      refusals: [...images.reasons, ...found.filter((one) => !isMissing(one))],
      missing: [...images.unseen, ...found.filter(isMissing).map(({ text }) => text)],
    };
  });
}

/** If a value isn't known yet, there is no definition to check; the devices whose arguments are known are checked. */
function foreseeKnown(session: Session, inputs: Inputs): Promise<Foreseen | undefined> {
  return session.ask(session.uriFor(inputs), async (hypervisor) => {
    const [refusals, images] = await Promise.all([
      claimedByOthers(hypervisor, knownDevices(inputs), undefined, { news: inputs, purpose: PREVIEW }),
      knownImageReasons(hypervisor, diskImages(inputs)),
    ]);
    return { refusals: [...images.reasons, ...refusals], missing: images.unseen };
  });
}

/** A definition that only has the devices whose arguments are known. */
function knownDevices({ disks, interfaces }: Inputs): string {
  const known = <Entry>(list: unknown): Entry[] =>
    Array.isArray(list) ? list.filter((entry) => !containsUnknown(entry)) : [];
  const devices = [
    ...known<DiskInput>(disks).map((disk) => diskXml({ ...completeDisk(disk), target: "" })),
    ...known<InterfaceInput>(interfaces).map((card) => interfaceXml(completeInterface(card))),
  ];
  return `<domain><devices>${devices.join("")}</devices></domain>`;
}
