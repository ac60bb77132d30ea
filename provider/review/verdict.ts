import { isMoreDisruptive, type Outcome, type Reason } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { OUTCOME_WORDS } from "../plan/text.ts";
import { type Announced, isFromStateOnly, partsOf } from "./announced.ts";
import type { DomainStep } from "./domain-steps.ts";
import { isPrinted } from "./secret-properties.ts";

/** What a run does to a domain: an outcome of the planner, or an operation that isn't planned. */
export type Verdict = Outcome | "create" | "delete";

/** A verdict, and what explains it. */
export interface Decided {
  verdict: Verdict;
  /** The plan in a line. */
  headline: string;
  /** What decides the verdict. */
  reasons: Reason[];
  details: string[];
  steps: string[];
}

/** Why the domain stays on its host although its resource is deleted; undefined: it doesn't stay. */
export function keptBy(step: DomainStep, onDelete: unknown, isAdopted: boolean): string | undefined {
  if (step.op !== "delete") return undefined;
  const option = keptByOption(step);
  if (option !== undefined) return option;
  if (onDelete === "keep") return 'onDelete: "keep"';
  return isAdopted && onDelete === undefined ? "adopt" : undefined;
}

/** The resource option because of which the engine keeps the old domain in a delete or a replace. */
export function keptByOption({ old, isDeletedWith }: DomainStep): string | undefined {
  if (old?.isRetained === true) return "retainOnDelete";
  return isDeletedWith ? "deletedWith" : undefined;
}

/** What explains a verdict without a plan. */
const NOTHING = { reasons: [], details: [], steps: [] };

/** What is known of a domain's plan. */
export interface Knowledge {
  /** The plan from the recorded domain. */
  plan: UpdatePlan | undefined;
  announced: Announced | undefined;
  /** Sizes are secret, so nothing was planned. */
  isSecret: boolean;
  /** Why the domain stays on its host; see `keptBy`. */
  kept: string | undefined;
  /** The plan is the announced one. */
  isFollowed: boolean;
}

/** An error refuses all; then the engine decides on replace and delete, then what the provider announced, then the plan from the state. */
export function decide(step: DomainStep, known: Knowledge): Decided {
  if (known.announced?.outcome === "refuse") return refused(step, known.announced);
  switch (step.op) {
    case "refuse":
      return refused(step, known.announced);
    case "delete":
      return deleted(known.kept);
    case "create":
    case "import":
      return created(step);
    case "same":
      return { ...NOTHING, verdict: "none", headline: "" };
    default:
      return updated(step, known);
  }
}

function refused({ messages }: DomainStep, announced: Announced | undefined): Decided {
  const details = messages.flatMap(({ lines }) => lines).filter((line) => line !== announced?.headline);
  const headline = announced?.headline ?? "refused";
  return { ...NOTHING, verdict: "refuse", headline, details: [...new Set(details)] };
}

function deleted(kept: string | undefined): Decided {
  const headline =
    kept === undefined
      ? "deleted with its definition"
      : `only leaves the stack: the domain stays on its host (${kept})`;
  return { ...NOTHING, verdict: "delete", headline };
}

function created({ op, new: now, isRecreated }: DomainStep): Decided {
  const plan = now?.inputs.memoryPlan;
  const unplanned = now?.inputs.__adopted === true ? "adopted" : "created";
  const start = typeof plan === "string" && !isPrinted(plan) ? plan : unplanned;
  if (isRecreated) {
    const headline = `an earlier run deleted it and ended before it created it again: ${start}`;
    return { ...NOTHING, verdict: "create", headline };
  }
  if (op === "import") return { ...NOTHING, verdict: "create", headline: "imported: nothing is changed" };
  return { ...NOTHING, verdict: interruptionOf(now) ?? "create", headline: start };
}

/** An update, or a replace. */
function updated({ op }: DomainStep, known: Knowledge): Decided {
  const { plan, announced, isFollowed } = known;
  const verdict = op === "replace" ? "replace" : (announced?.outcome ?? plan?.outcome ?? "unknown");
  if (isFollowed && plan?.outcome === verdict) return planned(plan, announced);
  if (announced?.outcome === verdict && announced.headline !== "")
    return asAnnounced(verdict, announced, known);
  return op === "replace" ? replacedByEngine(known) : unexplained(verdict, known);
}

function planned(
  { outcome, headline, reasons, details, steps }: UpdatePlan,
  announced: Announced | undefined,
): Decided {
  const unreachable = announced?.more?.filter(isFromStateOnly) ?? [];
  const sentences = steps.map(({ sentence }) => sentence);
  return { verdict: outcome, headline, reasons, details: [...details, ...unreachable], steps: sentences };
}

function asAnnounced(verdict: Outcome, announced: Announced, { plan, isSecret }: Knowledge): Decided {
  const { details, steps } = isSecret ? NOTHING : partsOf(announced);
  const withdrawn = isForcedReplace(verdict, plan) ? fromState(plan) : [];
  return { verdict, headline: announced.headline, reasons: [], steps, details: [...withdrawn, ...details] };
}

const SIZES_ARE_SECRET = "sizes are secret, so this review has no figures";

function replacedByEngine({ plan, isSecret }: Knowledge): Decided {
  const why = isSecret
    ? SIZES_ARE_SECRET
    : "Pulumi replaces the resource (replaceOnChanges, deletedWith, --replace, or a replace that an earlier run began)";
  return {
    ...NOTHING,
    verdict: "replace",
    headline: `${OUTCOME_WORDS.replace}: ${why}`,
    details: fromState(plan),
  };
}

/** Neither a plan nor a message explains the verdict. */
function unexplained(verdict: Outcome, { announced, isSecret }: Knowledge): Decided {
  if (verdict === "none") return { ...NOTHING, verdict, headline: "" };
  const unread = isSecret ? SIZES_ARE_SECRET : "the recorded domain is secret or can't be read";
  const why = announced === undefined ? unread : "the run announced it without a message";
  return { ...NOTHING, verdict, headline: `${OUTCOME_WORDS[verdict]}: ${why}` };
}

/** The plan that isn't carried out. */
function fromState(plan: UpdatePlan | undefined): string[] {
  return plan === undefined || plan.headline === ""
    ? []
    : [`planned from the recorded state: ${plan.headline}`];
}

/** A resource option asks for it: what a run sees of a domain never makes a less disruptive plan a replace. */
export function isForcedReplace(verdict: Verdict, plan: UpdatePlan | undefined): boolean {
  return verdict === "replace" && plan !== undefined && isMoreDisruptive("replace", plan.outcome);
}

/** A create that continues an interrupted one, or adopts a domain, may change a domain that is there. */
function interruptionOf(now: DomainStep["new"]): Verdict | undefined {
  const change = now?.inputs.change;
  return change === "nextBoot" || change === "restart" || change === "replace" ? change : undefined;
}
