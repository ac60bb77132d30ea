import { claimsRefused, definitionRefusals } from "../acceptance/definition-refusals.ts";
import { PREVIEW, type Purpose } from "../acceptance/hosted-domains.ts";
import { missingSources } from "../acceptance/missing-sources.ts";
import { probeDefine } from "../acceptance/probe-define.ts";
import { imagesToMake, newImages } from "../args/disk-images.ts";
import type { FieldName } from "../args/fields.ts";
import { defined } from "../defined.ts";
import { changedDefinition } from "../definition/changed-definition.ts";
import { differingFields } from "../definition/differences.ts";
import { domainSpec } from "../definition/domain-spec.ts";
import { listDeviceXml } from "../domain/list-device.ts";
import { readDomainXml } from "../domain/parse.ts";
import { UserError } from "../errors.ts";
import { readHost } from "../observe/host.ts";
import { type Observation, observe } from "../observe/observe.ts";
import { definitionRefusal } from "../plan/definition/refusals.ts";
import { definitionSteps } from "../plan/definition/steps.ts";
import { desiredMemory } from "../plan/desired.ts";
import { managedDevices } from "../plan/device-list/present-device.ts";
import type { MemoryView } from "../plan/observed.ts";
import type { DefineStep, Reason } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { formatMib } from "../units/size.ts";
import type { NewDefinition, UpdateContext } from "./context.ts";
import { imageReasons, knownImageReasons } from "./image-reasons.ts";

/** How often a definition that others keep changing is made again before the update gives up. */
const ATTEMPTS = 3;

/** What the definition that a step writes is made from. */
type DefinitionContext = Pick<
  UpdateContext,
  "session" | "hypervisor" | "domain" | "before" | "news" | "observation" | "plan" | "adopted"
>;

/** Reads the inactive definition, with the secrets in it. */
export function readDefinition({ hypervisor, domain }: DefinitionContext): Promise<string> {
  return hypervisor.xml(domain, { inactive: true, secure: true });
}

/**
 * The definition that a step writes, found acceptable by its host.
 *
 * @throws UserError with the reasons where it isn't
 */
export async function newDefinition(
  from: string,
  step: DefineStep,
  context: DefinitionContext,
): Promise<NewDefinition> {
  const definition = { from, xml: await written(from, step, context), step };
  await requireAcceptable(definition, context);
  return definition;
}

/** @throws UserError with the reasons where the host doesn't have what a domain without a definition gets */
export async function requireAttachable(context: UpdateContext): Promise<void> {
  const purpose: Purpose = { kind: "work", clock: context.session.clock };
  requireNone(await attachedRefusals(context.plan, context, purpose));
}

/** @throws UserError with the reasons where the host refuses the definition */
export async function requireAcceptable(
  definition: Pick<NewDefinition, "from" | "xml">,
  context: DefinitionContext,
): Promise<void> {
  const { hypervisor, domain, news } = context;
  const { reasons: images } = await imageReasons(context, newImages(context.before, news));
  const refused = await refusalsOf(definition, context, async (xml) => [
    ...(await definitionRefusals(hypervisor, xml, {
      present: domain,
      from: definition.from,
      news,
      purpose: { kind: "work", clock: context.session.clock },
    })),
    ...(await probeDefine(hypervisor, xml, news)),
  ]);
  requireNone(oncePerDevice([...images, ...refused]));
}

function requireNone([reason, ...others]: Reason[]): void {
  if (reason !== undefined)
    throw new UserError([reason, ...others].map(({ text }) => text).join("; "), { code: reason.code });
}

/**
 * Why a domain without a definition can't have the devices that a plan attaches: they are looked at as in a definition that has nothing
 * else.
 */
export async function attachedRefusals(
  { steps }: Pick<UpdatePlan, "steps">,
  { session, hypervisor, domain, before, news }: Omit<DefinitionContext, "plan" | "observation">,
  purpose: Purpose,
): Promise<Reason[]> {
  const devices = steps.flatMap((step) =>
    step.kind === "attachDevice" || step.kind === "updateDevice" ? [step] : [],
  );
  const images = newImages(before, news);
  if (devices.length + images.length === 0) return [];
  const xml = `<domain><devices>${devices.map(listDeviceXml).join("")}</devices></domain>`;
  const [found, missing, claimed] = await Promise.all([
    purpose.kind === "preview"
      ? knownImageReasons(hypervisor, images)
      : imageReasons({ session, hypervisor }, images),
    missingSources(hypervisor, readDomainXml(xml), news, imagesToMake(news)),
    claimsRefused(hypervisor, xml, { news, purpose, present: domain }),
  ]);
  const sources = missing.map((text): Reason => ({ code: "missing-on-host", text }));
  return oncePerDevice([...found.reasons, ...sources, ...claimed]);
}

/** A device that the host doesn't have is found in several ways. */
function oncePerDevice(reasons: Reason[]): Reason[] {
  const missing = new Set<string>();
  return reasons.filter(({ code, text }) => {
    const [device] = text.match(/^(disks|interfaces)\[\d+\]/) ?? [];
    if (code !== "missing-on-host" || device === undefined) return true;
    const isFirst = !missing.has(device);
    missing.add(device);
    return isFirst;
  });
}

