import { readOwnership, readWritten, type Written } from "../domain/metadata.ts";
import { readDomainXml } from "../domain/parse.ts";
import { type Replacing, readReplacing } from "../domain/replacing.ts";
import type { Ownership } from "../domain/state.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Outputs } from "../outputs.ts";
import type { Reason } from "../plan/plan.ts";

/** A domain with its owner, as its definition has them. */
interface Owned {
  name: string;
  uuid: string;
  ownership?: Ownership | undefined;
  /** What this provider wrote into the definition last. */
  written?: Written | undefined;
  /** A replace that has not ended. */
  replacing?: Replacing | undefined;
}

/** The owner in a domain's definition. Nothing else of it is read, so that any domain can be deleted. */
export async function ownerOf(hypervisor: Hypervisor, domain: DomainRef): Promise<Owned> {
  const root = readDomainXml(await hypervisor.xml(domain, { inactive: true }));
  const { name, uuid } = domain;
  const [ownership, written] = [readOwnership(root), readWritten(root)];
  return { name, uuid, ownership, written, replacing: readReplacing(root) };
}

/**
 * Why a domain that has the UUID of a resource isn't the resource's; undefined where it is.
 *
 * Its metadata has the URN that the state recorded: a resource that was renamed (by an alias, or with its stack) keeps that one
 * until its next update. Without metadata, which others may have removed, the domain has the recorded name.
 *
 * @param urn the resource's present URN. An update that was killed may have set it already.
 */
export function notOwned(
  { name, uuid, ownership }: Pick<Owned, "name" | "uuid" | "ownership">,
  state: Pick<Outputs, "__urn" | "name" | "uri">,
  urn?: string,
): Reason | undefined {
  const isOwned =
    ownership === undefined
      ? name === state.name
      : [ownership.urn, ownership.previousUrn].includes(state.__urn) || ownership.urn === urn;
  if (isOwned) return undefined;
  const why =
    ownership === undefined
      ? `is named "${name}" instead of "${state.name}" and has no metadata of this provider`
      : `belongs to ${ownership.urn}`;
  const text = `domain ${uuid} on ${state.uri} isn't the one that this resource created: it ${why}`;
  return { code: "not-owned", text };
}

/** What to do about a resource whose domain isn't its own. */
export const NOT_OWNED_WAY_OUT =
  "the domain is left unchanged; remove the resource from the state (pulumi state delete), or undefine that domain if it isn't needed";

/** Whether an update has to rewrite the owner: after a rename, or after a create whose last call got no answer. */
export function isOwnerOutdated(ownership: Ownership | undefined, state: Outputs, urn: string): boolean {
  if (ownership === undefined || ownership.urn !== urn || ownership.creating) return true;
  return ownership.previousUrn !== undefined && state.__urn === urn;
}
