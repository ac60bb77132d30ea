import { messageText } from "../foreign-text.ts";
import { type Outcome, planMessage } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import { FROM_STATE_ONLY, NO_LONGER_EXISTS, OUTCOME_WORDS, SETTING_ONLY } from "../plan/text.ts";
import type { Kib } from "../units/kib.ts";
import { formatMib, readCanonicalSize } from "../units/size.ts";
import { type DomainStep, linesOf } from "./domain-steps.ts";

/** What the provider itself announced in the run, which may have seen the domain. */
export interface Announced {
  outcome: Outcome;
  headline: string;
  /** The lines of its message after the headline; undefined: only the arguments have the outcome. */
  more?: string[];
}

const OUTCOMES: ReadonlyMap<string, Outcome> = new Map([
  ...Object.entries(OUTCOME_WORDS).map(([outcome, word]): [string, Outcome] => [word, outcome as Outcome]),
  [SETTING_ONLY, "none"],
]);

export function announcedBy(step: DomainStep, isOver: boolean): Announced | undefined {
  const { messages } = step;
  // An update that is over may have failed after it was planned.
  const error = isOver ? undefined : messages.find(({ severity }) => severity === "error");
  if (error !== undefined) return { outcome: "refuse", headline: error.lines[0] ?? "" };
  const announced = messages.flatMap(({ lines: [headline = "", ...more] }): Announced[] => {
    const outcome = outcomeIn(headline);
    return outcome === undefined ? [] : [{ outcome, headline, more }];
  });
  // A replace that a resource option asks for is announced in addition to the plan that isn't carried out.
  return (
    announced.find(({ outcome }) => outcome === "replace") ?? announced[0] ?? gone(step) ?? fromInputs(step)
  );
}

/** The outcome that the headline of a plan begins with; undefined: it isn't one. */
export function outcomeIn(headline: string): Outcome | undefined {
  return OUTCOMES.get(/^([a-z ]+): /.exec(headline)?.[1] ?? "");
}

/** Only the update can tell what becomes of a domain that its host doesn't have. */
function gone({ messages }: DomainStep): Announced | undefined {
  const lines = messages.map(({ lines }) => lines).find(([first]) => first?.includes(NO_LONGER_EXISTS));
  return lines && { outcome: "unknown", headline: lines[0] ?? "", more: lines.slice(1) };
}

/** A plan without a change of the domain has no message. */
function fromInputs({ op, new: now }: DomainStep): Announced | undefined {
  if (op !== "update" || now === undefined) return undefined;
  const { change, memoryChange, memoryPlan } = now.inputs;
  if (typeof change !== "string" || !(change in OUTCOME_WORDS) || change === "unknown") return undefined;
  const outcome = change as Outcome;
  const isOwn = memoryChange === change && typeof memoryPlan === "string";
  return { outcome, headline: isOwn && change !== "none" ? memoryPlan : "" };
}

/**
 * Whether the run announced this plan.
 *
 * @param clean masks secrets, as the provider did in its message
 */
export function isPlanOf(
  plan: UpdatePlan,
  { outcome, headline, more }: Announced,
  clean: (text: string) => string,
): boolean {
  if (plan.outcome !== outcome) return false;
  if (more === undefined) return headline === "" || headline === (plan.memory ?? plan).headline;
  const planned = linesOf(messageText(clean(planMessage(plan))));
  const lines = [headline, ...more].filter((line) => !isFromStateOnly(line));
  return planned.length === lines.length && planned.every((line, index) => line === lines[index]);
}

export function isFromStateOnly(line: string): boolean {
  return line.startsWith(FROM_STATE_ONLY);
}

/** A step has a number, which is masked where sizes are secret. */
const STEP = /^(?:\d+|…)\. /;

/** The details and the steps of an announced plan. */
export function partsOf({ more = [] }: Announced): { details: string[]; steps: string[] } {
  return {
    details: more.filter((line) => !STEP.test(line)),
    steps: more.filter((line) => STEP.test(line)).map((line) => line.replace(STEP, "")),
  };
}

/** Without a unit, the first size has that of the second one. */
const SIZES = /(\d+)(?: (MiB|KiB))? → (\d+ (?:MiB|KiB))/;

/** The memory that the provider found, in its message about the change to a size: "768 → 1024 MiB". */
export function memoryBefore({ headline, more = [] }: Announced, to: Kib): Kib | undefined {
  const found = [headline, ...more].map((line) => SIZES.exec(line));
  const [, from, unit = "MiB"] = found.find((match) => match?.[3] === formatMib(to)) ?? [];
  return from === undefined ? undefined : readCanonicalSize(`${from}${unit}`);
}

/** The vCPUs that the provider found: "vCPUs 1 → 2". */
export function vcpusBefore({ headline, more = [] }: Announced, to: number): number | undefined {
  const found = [headline, ...more].map((line) => /\bvCPUs (\d+) → (\d+)\b/.exec(line));
  const [, from] = found.find((match) => match?.[2] === String(to)) ?? [];
  return from === undefined ? undefined : Number(from);
}
