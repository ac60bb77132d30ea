import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import type { Defaults } from "../args/settings.ts";
import { UNKNOWN } from "../args/unknown.ts";
import { defined } from "../defined.ts";
import { type MemoryMap, memoryMap } from "../explain/memory-map.ts";
import { withoutPassword } from "../libvirt/uri-password.ts";
import type { Outputs } from "../outputs.ts";
import { type MemoryView, type Observed, pendingMemory } from "../plan/observed.ts";
import type { UpdatePlan, UpdatePlanInput } from "../plan/plan-update.ts";
import type { Kib } from "../units/kib.ts";
import { announcedBy, isPlanOf, memoryBefore, vcpusBefore } from "./announced.ts";
import type { RunConfiguration } from "./configurations.ts";
import { type Cost, costFromHeadroom, costOf } from "./cost.ts";
import { deviceChanges } from "./device-changes.ts";
import { domainAfter, present } from "./domain-after.ts";
import type { DomainStep, Position } from "./domain-steps.ts";
import { endOf, type Happened, resultOf, whatHappened } from "./happened.ts";
import { type Planned, planFromOutputs, planFromState } from "./plan-again.ts";
import type { Properties } from "./properties.ts";
import { questionsAbout, questionsAfter } from "./questions.ts";
import { withoutSecrets } from "./secret-properties.ts";
import { asFound, type Change, memoryChange, vcpuChange } from "./size-changes.ts";
import { type Decided, decide, isForcedReplace, keptBy, type Verdict } from "./verdict.ts";

/** What a run does to a domain. */
export interface DomainReview extends Decided {
  urn: string;
  /** The resource's name in the program. */
  resource: string;
  /** The domain's name on its host, where it is another one. */
  domain?: string;
  memory: Change<Kib>;
  vcpus: Change<number>;
  /** A text for each disk and interface that changes. */
  devices: string[];
  /** The memory map; undefined where the domain doesn't exist, or isn't known. */
  before?: MemoryMap;
  after?: MemoryMap;
  /** The memory map after the next boot, where the change waits for that. */
  atBoot?: MemoryMap;
  cost?: Cost;
  questions: string[];
  /** The URI. Undefined: not known, or secret. */
  host?: string;
  /** How a domain that exists becomes a resource, of which the verdict is "create". */
  takenOver?: "adopt" | "import";
  /** Its resource is deleted, but it stays on its host. */
  stays: boolean;
  position?: Position;
  /** Sizes are secret, so nothing was planned. */
  isSecret: boolean;
  /** What an update did, where its log was reviewed for that. */
  happened?: Happened;
}

/** What is known of a domain before it is planned. */
export interface Known {
  step: DomainStep;
  /** Why the domain stays on its host although its resource is deleted; undefined: it doesn't stay. */
  kept: string | undefined;
  /** The arguments of the program; undefined: it is deleted. */
  news?: Inputs;
  /** The state; undefined: it doesn't exist, or can't be read. */
  state?: Outputs;
  /** What the update was planned from; undefined: it wasn't planned. */
  planned?: UpdatePlanInput;
  defaults: Defaults;
}

/** The configuration that applies to the domain, and whether the output is of an update that is over. */
export interface ReviewContext extends RunConfiguration {
  isOver: boolean;
}

export function reviewDomain(step: DomainStep, stack: ReviewContext): DomainReview {
  try {
    return reviewed(step, stack);
  } catch {
    return unreadable(step, stack);
  }
}

/** Arguments or a state that no version of this provider has written. */
function unreadable(step: DomainStep, { isOver }: ReviewContext): DomainReview {
  const { verdict, headline } = decide(step, {
    plan: undefined,
    announced: announcedBy(step, isOver),
    isSecret: false,
    isFollowed: false,
    kept: keptBy(step, step.old?.outputs?.onDelete, step.old?.outputs?.__adopted === true),
  });
  return {
    ...{ urn: step.urn, resource: step.resource, verdict, headline: redact(headline, ...carriers(step)) },
    ...{
      reasons: [],
      details: [],
      steps: [],
      memory: {},
      vcpus: {},
      devices: [],
      isSecret: false,
      stays: false,
    },
    questions: ["Was this edited? Its arguments or its state have a form that this version can't read."],
    ...(step.position && { position: step.position }),
    ...(isOver && { happened: { result: resultOf(step, false), remarks: endOf(step) } }),
  };
}

