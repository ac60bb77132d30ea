import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { differencesFrom } from "../domain/difference.ts";
import type { Replacing } from "../domain/replacing.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import type { Reason } from "../plan/plan.ts";
import type { NewDomain } from "./new-domain.ts";
import { ownerOf } from "./ownership.ts";

/** What a create finds on the host. */
export type Existing =
  | { kind: "none" }
  /** A create of this resource left it, and has not finished it. */
  | { kind: "unfinished"; domain: DomainRef }
  /** A create of this resource finished it, and it is exactly what this create would make. The state doesn't record it. */
  | { kind: "finished"; domain: DomainRef }
  /** The same, but a value isn't known yet. */
  | { kind: "unknown" }
  /** The new domain can't have its name or UUID. */
  | { kind: "taken"; owner?: string; reason: Reason };

/**
 * The domain that already has the name or the UUID of a new one. Only reads.
 *
 * @param wanted its inputs may contain unknown values, but a known UUID
 * @param byUuid the domain that has that UUID
 */
export async function existingDomain(wanted: NewDomain, byUuid: DomainRef | undefined): Promise<Existing> {
  const { hypervisor, inputs } = wanted;
  const isNamed = !containsUnknown(inputs.name);
  const byName = isNamed ? await hypervisor.findByName(inputs.name) : undefined;
  const found = byName !== undefined && byName.uuid !== byUuid?.uuid ? byName : byUuid;
  if (found === undefined) return { kind: "none" };
  const { ownership, replacing } = await ownerOf(hypervisor, found);
  const owner = ownership?.urn;
  const taken = (differences: string[] = []): Existing => ({
    kind: "taken",
    reason: withCleanUp(takenBy(found, inputs, owner, { differences }), found, replacing),
    ...defined({ owner }),
  });
  if (found !== byUuid || ownership?.urn !== inputs.__urn) return taken();
  if (isNamed && found.name !== inputs.name) return taken(["name"]);
  if (ownership.creating) return { kind: "unfinished", domain: found };
  if (containsUnknown(inputs)) return { kind: "unknown" };
  const { xml } = await wanted.definition();
  const differences = await differencesFromNew(hypervisor, found, inputs, xml);
  return differences.length === 0 ? { kind: "finished", domain: found } : taken(differences);
}

/** Where a domain isn't exactly what a create makes. */
async function differencesFromNew(
  hypervisor: Hypervisor,
  domain: DomainRef,
  { running = true, autostart = false }: Inputs,
  wanted: string,
): Promise<string[]> {
  const [{ power }, off, isPersistent] = await Promise.all([
    hypervisor.state(domain),
    isOff(hypervisor, domain),
    hypervisor.isPersistent(domain),
  ]);
  if (!isPersistent) return ["transient"];
  const isRunningAsWanted = running ? power === "running" : off;
  const [defined, live, starts] = await Promise.all([
    hypervisor.xml(domain, { inactive: true, secure: true }),
    off ? undefined : hypervisor.xml(domain, { inactive: false, secure: true }),
    hypervisor.autostart(domain),
  ]);
  const differences = [
    ...differencesFrom(wanted, defined, false),
    ...(live === undefined ? [] : differencesFrom(wanted, live, true)),
    ...(isRunningAsWanted ? [] : ["running"]),
    ...(starts === autostart ? [] : ["autostart"]),
  ];
  return [...new Set(differences)];
}

/**
 * Why a new domain can't have its name or UUID, and the ways out.
 *
 * @param owner the URN in the metadata of the domain that has it
 * @param create a create, which could adopt the domain; undefined for a replacement. `differences`: where a domain of the same
 * URN isn't what the create would make
 */
export function takenBy(
  found: DomainRef,
  { name, __urn: urn }: Inputs,
  owner: string | undefined,
  create?: { differences: string[] },
): Reason {
  const isName = found.name === name;
  const what = isName ? `the name "${name}" is already used` : `the UUID ${found.uuid} is already used`;
  const isOther = owner !== undefined && owner !== urn;
  const differences = create?.differences ?? [];
  const differs =
    differences.length === 0 ? "" : `, and which differs from the program in ${someOf(differences)}`;
  const adoption =
    create === undefined ? "" : `set adopt: true${isName ? "" : ` and name: "${found.name}"`} to manage it, `;
  const by =
    owner === undefined
      ? "which this provider doesn't manage"
      : isOther
        ? `which belongs to ${owner}`
        : `which this resource created but the state doesn't record (was the state lost or rolled back?)${differs}`;
  const wayOut = isOther
    ? "set another name or, if the resource was renamed, the resource option aliases"
    : `${adoption}set another name, or undefine that domain (virsh undefine) if it isn't needed`;
  const forced = differs === "" || isOther ? "" : `; ${FORCED_REPLACE}`;
  const text = `${what} by domain ${found.uuid}, ${by}; ${wayOut}${forced}`;
  return { code: isName ? "name-taken" : "uuid-taken", text };
}

/** A create and a replace that Pulumi was asked for begin with the same call. */
const FORCED_REPLACE =
  "if Pulumi was asked to replace it (--replace, --target-replace, pulumi state taint), first run pulumi up without that; if memory was added since the domain was started, restart the domain before the replace";

/** A domain that a replace left may have no resource any more, in any program. */
function withCleanUp(reason: Reason, found: DomainRef, replacing: Replacing | undefined): Reason {
  if (replacing === undefined) return reason;
  return { ...reason, text: `${reason.text}; ${leftByReplace(found)}` };
}

/** What a replace that didn't end left, and how to remove it. */
export function leftByReplace({ name }: DomainRef): string {
  return `domain ${name} was left by a replace that did not end; if no program needs it, remove it with: virsh undefine ${name} --nvram --managed-save --snapshots-metadata --checkpoints-metadata`;
}

/** How many differences a message lists: another domain differs in nearly everything. */
const LISTED = 5;

function someOf(differences: string[]): string {
  const more = differences.length - LISTED;
  return [...differences.slice(0, LISTED), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
