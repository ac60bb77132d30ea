import { definitionRefusals } from "../acceptance/definition-refusals.ts";
import { PREVIEW } from "../acceptance/hosted-domains.ts";
import { missingConnections } from "../acceptance/missing-sources.ts";
import { claimedByOthers } from "../acceptance/other-domains.ts";
import { diskImages } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown } from "../args/unknown.ts";
import { readDomainXml } from "../domain/parse.ts";
import { UserError } from "../errors.ts";
import type { Reason } from "../plan/plan.ts";
import type { Session } from "../session.ts";
import { imageReasons, knownImageReasons, type NeededImages } from "../update/image-reasons.ts";
import { type NewDomain, newDefinition } from "./new-domain.ts";

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
  const [reason] = all;
  if (reason === undefined) return needed;
  const text = all.map((one) => one.text).join("\n");
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
  if (containsUnknown(inputs)) return undefined;
  return session.ask(session.uriFor(inputs), async (hypervisor) => {
    const { xml } = await newDefinition(session, hypervisor, inputs);
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
