import type { Inputs } from "../args/inputs.ts";
import { redact } from "../args/redact.ts";
import type { Defaults } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { type MemoryMap, memoryMap } from "../explain/memory-map.ts";
import { withoutPassword } from "../libvirt/uri-password.ts";
import type { Outputs } from "../outputs.ts";
import { type MemoryView, type Observed, pendingMemory } from "../plan/observed.ts";
import type { UpdatePlanInput } from "../plan/plan-update.ts";
import type { Kib } from "../units/kib.ts";
import { announcedBy, memoryBefore, vcpusBefore } from "./announced.ts";
import { type ComparedArguments, carriers, comparedArguments, textOf } from "./compared-arguments.ts";
import type { RunConfiguration } from "./configurations.ts";
import { type Cost, costFromHeadroom, costOf } from "./cost.ts";
import { deviceChanges } from "./device-changes.ts";
import { domainAfter, present } from "./domain-after.ts";
import type { DomainStep, Position } from "./domain-steps.ts";
import { endOf, type Happened, resultOf, whatHappened } from "./happened.ts";
import type { Properties } from "./properties.ts";
import { questionsAbout, questionsAfter } from "./questions.ts";
import { type Replanned, replanned } from "./replanned.ts";
import { asFound, type Change, memoryChange, vcpuChange } from "./size-changes.ts";
import { type Decided, decide, keptBy, type Verdict } from "./verdict.ts";

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
  const given = comparedArguments(step);
  const clean = (text: string) => redact(text, ...carriers(step));
  const found = replanned(step, given, stack, clean);
  const { decided } = found;
  const news =
    step.op !== "delete" && step.new && !given.isSecret ? (given.now as unknown as Inputs) : undefined;
  const over = stack.isOver ? whatHappened(step) : undefined;
  const views = viewsOf(step, given, found, over, stack.defaults);
  const known: Known = {
    ...{ step, kept: found.kept, defaults: stack.defaults, ...defined({ news }) },
    ...found.recorded,
  };
  const questions =
    over === undefined
      ? [...found.problems, ...questionsAbout(known, decided.verdict, found.followed, views)]
      : questionsAfter(over.state, found.observed);
  const notes = over === undefined && !given.isSecret ? mapNotes(step, found, views) : [];
  return {
    urn: step.urn,
    resource: step.resource,
    ...decided,
    headline: clean(decided.headline),
    details: [...new Set([...(over?.details ?? []), ...decided.details, ...notes])].map(clean),
    steps: decided.steps.map(clean),
    ...sizes(step, given, found),
    stays: found.kept !== undefined,
    devices: deviceChanges(given.before, step.op === "delete" ? {} : given.now).map(clean),
    questions: questions.map(clean),
    isSecret: given.isSecret,
    ...mapsOf(views),
    ...defined({
      domain: given.name === step.resource ? undefined : given.name,
      happened: over && { ...over.happened, remarks: over.happened.remarks.map(clean) },
      cost: costAfter(views.end, news, stack, decided.verdict),
      takenOver: takenOver(step, given.now),
      host: hostOf(given, stack),
      position: step.position,
    }),
  };
}

/** The domain before and after, as far as it is known. */
interface Views {
  before: MemoryView | undefined;
  after: MemoryView | undefined;
  /** What the plan leaves. */
  left: Observed | undefined;
  /** The domain after the run: what the plan leaves, or what an update that is over has recorded. */
  end: Observed | undefined;
}

function viewsOf(
  step: DomainStep,
  { now, isSecret }: ComparedArguments,
  { observed, followed, hasChanged, decided }: Replanned,
  over: ReturnType<typeof whatHappened> | undefined,
  defaults: Defaults,
): Views {
  const before = hasChanged ? undefined : observed && present(observed);
  if (isSecret) return { before, after: undefined, left: undefined, end: undefined };
  const left = domainAfter(step, now, observed, followed, decided.verdict, defaults);
  const end = over === undefined ? left : over.state?.__observed;
  return { before, after: end && present(end), left, end };
}

function mapsOf({ before, after, end }: Views): Pick<DomainReview, "before" | "after" | "atBoot"> {
  const waiting = end !== undefined && pendingMemory(end) !== undefined ? end.nextBoot : undefined;
  return defined({
    before: before && memoryMap(before),
    after: after && memoryMap(after),
    atBoot: waiting && memoryMap(waiting),
  });
}

/** A domain that stays on its host keeps its sizes. */
function sizes(
  step: DomainStep,
  { now, olds }: ComparedArguments,
  { announced, followed, observed, state, kept }: Replanned,
): Pick<DomainReview, "memory" | "vcpus"> {
  const found = followed === undefined && announced?.more !== undefined ? announced : undefined;
  const staying = <T>(change: Change<T>): Change<T> =>
    kept === undefined ? change : defined({ ...change, to: change.from });
  return {
    memory: staying(asFound(memoryChange(step, now, olds, observed), found, memoryBefore)),
    vcpus: staying(asFound(vcpuChange(step, now, olds, state), found, vcpusBefore)),
  };
}

function hostOf({ now, olds, secrets }: ComparedArguments, { uri }: ReviewContext): string | undefined {
  if (secrets.has("uri")) return undefined;
  const host = textOf(olds.uri) ?? textOf(now.uri) ?? uri;
  return host === undefined ? undefined : withoutPassword(host);
}

function takenOver({ op }: DomainStep, inputs: Properties): DomainReview["takenOver"] {
  if (op === "import") return "import";
  return op === "create" && inputs.__adopted === true ? "adopt" : undefined;
}

/** Why there is no map, or no whole one. */
function mapNotes(
  { op }: DomainStep,
  { hasChanged, isHidden }: Replanned,
  { before, after }: Views,
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