function reviewed(step: DomainStep, stack: ReviewContext): DomainReview {
  const olds = withoutSecrets({ ...step.old?.inputs, ...step.old?.outputs });
  const news = withoutSecrets(step.new?.inputs ?? {});
  const secrets = new Set([...olds.secrets, ...news.secrets]);
  const isSecret = [...SIZES].some((name) => secrets.has(name));
  const { inputs, before } = comparable(step, news.properties, olds.properties, secrets);
  const given = textOf(inputs.name) ?? textOf(olds.properties.name);
  const host = secrets.has("uri")
    ? undefined
    : (textOf(olds.properties.uri) ?? textOf(inputs.uri) ?? stack.uri);
  const clean = (text: string) => redact(text, ...carriers(step));
  const announced = announcedBy(step, stack.isOver);
  const isHidden = olds.properties.__observed === UNKNOWN;
  const planned: Planned = isSecret
    ? { problems: [] }
    : isHidden
      ? planFromOutputs(step, inputs, before, stack.defaults, announced)
      : planFromState(step, inputs, before, stack.defaults);
  const isAnnounced = (plan: UpdatePlan) => announced === undefined || isPlanOf(plan, announced, clean);
  const isFollowed = planned.plan !== undefined && isAnnounced(planned.plan);
  // What only the outputs tell of the domain isn't enough to plan from, unless the run came to the same plan.
  const { state, plan, observed } = isHidden && !isFollowed ? {} : planned;
  const kept = keptBy(step, olds.properties.onDelete, (state ?? olds.properties).__adopted === true);
  const decided = decide(step, { plan, announced, isSecret, kept, isFollowed });
  // The run saw another domain than the recorded one.
  const hasChanged =
    plan !== undefined &&
    !isFollowed &&
    announced?.outcome === decided.verdict &&
    !isForcedReplace(decided.verdict, plan);
  const known: Known = {
    step,
    kept,
    defaults: stack.defaults,
    ...(step.op !== "delete" && step.new && !isSecret && { news: inputs as unknown as Inputs }),
    ...(!hasChanged && defined({ state, planned: planned.input })),
  };
  // A plan that isn't carried out raises no question.
  const followed = isFollowed && plan?.outcome === decided.verdict ? plan : undefined;
  const over = stack.isOver ? whatHappened(step) : undefined;
  const expected = isSecret
    ? undefined
    : domainAfter(step, inputs, observed, followed, decided.verdict, stack.defaults);
  const after = over === undefined ? expected : isSecret ? undefined : over.state?.__observed;
  const waiting = after !== undefined && pendingMemory(after) !== undefined ? after.nextBoot : undefined;
  const views = {
    before: hasChanged ? undefined : observed && present(observed),
    after: after && present(after),
    left: expected,
  };
  const found = followed === undefined && announced?.more !== undefined ? announced : undefined;
  const staying = <T>(change: Change<T>): Change<T> =>
    kept === undefined ? change : defined({ ...change, to: change.from });
  const cost = costAfter(after, known.news, stack, decided.verdict);
  return {
    urn: step.urn,
    resource: step.resource,
    ...decided,
    headline: clean(decided.headline),
    details: [
      ...new Set([
        ...(over?.details ?? []),
        ...decided.details,
        ...(over === undefined && !isSecret ? mapNotes(step, hasChanged, isHidden, views) : []),
      ]),
    ].map(clean),
    steps: decided.steps.map(clean),
    memory: staying(asFound(memoryChange(step, inputs, olds.properties, observed), found, memoryBefore)),
    vcpus: staying(asFound(vcpuChange(step, inputs, olds.properties, state), found, vcpusBefore)),
    stays: kept !== undefined,
    devices: deviceChanges(before, step.op === "delete" ? {} : inputs).map(clean),
    questions: (over === undefined
      ? [...planned.problems, ...questionsAbout(known, decided.verdict, followed, views)]
      : questionsAfter(over.state, observed)
    ).map(clean),
    isSecret,
    ...defined({
      domain: given === undefined || given === step.resource ? undefined : given,
      before: views.before && memoryMap(views.before),
      after: views.after && memoryMap(views.after),
      atBoot: waiting && memoryMap(waiting),
      happened: over && { ...over.happened, remarks: over.happened.remarks.map(clean) },
      cost,
      takenOver: takenOver(step, inputs),
      host: host === undefined ? undefined : withoutPassword(host),
      position: step.position,
    }),
  };
}

function takenOver({ op }: DomainStep, inputs: Properties): DomainReview["takenOver"] {
  if (op === "import") return "import";
  return op === "create" && inputs.__adopted === true ? "adopt" : undefined;
}

/** The arguments that sizes follow from. */
const SIZES: ReadonlySet<string> = new Set([
  ...["memory", "maxMemory", "currentMemory", "numa", "vcpus", "maxVcpus"],
]);

function carriers(step: DomainStep): Properties[] {
  return [step.old?.inputs, step.old?.outputs, step.new?.inputs].filter((one) => one !== undefined);
}

/**
 * The arguments before and after. A secret is unknown on both sides, so the engine decides whether it differs.
 */
function comparable(
  { differs }: DomainStep,
  inputs: Properties,
  olds: Properties,
  secrets: ReadonlySet<string>,
): { inputs: Properties; before: Properties } {
  const [now, before] = [{ ...inputs }, { ...olds }];
  for (const name of secrets) {
    if (SIZES.has(name)) continue;
    if (differs.includes(name)) delete before[name];
    else if (name in now) before[name] = now[name];
    else delete before[name];
  }
  return { inputs: now, before };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== UNKNOWN ? value : undefined;
}

/** Why there is no map, or no whole one. */
function mapNotes(
  { op }: DomainStep,
  hasChanged: boolean,
  isHidden: boolean,
  { before, after }: { before: MemoryView | undefined; after: MemoryView | undefined },
): string[] {
  if (op !== "update" || (before !== undefined && after !== undefined)) return [];
  const which = after === undefined ? "no memory map" : "no memory map of it before the change";
  if (hasChanged) return [`the domain has changed since the state was recorded, so there is ${which}`];
  return isHidden ? [`the recorded domain is secret, as an argument is, so there is ${which}`] : [];
}

/** What the change leaves: by the domain after it, else by what the run announced. */
function costAfter(
  after: Observed | undefined,
  news: Inputs | undefined,
  { isOver, defaults }: ReviewContext,
  verdict: Verdict,
): Cost | undefined {
  if (news === undefined) return undefined;
  if (after !== undefined) return costOf(after, news, defaults);
  return !isOver && (verdict === "live" || verdict === "restart") ? costFromHeadroom(news) : undefined;
}
