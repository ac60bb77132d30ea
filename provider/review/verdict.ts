import type { Outcome, Reason } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { OUTCOME_WORDS } from "../plan/text.ts";
import type { DomainStep } from "./domain-steps.ts";
import { isPrinted } from "./secret-properties.ts";

/** What a run does to a domain: an outcome of the planner, or an operation that isn't planned. */
export type Verdict = Outcome | "create" | "delete";

/** What the provider itself announced in the run, which may have seen the domain. */
export interface Announced {
  outcome: Outcome;
  headline: string;
}

const OUTCOMES = new Map(Object.entries(OUTCOME_WORDS).map(([outcome, word]) => [word, outcome as Outcome]));

export function announcedBy({ messages }: DomainStep, isOver: boolean): Announced | undefined {
  // An update that is over may have failed after it was planned.
  const error = isOver ? undefined : messages.find(({ severity }) => severity === "error");
  if (error !== undefined) return { outcome: "refuse", headline: error.lines[0] ?? "" };
  const announced = messages.flatMap(({ lines: [headline = ""] }): Announced[] => {
    const outcome = OUTCOMES.get(/^([a-z ]+): /.exec(headline)?.[1] ?? "");
    return outcome === undefined ? [] : [{ outcome, headline }];
  });
  // A replace that a resource option asks for is announced in addition to the plan that isn't carried out.
  return announced.find(({ outcome }) => outcome === "replace") ?? announced[0];
}

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

/** The resource option because of which the engine doesn't have the old domain deleted, by a delete or a replace. */
export function keptByOption({ old, isDeletedWith }: DomainStep): string | undefined {
  if (old?.isRetained === true) return "retainOnDelete";
  return isDeletedWith ? "deletedWith" : undefined;
}

/** An error refuses all; then the engine decides on replace and delete, then what the provider announced, then the plan from the state. */
export function decide(
  { op, new: now, messages }: DomainStep,
  plan: UpdatePlan | undefined,
  announced: Announced | undefined,
  { isSecret, kept }: { isSecret: boolean; kept: string | undefined },
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
    return {
      ...nothing,
      verdict: "create",
      headline: op === "import" ? "imported: nothing is changed" : start,
    };
  }
  if (op === "same") return { ...nothing, verdict: "none", headline: "" };
  const from = planned(plan);
  const outcome = op === "replace" ? "replace" : (announced?.outcome ?? plan?.outcome ?? "unknown");
  if (plan !== undefined && plan.outcome === outcome) return { verdict: outcome, ...from };
  const own = announced?.outcome === outcome ? announced.headline : "";
  const why = isSecret
    ? "sizes are secret, so this review has no figures"
    : op === "replace"
      ? "Pulumi replaces the resource (replaceOnChanges, deletedWith, --replace, or a replace that an earlier run began)"
      : "the recorded domain is secret or can't be read";
  return {
    verdict: outcome,
    headline: own || `${OUTCOME_WORDS[outcome]}: ${why}`,
    reasons: [],
    details:
      plan === undefined || plan.headline === "" ? [] : [`planned from the recorded state: ${plan.headline}`],
    steps: [],
  };
}

function planned(plan: UpdatePlan | undefined) {
  const { headline = "", reasons = [], details = [], steps = [] } = plan ?? {};
  return { headline, reasons, details, steps: steps.map(({ sentence }) => sentence) };
}
