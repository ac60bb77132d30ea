import { definitionRefusals } from "../acceptance/definition-refusals.ts";
import type { Purpose } from "../acceptance/hosted-domains.ts";
import { unlessFailed } from "../acceptance/unanswered.ts";
import { diskImages } from "../args/disk-images.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown } from "../args/unknown.ts";
import { readDomain } from "../domain/read.ts";
import { UserError } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { withImages } from "../observe/images.ts";
import type { Power } from "../observe/power.ts";
import type { Outputs } from "../outputs.ts";
import { wouldShrink } from "../plan/disks/plan-disks.ts";
import type { Reason } from "../plan/plan.ts";
import { replacePower } from "../plan/power.ts";
import { ADOPTED } from "../plan/text.ts";
import type { Session } from "../session.ts";
import { takenBy } from "./existing-domain.ts";
import { newDefinition } from "./new-domain.ts";
import { unsupportedDevice } from "./virtio-mem-support.ts";

/** What a replace needs to know of the old domain. */
export type Replaced = Partial<Inputs> & Pick<Outputs, "uri" | "uuid" | "name" | "__urn">;

/**
 * Why the host can't have the domain that is to replace this one. A replace deletes the old domain first, so this is found
 * out in advance, without changing anything. A call that fails (the connection breaks, or libvirt doesn't support it) gives no
 * reason.
 */
export async function replacementRefusals(
  session: Session,
  uri: string,
  id: string,
  state: Replaced,
  news: Inputs,
  purpose: Purpose,
): Promise<Reason[]> {
  const hypervisor = await session.hypervisor(uri);
  const reasons = await Promise.all([
    unlessFailed(identityTaken(session, hypervisor, state, news), []),
    unlessFailed(
      unsupportedDevice(hypervisor, news, session).then((reason) => (reason ? [reason] : [])),
      [],
    ),
    unlessFailed(smallerSizes(session, uri, id, news), []),
    containsUnknown(news)
      ? []
      : unlessFailed(
          refusedByHost(session, hypervisor, { name: state.name, uuid: id, id: -1 }, news, purpose),
          [],
        ),
  ]);
  return reasons.flat();
}

/** An adopted domain wasn't made from the program's arguments, which may lack what it has. */
export function adoptedRefusals(state: Replaced): Reason[] {
  if (state.__adopted !== true) return [];
  const wayOut =
    "remove replaceOnChanges from the program, run pulumi up without --replace and --target-replace, or run pulumi state untaint if the resource is tainted";
  return [{ code: ADOPTED.code, text: `${ADOPTED.text}; ${wayOut}` }];
}

/** Why the old domain can't be shut down, or must not be at present. */
export function stopRefusals({ pause }: Pick<Power, "pause">, news: Inputs): Reason[] {
  if (pause === undefined) return [];
  const { refused } = replacePower({ power: "paused", pause, persistent: true }, news);
  return refused === undefined ? [] : [refused];
}

async function identityTaken(
  session: Session,
  hypervisor: Hypervisor,
  state: Replaced,
  news: Inputs,
): Promise<Reason[]> {
  if (state.onDelete === "keep") {
    const text = `onDelete "keep" leaves the old domain on ${hypervisor.uri} with the UUID ${news.uuid}, which the new one needs; first set onDelete to "delete" in a separate update`;
    return [{ code: "uuid-taken", text }];
  }
  if (containsUnknown(news.name)) return [];
  const found = await hypervisor.findByName(news.name);
  if (found === undefined || found.uuid === news.uuid) return [];
  const { ownership } = readDomain(await hypervisor.xml(found, { inactive: false }));
  // A domain that is replaced in the same run gives its name up.
  if (ownership !== undefined && session.run.of(ownership.urn).replacement !== undefined) return [];
  return [takenBy(found, news, ownership?.urn)];
}

/** Sizes below those of the images, which somebody may have grown. The images of new disks are looked up during the update. */
async function smallerSizes(session: Session, uri: string, id: string, news: Inputs): Promise<Reason[]> {
  const sized = diskImages(news).flatMap(({ size, ...image }) =>
    size === undefined ? [] : [{ ...image, size }],
  );
  const look = sized.length === 0 ? undefined : await session.look(uri, id);
  if (look?.kind !== "found") return [];
  const { observation } = look;
  const hypervisor = await session.hypervisor(uri);
  const domain = { name: observation.definition.name, uuid: id, id: observation.running?.id ?? -1 };
  const { images } = (await withImages(hypervisor, domain, observation, sized)).observed;
  return sized.flatMap((image) => {
    const present = images?.[image.key];
    return present === undefined || present <= image.size ? [] : [wouldShrink(image, present)];
  });
}

async function refusedByHost(
  session: Session,
  hypervisor: Hypervisor,
  present: DomainRef,
  news: Inputs,
  purpose: Purpose,
): Promise<Reason[]> {
  const { xml } = await newDefinition(session, hypervisor, news);
  return definitionRefusals(hypervisor, xml, { present, news, purpose });
}

/** The error of a replace that is refused before anything was done; undefined where there is no reason. */
export function replaceRefused(
  reasons: Reason[],
  state: Replaced,
  news: Inputs,
  ...details: string[]
): UserError | undefined {
  const [reason] = reasons;
  if (reason === undefined) return undefined;
  const message = [
    `refused: domain ${state.name} can't be replaced and is left unchanged`,
    ...reasons.map(({ text }) => text),
    ...details,
  ].join("\n");
  return new UserError(redact(message, state, news), { code: reason.code });
}
