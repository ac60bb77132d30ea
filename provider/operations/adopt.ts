import type { FieldName } from "../args/fields.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown } from "../args/unknown.ts";
import { defined } from "../defined.ts";
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
import type { Reason } from "../plan/plan.ts";
import { planUpdate, type UpdatePlan } from "../plan/plan-update.ts";
import { type PlannedOutcome, plannedOutcome } from "../plan/planned-outcome.ts";
import { fitting } from "../plan/text.ts";
import type { Session } from "../session.ts";
import { formatSize, readCanonicalSize } from "../units/size.ts";
import { runUpdate } from "../update/run-update.ts";
import { setOwner } from "./set-owner.ts";

/**
 * Adopts a domain that this provider didn't create: arguments that differ from the domain are applied as an update,
 * which is refused if it would interrupt the domain. Arguments that the program doesn't set stay as the domain has
 * them.
 */
export async function adopt(session: Session, inputs: Inputs): Promise<{ id: string; outs: Outputs }> {
  const uri = session.resolveUri(inputs.uri);
  const hypervisor = await session.hypervisor(uri);
  const domain = await hypervisor.findByName(inputs.name);
  if (domain === undefined) {
    const { code, text } = nothingToAdopt(inputs.name, uri);
    throw new UserError(`adopt ${text}`, { code });
  }
  return session.locked(domain.uuid, async () => {
    const asked = { autostart: true, secure: true };
    const observation = await observeWithGuest(hypervisor, domain, session.clock, asked);
    const { before, plan, refusal } = await planAdoption(session, hypervisor, domain, inputs, observation);
    if (refusal !== undefined) {
      const { code, text } = refusal;
      throw new UserError(redact(`Unable to adopt ${text}\nnothing was changed`, inputs), { code });
    }
    const adopted = true;
    const outs = await runUpdate({
      ...{ session, hypervisor, domain, uri, before, news: inputs, observation, plan, adopted },
    });
    await setOwner(hypervisor, domain, inputs.__urn);
    return { id: domain.uuid, outs };
  });
}

/**
 * What an adoption does to the domain, for a preview, or why it is refused. If the host can't be reached or a value
 * isn't known, only the create can tell.
 */
export async function previewAdoption(
  session: Session,
  inputs: Inputs,
): Promise<{ outcome: PlannedOutcome; refusal?: Reason }> {
  const memoryPlan = fitting(
    `adopts ${inputs.name} (plan not known yet)`,
    "adopts an existing domain (plan not known yet)",
  );
  const notKnown = { outcome: { memoryPlan, change: "unknown", memoryChange: "unknown" } } as const;
  const notes = session.run.of(inputs.__urn);
  delete notes.planned;
  if (containsUnknown(inputs)) return notKnown;
  const uri = session.resolveUri(inputs.uri);
  const look = await session.lookByName(uri, inputs.name);
  if (look.kind !== "found") return notKnown;
  const hypervisor = await session.hypervisor(uri);
  const domain = await hypervisor.findByName(inputs.name);
  if (domain === undefined) return notKnown;
  const { plan, refusal } = await planAdoption(session, hypervisor, domain, inputs, look.observation);
  notes.planned = { plan, seen: look.observation };
  const unchanged = `adopted with ${formatSize(readCanonicalSize(inputs.memory))}: nothing to do`;
  return defined({ outcome: plannedOutcome(plan, unchanged), refusal });
}

interface Adoption {
  /** The arguments that the domain already has. */
  before: Inputs;
  plan: UpdatePlan;
  /** Undefined where the domain can be adopted. */
  refusal?: Reason;
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
  const plan = planUpdate({ inputs, before, observed, recorded, defaults, adopted: true });
  const refused = (why: string): Adoption => {
    const text = `domain ${inputs.name} (${domain.uuid}): ${why}`;
    return { before, plan, refusal: { code: "adopt-refused", text } };
  };
  const owner = definition.ownership?.urn;
  if (owner !== undefined && owner !== inputs.__urn) return refused(`it belongs to ${owner}`);
  const obstacles = obstaclesTo(plan, differing, inputs, observed);
  if (obstacles.length === 0) return { before, plan };
  const wayOut = "match the program to the domain, or change the domain first";
  const details = isInterrupting(plan) ? plan.details : [];
  return refused([`${obstacles.join("; ")}; ${wayOut}`, ...details].join("\n"));
}

/** The text is a predicate of the argument `adopt`. */
export function nothingToAdopt(name: string, uri: string): Reason {
  const text = `finds no domain "${name}" on ${uri}; remove adopt to create it`;
  return { code: "nothing-to-adopt", text };
}

/** The arguments, other than the memory, that the program sets differently from the domain. */
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

function obstaclesTo(plan: UpdatePlan, differing: FieldName[], inputs: Inputs, observed: Observed): string[] {
  const replaced = changesThatNeed("replace", differing, inputs);
  const isOff = observed.power === "off";
  const later = isOff ? [] : changesThatNeed("nextBoot", differing, inputs);
  // Which of the domain's devices an entry of the program means can't be known for certain.
  const lists = isOff ? [] : changesThatNeed("devices", differing, inputs);
  return [
    ...replaced.map((name) => `${name} differs and can't be changed`),
    ...later.map((name) => `${name} differs and changing it needs a restart`),
    ...lists.map((name) => `${name} differs, and an adoption doesn't change the devices of a running domain`),
    ...(isInterrupting(plan) && replaced.length === 0 ? [plan.headline] : []),
  ];
}

function isInterrupting({ outcome }: UpdatePlan): boolean {
  return outcome === "replace" || outcome === "restart" || outcome === "refuse";
}

/** The arguments that the domain already has; those that differ count as not set before. */
function withoutFields(inputs: Inputs, differing: FieldName[]): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).filter(([name]) => !(differing as string[]).includes(name)),
  ) as unknown as Inputs;
}
