import { definitionRefusals } from "../acceptance/definition-refusals.ts";
import { PREVIEW } from "../acceptance/hosted-domains.ts";
import { unlessUnanswered } from "../acceptance/unanswered.ts";
import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import { containsUnknown } from "../args/unknown.ts";
import { MARKED_FIELDS, withWritten } from "../args/written-arguments.ts";
import { defined } from "../defined.ts";
import { differingFields } from "../definition/differences.ts";
import { graphicsPassword } from "../domain/graphics.ts";
import { UserError } from "../errors.ts";
import type { DomainRef } from "../libvirt/hypervisor.ts";
import type { Observation } from "../observe/observe.ts";
import type { Outputs } from "../outputs.ts";
import { isDefine, planMessage, type Reason } from "../plan/plan.ts";
import { planUpdate, type UpdatePlan } from "../plan/plan-update.ts";
import { permittedPlan } from "../plan/preview-contract.ts";
import { previewRefusals } from "../update/definition.ts";
import { runUpdate } from "../update/run-update.ts";
import type { NewDomain } from "./new-domain.ts";

/** A domain that an interrupted create or replace of this resource started, perhaps with what an earlier program set. */
export interface Started {
  domain: DomainRef;
  observation: Observation;
  /** The arguments that it was created with. */
  before: Inputs;
  /** What makes it what the program asks for: the same as for a finished domain. */
  plan: UpdatePlan;
}

/** Undefined where nothing of an unfinished domain runs: then it is defined and started like a new one. */
export async function startedDomain(
  wanted: NewDomain,
  observation: Observation,
): Promise<Started | undefined> {
  const { inputs } = wanted;
  const { observed, definition } = observation;
  const { ownership, name, uuid } = definition;
  const isUnfinished = ownership?.urn === inputs.__urn && ownership.creating;
  if (!isUnfinished || observed.live === undefined || !observed.persistent) return undefined;
  const before = await createdWith(wanted, observation);
  const { defaults } = wanted.session;
  const plan = planUpdate({ inputs, before, observed, recorded: undefined, defaults, adopted: false });
  return { domain: { name, uuid, id: observed.live.domainId ?? -1 }, observation, before, plan };
}

/** The mark of an unfinished domain has all arguments except a password; that of an earlier version has none. */
async function createdWith(
  { hypervisor, inputs, definition }: NewDomain,
  { definition: { name, uuid, writtenArguments }, secureXml }: Observation,
): Promise<Inputs> {
  const read = async () =>
    secureXml ?? (await hypervisor.xml({ name, uuid, id: -1 }, { inactive: true, secure: true }));
  if (writtenArguments !== undefined) {
    const others = Object.entries(inputs).filter(([field]) => !(MARKED_FIELDS as string[]).includes(field));
    const written = withWritten({ ...Object.fromEntries(others), name } as Inputs, inputs, writtenArguments);
    const { graphics } = written;
    if (graphics?.password === undefined || containsUnknown(graphics)) return written;
    return {
      ...written,
      graphics: { ...graphics, ...defined({ password: graphicsPassword(await read(), graphics.type) }) },
    };
  }
  if (containsUnknown(inputs)) return { ...inputs, name };
  const { spec } = await definition();
  const xml = await read();
  const differing: string[] = differingFields(xml, inputs, { ...spec, name, uuid });
  const same = Object.entries(inputs).filter(([field]) => !differing.includes(field));
  return { ...Object.fromEntries(same), name } as Inputs;
}

/** Why the plan can't be carried out, as far as a preview can tell. */
export async function refusalOfStarted(
  { session, hypervisor, inputs, definition }: NewDomain,
  { domain, observation, before, plan }: Started,
): Promise<Reason | undefined> {
  const [reason] = plan.reasons;
  if (plan.outcome === "refuse")
    return { code: reason?.code ?? "definition-refused", text: planMessage(plan) };
  if (containsUnknown(inputs)) return undefined;
  const step = plan.steps.find(isDefine);
  const reasons = async (): Promise<Reason[]> => {
    if (plan.outcome === "replace") {
      const { xml } = await definition();
      return definitionRefusals(hypervisor, xml, { present: domain, news: inputs, purpose: PREVIEW });
    }
    const from = observation.inactiveXml;
    const context = { session, hypervisor, domain, before, news: inputs, observation, plan, adopted: false };
    return step === undefined || from === undefined ? [] : previewRefusals(from, step, context);
  };
  const found = await unlessUnanswered(reasons(), []);
  const [first] = found;
  return first && { code: first.code, text: found.map(({ text }) => text).join("; ") };
}

/**
 * Carries the plan out as an update would.
 *
 * @returns undefined where the domain is to be replaced
 * @throws UserError where the plan is refused, or more disruptive than what was previewed; PartialError as an update
 */
export async function continueStarted(
  { session, hypervisor, inputs }: NewDomain,
  { domain, observation, before, plan }: Started,
): Promise<Outputs | undefined> {
  const permitted = permittedPlan(session.run.of(inputs.__urn).announced, plan);
  if (permitted.outcome === "replace") return undefined;
  if (permitted.outcome === "refuse") {
    const text = `Unable to create domain ${inputs.name}: ${planMessage(permitted)}`;
    throw new UserError(redact(text, before, inputs), { code: permitted.reasons[0]?.code });
  }
  if (permitted.withheld !== undefined)
    await session.log.message(inputs.__urn, "warning", redact(permitted.withheld, before, inputs));
  // Its create may have been interrupted before that.
  await hypervisor.setAutostart(domain, inputs.autostart === true);
  return runUpdate({
    ...{
      session,
      hypervisor,
      domain,
      uri: session.uriFor(inputs),
      before,
      news: inputs,
      observation,
      adopted: false,
    },
    plan: permitted,
  });
}
