import { domainUuid } from "../args/identity.ts";
import type { Inputs } from "../args/inputs.ts";
import { defined } from "../defined.ts";
import { OWNERSHIP_NAMESPACE } from "../domain/metadata.ts";
import { UserError } from "../errors.ts";
import { foreignText } from "../foreign-text.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { observeWithGuest } from "../observe/guest.ts";
import type { Observation } from "../observe/observe.ts";
import { plannerFor } from "../operations/planner.ts";
import { type Outputs, outputs } from "../outputs.ts";
import { planMessage } from "../plan/plan.ts";
import { NO_CHANGE } from "../plan/planned-outcome.ts";
import type { Session } from "../session.ts";
import { canonicalSize, formatSize, readCanonicalSize } from "../units/size.ts";
import { fitsXml } from "../units/xml-characters.ts";

/** What a read without a state asks for. */
export interface Wanted {
  /** A UUID or a name. */
  id: string;
  urn: string;
  /** Where the program names it. */
  uri?: string | undefined;
  /** The domain becomes this resource's, which another resource must not have; else it is only read (`.get()`). */
  isImport: boolean;
  /** What the state keeps of the dynamic class. */
  hidden: Partial<Inputs>;
}

/** A domain as the resource that adopts it: its inputs are the shortest program that fits it. */
export interface Found {
  id: string;
  inputs: Inputs;
  outs: Outputs;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** @throws UserError where there is no such domain, or it belongs to another resource */
export async function findDomain(session: Session, wanted: Wanted): Promise<Found> {
  const uri = session.resolveUri(wanted.uri);
  const hypervisor = await session.hypervisor(uri);
  const domain = await lookUp(hypervisor, wanted.id);
  if (domain === undefined) throw await notThere(hypervisor, wanted, uri);
  const observation = await observeWithGuest(hypervisor, domain, session.clock);
  if (wanted.isImport) refuseOwned(observation, domain, wanted);
  const inputs = inputsOf(session, wanted, observation);
  const adopted = inputs.__adopted === true;
  const outs = outputs(inputs, { uri, observation, defaults: session.defaults, adopted });
  if (wanted.isImport) await announceNextUpdate(session, inputs, outs);
  return { id: domain.uuid, inputs, outs };
}

/** Where the definition of a domain differs from what runs, no program leaves the domain unchanged. */
async function announceNextUpdate(session: Session, inputs: Inputs, outs: Outputs): Promise<void> {
  const plan = plannerFor(session, outs, { before: inputs, news: inputs })(outs.__observed);
  if (plan.outcome === "none") return;
  const text = `the running domain and its definition differ; the next pulumi up does this:\n${planMessage(plan)}`;
  await session.log.message(inputs.__urn, "warning", text);
}

/** A name is also that of a file on the host, of at most 255 bytes. */
const LONGEST_NAME = 255;

async function lookUp(hypervisor: Hypervisor, id: string): Promise<DomainRef | undefined> {
  if (id === "" || id.length > LONGEST_NAME || !fitsXml(id)) return undefined;
  const byUuid = UUID.test(id) ? await hypervisor.findByUuid(id.toLowerCase()) : undefined;
  return byUuid ?? (await hypervisor.findByName(id));
}

/** How many names a message lists. */
const LISTED = 10;

async function notThere(hypervisor: Hypervisor, { id }: Wanted, uri: string): Promise<UserError> {
  const names = (await hypervisor.list()).map(({ name }) => name).toSorted();
  const more = names.length > LISTED ? `, … (${names.length} in all)` : "";
  const there =
    names.length === 0
      ? "that host has no domains"
      : `its domains are ${names.slice(0, LISTED).join(", ")}${more}`;
  const text = `there is no domain with the UUID or the name "${foreignText(id)}" on ${uri}: ${there}; give the UUID or the name of an existing domain, and set libvirt-hotplug:uri if it is on another host`;
  return new UserError(text, { code: "nothing-to-import" });
}

function refuseOwned({ definition }: Observation, domain: DomainRef, { urn }: Wanted): void {
  const { ownership } = definition;
  if (ownership === undefined) return;
  const which = `domain ${domain.name} (${domain.uuid})`;
  if (ownership.urn !== urn) {
    const text = `${which} belongs to ${ownership.urn}, so it can't be imported as ${urn}; if that resource was only renamed, set the resource option aliases; to hand the domain over, set onDelete: "keep" on that resource, run pulumi up, and remove it from its program; if its stack is lost, remove the owner: virsh metadata ${domain.name} ${OWNERSHIP_NAMESPACE} --remove --config`;
    throw new UserError(text, { code: "not-owned" });
  }
  if (!ownership.creating) return;
  const text = `${which} was left by an interrupted create of this resource, so it can't be imported; run pulumi up without the import, which continues the create`;
  throw new UserError(text, { code: "not-owned" });
}

function inputsOf({ defaults }: Session, wanted: Wanted, { definition, observed }: Observation): Inputs {
  const { name, uuid, maxMemory, vcpus: maxVcpus, currentVcpus: vcpus = maxVcpus } = definition;
  const size = (observed.live ?? observed.nextBoot)?.memory ?? definition.memory;
  const memory = canonicalSize(size);
  // What this provider created itself is its own again, such as after a state was lost.
  const isOwn = definition.ownership !== undefined && domainUuid(wanted.urn) === uuid;
  return defined({
    ...wanted.hidden,
    __urn: wanted.urn,
    ...{ name, uuid, memory, vcpus, maxVcpus, uri: wanted.uri },
    // A domain without maxMemory keeps none: then it equals the memory.
    maxMemory: maxMemory === undefined ? memory : canonicalSize(maxMemory.size),
    memorySlots: maxMemory?.slots ?? defaults.memorySlots,
    running: observed.power === "off" ? false : undefined,
    __adopted: isOwn ? undefined : true,
    memoryPlan: `${formatSize(readCanonicalSize(memory))}: nothing to do`,
    ...NO_CHANGE,
  });
}
