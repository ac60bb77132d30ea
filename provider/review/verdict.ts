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

/** An error refuses all; then the engine decides on replace and delete, then what the provider announced, then the plan from the state. */
export function decide(
  { op, new: now, messages, isRecreated }: DomainStep,
  plan: UpdatePlan | undefined,
  announced: Announced | undefined,
  { isSecret, kept, isFollowed }: { isSecret: boolean; kept: string | undefined; isFollowed: boolean },
): Decided {
  const nothing = { reasons: [], details: [], steps: [] };
  if (announced?.outcome === "refuse" || op === "refuse") {
    const details = messages.flatMap(({ lines }) => lines).filter((line) => line !== announced?.headline);
    return {
      ...nothing,
      verdict: "refuse",
      headline: announced?.headline ?? "refused",
      details: [...new Set(details)],
    };
  }
  if (op === "delete") {
    const stays = `only leaves the stack: the domain stays on its host (${kept})`;
    return {
      ...nothing,
      verdict: "delete",
      headline: kept === undefined ? "deleted with its definition" : stays,
    };
  }
  if (op === "create" || op === "import") {
    const plan = now?.inputs.memoryPlan;
    const unplanned = now?.inputs.__adopted === true ? "adopted" : "created";
    const start = typeof plan === "string" && !isPrinted(plan) ? plan : unplanned;
    if (isRecreated)
      return {
        ...nothing,
        verdict: "create",
        headline: `an earlier run deleted it and ended before it created it again: ${start}`,
      };
    return {
      ...nothing,
      verdict: (op === "create" && interruptionOf(now)) || "create",
      headline: op === "import" ? "imported: nothing is changed" : start,
    };
  }
  if (op === "same") return { ...nothing, verdict: "none", headline: "" };
  const outcome = op === "replace" ? "replace" : (announced?.outcome ?? plan?.outcome ?? "unknown");
  const unreachable = announced?.more?.filter(isFromStateOnly) ?? [];
  if (isFollowed && plan?.outcome === outcome) {
    const { headline, reasons, details, steps } = plan;
    const sentences = steps.map(({ sentence }) => sentence);
    return { verdict: outcome, headline, reasons, details: [...details, ...unreachable], steps: sentences };
  }
  const isForced = isForcedReplace(outcome, plan);
  if (announced?.outcome === outcome && announced.headline !== "") {
    const { details, steps } = isSecret ? nothing : partsOf(announced);
    return {
      ...{ verdict: outcome, headline: announced.headline, reasons: [], steps },
      details: [...(isForced ? fromState(plan) : []), ...details],
    };
  }
  const isEngines = op === "replace";
  const why = isSecret
    ? "sizes are secret, so this review has no figures"
    : isEngines
      ? "Pulumi replaces the resource (replaceOnChanges, deletedWith, --replace, or a replace that an earlier run began)"
      : "the recorded domain is secret or can't be read";
  const own = announced === undefined || isEngines ? why : "the run announced it without a message";
  return {
    ...nothing,
    verdict: outcome,
    headline: outcome === "none" ? "" : `${OUTCOME_WORDS[outcome]}: ${own}`,
    details: isEngines ? fromState(plan) : [],
  };
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
