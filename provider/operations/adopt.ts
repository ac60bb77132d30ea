import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { containsUnknown } from "../args/unknown.ts";
import { differingFields } from "../definition/differences.ts";
import { domainSpec } from "../definition/domain-spec.ts";
import { UserError } from "../errors.ts";
import type { DomainRef, Hypervisor } from "../libvirt/hypervisor.ts";
import { observeWithGuest } from "../observe/guest.ts";
import { readHost } from "../observe/host.ts";
import type { Observation } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import { changesThatNeed } from "../plan/changed-fields.ts";
import type { Observed } from "../plan/observed.ts";
import { planMessage } from "../plan/plan.ts";
import { planUpdate, type UpdatePlan } from "../plan/plan-update.ts";
import type { Session } from "../session.ts";
import { formatSize, readCanonicalSize } from "../units/size.ts";
import { runUpdate } from "../update/run-update.ts";
import { setOwner } from "./set-owner.ts";

/**
 * Takes over a domain that somebody else made: what the program says otherwise is carried out as an update, and
 * refused where it would need a restart. Whatever the program doesn't name stays as it is.
 */
export async function adopt(session: Session, inputs: Inputs): Promise<{ id: string; outs: Outputs }> {
  const uri = session.resolveUri(inputs.uri);
  const hypervisor = await session.hypervisor(uri);
  const domain = await hypervisor.findByName(inputs.name);
  if (domain === undefined) throw new UserError(nothingToAdopt(inputs.name, uri));
  return session.locked(domain.uuid, async () => {
    const observation = await observeWithGuest(hypervisor, domain, session.clock);
    const { before, change, refusal } = await planAdoption(session, hypervisor, domain, inputs, observation);
    if (refusal !== undefined) throw new UserError(`Unable to adopt ${refusal}; nothing was changed`);
    const adopted = true;
    const outs = await runUpdate({
      session,
      hypervisor,
      domain,
      uri,
      before,
      news: inputs,
      observation,
      plan: change,
      adopted,
    });
    await setOwner(hypervisor, domain, inputs.__urn);
    return { id: domain.uuid, outs };
  });
}

/**
 * What taking a domain over comes to, for a preview: the sentence of its memory, or why the domain can't be taken over.
 * Where the host can't be asked, or a value isn't known, the create that follows finds it.
 */
export async function previewAdoption(
  session: Session,
  inputs: Inputs,
): Promise<{ sentence: string; refusal?: string }> {
  const notKnown = { sentence: `adopts ${inputs.name}: what that comes to isn't known yet` };
  if (containsUnknown(inputs)) return notKnown;
  const uri = session.resolveUri(inputs.uri);
  const look = await session.lookByName(uri, inputs.name);
  if (!("found" in look)) return notKnown;
  const hypervisor = await session.hypervisor(uri);
  const domain = await hypervisor.findByName(inputs.name);
  if (domain === undefined) return { ...notKnown, refusal: nothingToAdopt(inputs.name, uri) };
  const { change, refusal } = await planAdoption(session, hypervisor, domain, inputs, look.found);
  const sentence =
    change.memory?.headline || `adopted with ${formatSize(readCanonicalSize(inputs.memory))}: nothing to do`;
  return { sentence, ...(refusal !== undefined && { refusal }) };
}

interface Adoption {
  /** The arguments as the domain has them already. */
  before: Inputs;
  change: UpdatePlan;
  /** Undefined where nothing is in the way. */
  refusal?: string;
}

async function planAdoption(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  inputs: Inputs,
  observation: Observation,
): Promise<Adoption> {
  const differing = await differences(session, hypervisor, domain, inputs, observation);
  const before = withoutFields(inputs, differing);
  const { observed, definition } = observation;
  const recorded = observed.nextBoot?.memory;
  const { defaults } = session;
  const change = planUpdate({ inputs, before, observed, recorded, defaults, adopted: true });
  const which = `domain ${inputs.name} (${domain.uuid})`;
  const owner = definition.ownership?.urn;
  if (owner !== undefined && owner !== inputs.__urn)
    return { before, change, refusal: `${which}: it belongs to ${owner}` };
  const obstacles = obstaclesTo(change, differing, inputs, observed);
  if (obstacles.length === 0) return { before, change };
  const wayOut = "make the program say what the domain has, or change the domain first";
  return { before, change, refusal: `${which}: ${obstacles.join("; ")}; ${wayOut}` };
}

export function nothingToAdopt(name: string, uri: string): string {
  return `there is no domain ${name} on ${uri} to adopt; without adopt: true it would be created`;
}

/** The arguments, apart from the memory, that the program sets and the domain has differently. */
async function differences(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
  inputs: Inputs,
  { observed, autostart }: Observation,
): Promise<FieldName[]> {
  const host = readHost(await hypervisor.capabilities());
  const wanted = domainSpec(inputs, host, session.configuration.domainType, session.defaults);
  const xml = await hypervisor.xml(domain, { inactive: observed.persistent, secure: true });
  const differing = differingFields(xml, inputs, { ...wanted, name: domain.name, uuid: domain.uuid });
  return autostart === (inputs.autostart ?? autostart) ? differing : [...differing, "autostart"];
}

function obstaclesTo(
  change: UpdatePlan,
  differing: FieldName[],
  inputs: Inputs,
  observed: Observed,
): string[] {
  const replaced = changesThatNeed("replace", differing, inputs);
  const later = observed.power === "off" ? [] : changesThatNeed("nextBoot", differing, inputs);
  const stops = change.outcome === "replace" || change.outcome === "restart" || change.outcome === "refuse";
  return [
    ...replaced.map((name) => `${name} differs, and can't be changed`),
    ...later.map((name) => `${name} differs, and a change of it needs a restart`),
    ...(stops && replaced.length === 0 ? [planMessage(change)] : []),
  ];
}

/** The arguments as the domain has them already, as far as it matters: what differs counts as not said before. */
function withoutFields(inputs: Inputs, differing: FieldName[]): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).filter(([name]) => !(differing as string[]).includes(name)),
  ) as unknown as Inputs;
}
