import type { Inputs } from "../args/inputs.ts";
import { readDomain } from "../domain/read.ts";
import { UserError } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";

/**
 * The domain that a killed create of the same resource left behind, if there is one.
 *
 * @throws UserError when a domain of that name or UUID is there that isn't such a one
 */
export async function unfinishedCreate(
  hypervisor: Hypervisor,
  inputs: Inputs,
): Promise<DomainRef | undefined> {
  const [byUuid, byName] = await Promise.all([
    hypervisor.findByUuid(inputs.uuid),
    hypervisor.findByName(inputs.name),
  ]);
  const found = byUuid ?? byName;
  if (found === undefined) return undefined;
  const { ownership } = readDomain(await hypervisor.xml(found, { inactive: false }));
  if (byUuid !== undefined && ownership?.urn === inputs.__urn && ownership.creating) return found;
  throw new UserError(`Unable to create domain ${inputs.name}: ${takenBy(found, inputs, ownership?.urn)}`);
}

/** Why a new domain can't have its name or UUID, and the ways out. */
export function takenBy(found: DomainRef, inputs: Inputs, owner: string | undefined): string {
  const what =
    found.name === inputs.name ? `the name ${found.name} is taken` : `the UUID ${found.uuid} is taken`;
  const whose =
    owner === undefined
      ? "that this provider did not make"
      : owner === inputs.__urn
        ? "that this resource made, and that the state does not know (a state that was lost or rolled back?)"
        : `that ${owner} made`;
  const wayOut =
    owner !== undefined && owner !== inputs.__urn
      ? "give this one another name, or, if the resource was renamed, say so with the option aliases"
      : "give this one another name, or remove that domain (virsh undefine) if nothing is lost with it";
  return `${what} by domain ${found.uuid}, ${whose}; ${wayOut}`;
}
