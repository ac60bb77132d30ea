import { configurationsOf } from "./configurations.ts";
import { type DomainReview, reviewDomain } from "./domain-review.ts";
import { domainSteps, type OtherSteps } from "./domain-steps.ts";
import { isOver as hasEnded, RESULTS } from "./happened.ts";
import { type HostSums, sumsByHost } from "./hosts.ts";
import type { Diagnostic, PulumiOutput } from "./pulumi-output.ts";
import type { Verdict } from "./verdict.ts";

/** What a run does to the domains of a stack. */
export interface Review {
  /** The stack's name, where the command line has it. */
  stack?: string;
  kind: PulumiOutput["kind"];
  /** What an update did is reviewed, not what it was going to do. */
  isOver: boolean;
  /** The update to review ended with its preview, which failed. */
  isNotRun: boolean;
  /** Those that change, the worst first. */
  domains: DomainReview[];
  /** The domains that the output has and that don't change. */
  unchanged: number;
  /** How many other resources change, by operation. */
  others: OtherSteps;
  /** Of an update that is over: those of them that it didn't finish. */
  othersLeft: OtherSteps;
  hosts: HostSums[];
  /** Errors that belong to no domain: how many. */
  errors: number;
  /** The update failed, and the output has no preview with the changes that it didn't begin. */
  isPartial: boolean;
}

/** From the worst to the best. */
export const VERDICTS: readonly Verdict[] = [
  ...(["refuse", "replace", "delete", "restart", "unknown", "nextBoot", "live", "create", "none"] as const),
];

/** @param isUpdate whether to review what an update did, which nothing did if its preview failed */
export function reviewOf(output: PulumiOutput, isUpdate = false): Review {
  const isOver = isUpdate && output.kind === "update";
  const { domains: steps, others } = domainSteps(output);
  const configurationOf = configurationsOf(output);
  const changing = steps.filter((step) => step.op !== "same");
  const domains = changing
    .map((step) => reviewDomain(step, { ...configurationOf(step), isOver }))
    .sort(worstFirst);
  const known = new Set(steps.map(({ urn }) => urn));
  const errors = errorsOf(output).filter(({ urn = "" }) => !known.has(urn)).length;
  const othersLeft = isOver ? others.left : {};
  const hasFinished =
    errors === 0 &&
    Object.keys(othersLeft).length === 0 &&
    domains.every(({ happened }) => happened === undefined || hasEnded(happened));
  return {
    kind: output.kind,
    isOver,
    isNotRun: isUpdate && !isOver,
    domains,
    unchanged: steps.length - changing.length,
    others: others.all,
    othersLeft,
    hosts: sumsByHost(domains),
    errors,
    isPartial: isOver && output.planned === undefined && !hasFinished,
  };
}

export function hasFailed({ diagnostics }: PulumiOutput): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}

/** The engine's last error only counts if it is the only one. */
function errorsOf({ diagnostics }: PulumiOutput): Diagnostic[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const causes = errors.filter(({ message }) => !/^(?:error: )?\w+ failed\s*$/.test(message));
  return causes.length === 0 ? errors : causes;
}

function worstFirst(a: DomainReview, b: DomainReview): number {
  const byResult = resultOf(a) - resultOf(b);
  if (byResult !== 0) return byResult;
  const byVerdict = VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict);
  if (byVerdict !== 0) return byVerdict;
  return a.resource < b.resource ? -1 : Number(a.resource > b.resource) || (a.urn < b.urn ? -1 : 1);
}

function resultOf({ happened }: DomainReview): number {
  return happened === undefined ? 0 : RESULTS.indexOf(happened.result);
}
