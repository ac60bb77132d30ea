import type { Inputs } from "../args/inputs.ts";
import { readDomain } from "../domain/read.ts";
import { UserError } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import type { Reason } from "../plan/plan.ts";

/**
 * The domain that a killed create of the same resource left behind; undefined where there is none.
 *
 * @throws UserError when another domain has the name or the UUID
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
  const { code, text } = takenBy(found, inputs, ownership?.urn);
  throw new UserError(`Unable to create domain ${inputs.name}: ${text}`, { code });
}

/**
 * Why a new domain can't have its name or UUID, and the ways out.
 *
 * @param owner the URN in the metadata of the domain that has it
 */
export function takenBy(found: DomainRef, { name, __urn: urn }: Inputs, owner: string | undefined): Reason {
  const isName = found.name === name;
  const what = isName ? `the name "${name}" is already used` : `the UUID ${found.uuid} is already used`;
  const isOther = owner !== undefined && owner !== urn;
  const by =
    owner === undefined
      ? "which this provider doesn't manage"
      : isOther
        ? `which belongs to ${owner}`
        : "which this resource created but the state doesn't record (was the state lost or rolled back?)";
  const wayOut = isOther
    ? "set another name or, if the resource was renamed, the resource option aliases"
    : "set another name, or undefine that domain (virsh undefine) if it isn't needed";
  const text = `${what} by domain ${found.uuid}, ${by}; ${wayOut}`;
  return { code: isName ? "name-taken" : "uuid-taken", text };
}