/**
 * Why the host would refuse the definition that a step writes, as far as a preview can tell: it only reads.
 *
 * @param from the present definition
 */
export async function previewRefusals(
  from: string,
  step: DefineStep,
  context: DefinitionContext,
): Promise<Reason[]> {
  const { hypervisor, domain, before, news } = context;
  const xml = await written(from, step, context);
  const images = await knownImageReasons(hypervisor, newImages(before, news));
  const refused = await refusalsOf({ from, xml }, context, (definition) =>
    definitionRefusals(hypervisor, definition, {
      present: domain,
      from,
      news,
      purpose: PREVIEW,
    }),
  );
  return [...images.reasons, ...refused];
}

async function written(
  from: string,
  step: DefineStep,
  { session, hypervisor, before, news, observation, plan, adopted }: DefinitionContext,
): Promise<string> {
  const type = session.configuration.domainType;
  const host = step.fields.length > 0 ? readHost(await hypervisor.capabilities()) : undefined;
  return changedDefinition(from, {
    ...defined({ definition: step.definition, vcpus: step.vcpus }),
    ...{ fields: step.fields, before, news, type, adopted },
    attached: [
      ...plan.steps.flatMap((step) => (step.kind === "attachDevice" ? [step] : [])),
      ...managedDevices(observation.observed.live),
    ],
    hotplugPorts: news.hotplugPorts ?? session.defaults.hotplugPorts,
    specOf: (inputs) => {
      if (host === undefined) throw new Error("only a change of arguments needs their definition");
      return domainSpec(inputs, host, type, session.defaults);
    },
  });
}

/** A domain that isn't started now may keep what its host refuses in the present definition already. */
async function refusalsOf(
  { from, xml }: Pick<NewDefinition, "from" | "xml">,
  { plan }: DefinitionContext,
  against: (definition: string) => Promise<Reason[]>,
): Promise<Reason[]> {
  const found = await against(xml);
  if (found.length === 0 || plan.steps.some(({ kind }) => kind === "start")) return found;
  const earlier = new Set((await against(from)).map(({ text }) => text));
  return found.filter(({ text }) => !earlier.has(text));
}

/**
 * The arguments of a step that the definition doesn't have as the program sets them: somebody else defined the domain right
 * after us.
 */
export async function missingFields({ fields }: DefineStep, context: UpdateContext): Promise<FieldName[]> {
  const { hypervisor, domain, session, news } = context;
  if (fields.length === 0) return [];
  const host = readHost(await hypervisor.capabilities());
  const wanted = domainSpec(news, host, session.configuration.domainType, session.defaults);
  const { name, uuid } = domain;
  const differing = differingFields(await readDefinition(context), news, { ...wanted, name, uuid });
  return differing.filter((field) => fields.includes(field));
}

/**
 * The definition to write now. One that somebody else has changed since it was read is changed as it is now: libvirt has no
 * call that compares and defines, so a change during the last round trip isn't seen.
 *
 * @param replan the step for a domain whose definition has another memory than the one that the step was planned for
 */
export async function currentDefinition(
  step: DefineStep,
  context: UpdateContext,
  prepared: NewDefinition | undefined,
  replan: (now: Observation) => DefineStep,
): Promise<NewDefinition> {
  let made = prepared ?? (await newDefinition(await readDefinition(context), step, context));
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const present = await readDefinition(context);
    if (present === made.from) return made;
    const now = await observe(context.hypervisor, context.domain);
    made = await newDefinition(present, replan(now), context);
  }
  throw new Error(
    `someone else changed the definition ${ATTEMPTS} times in the meantime; it was left unchanged`,
  );
}

/** The step of the plan for the definition as it is now, which may have another memory than the planned one. */
export function replannedStep(
  step: DefineStep,
  context: UpdateContext,
  { observed }: Observation,
): DefineStep {
  const planned = context.observation.observed.nextBoot;
  const { nextBoot } = observed;
  if (step.definition === undefined || planned === undefined || nextBoot === undefined) return step;
  if (nextBoot.memory !== planned.memory && nextBoot.memory !== step.definition.memory)
    throw new Error(
      `someone else set ${formatMib(nextBoot.memory)} for the next boot in the meantime, but the program wants ${formatMib(step.definition.memory)}`,
    );
  if (isSameMemory(nextBoot, planned)) return step;
  const { news, session, adopted } = context;
  const desired = desiredMemory(news, session.defaults, adopted);
  if (desired === undefined) return step;
  const nodes = { numaChanged: step.fields.includes("numa") };
  const steps = definitionSteps(desired, observed, nodes);
  const refused = definitionRefusal(desired, observed, steps, nodes);
  if (refused !== undefined) throw new Error(refused.reasons.map(({ text }) => text).join("; "));
  return { ...step, definition: steps[0]?.definition ?? step.definition };
}

function isSameMemory(a: MemoryView, b: MemoryView): boolean {
  const memory = ({ memory, cells, devices, maxMemory }: MemoryView) => ({
    memory,
    cells,
    devices,
    maxMemory,
  });
  return JSON.stringify(memory(a)) === JSON.stringify(memory(b));
}
