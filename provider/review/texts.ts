import type { Reason } from "../plan/plan.ts";
import { formatChange, formatList, OUTCOME_WORDS } from "../plan/text.ts";
import { formatSize } from "../units/size.ts";
import type { Cost } from "./cost.ts";
import type { DomainReview } from "./domain-review.ts";
import type { Happened } from "./happened.ts";
import type { Review } from "./review.ts";
import type { Change } from "./size-changes.ts";
import type { Verdict } from "./verdict.ts";

/** A verdict in a word. */
const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  ...OUTCOME_WORDS,
  create: "create",
  delete: "delete",
};

/** A verdict as a mark, which also is legible without colours. */
const MARKS: Readonly<Record<Verdict, string>> = {
  refuse: "⛔",
  replace: "🔴",
  delete: "🗑️",
  restart: "🟠",
  unknown: "❔",
  nextBoot: "🕓",
  live: "🟢",
  create: "🆕",
  none: "⚪",
};

/** What happens to a domain, in a word. */
export function verdictWord({ verdict, takenOver }: Pick<DomainReview, "verdict" | "takenOver">): string {
  return verdict === "create" && takenOver !== undefined ? takenOver : VERDICT_WORDS[verdict];
}

export function markFor({ verdict, takenOver }: DomainReview): string {
  return verdict === "create" && takenOver !== undefined ? "🔗" : MARKS[verdict];
}

/** "1003 → 1259 MiB", "2 GiB"; empty where neither is known. */
export function memoryText({ from, to }: Change<number>): string {
  if (from === undefined || to === undefined) {
    const size = to ?? from;
    return size === undefined ? "" : formatSize(size);
  }
  return from === to ? formatSize(to) : formatChange(from, to);
}

export function countText({ from, to }: Change<number>): string {
  if (from === undefined || to === undefined || from === to) return `${to ?? from ?? ""}`;
  return `${from} → ${to}`;
}

/** What decides a verdict: the first reason, else the headline without the outcome's name, which has a column of its own. */
export function whyText({ reasons, headline }: DomainReview): { text: string; code?: Reason["code"] } {
  const [first] = reasons;
  if (first !== undefined) return first;
  return { text: headline.replace(/^(?:live|next boot|restart|replace|refused|unknown): /, "") };
}

/** What the change leaves for later ones, in a sentence or two. */
export function costText({ freeSlots, slots, ceiling, headroom, up, pending }: Cost): string {
  const room =
    ceiling === undefined
      ? "No headroom is left"
      : `${formatSize(headroom)} of headroom is left below ${formatSize(ceiling)}, and ${freeSlots} of ${slots} slots are free`;
  const restart =
    pending !== undefined
      ? `${formatSize(pending)} waits for the next boot`
      : up === undefined
        ? "the next increase needs a restart"
        : `a size above ${formatSize(up.to)} needs a restart`;
  return `${room}; ${restart}.`;
}

/** "1 replace, 2 live" */
export function countedVerdicts(domains: readonly DomainReview[]): string {
  const counts = Map.groupBy(domains, verdictWord);
  return formatList([...counts].map(([word, all]) => `${all.length} ${word}`));
}

/** "2 update, 1 create" */
export function countedSteps(steps: Readonly<Record<string, number>>): string {
  return formatList(Object.entries(steps).map(([op, count]) => `${count} ${op}`));
}

export const RESULT_MARKS: Readonly<Record<Happened["result"], string>> = {
  gone: "🔴",
  failed: "❌",
  unfinished: "❔",
  lacking: "⚠️",
  done: "✅",
};

/** "1 failed, 3 done" */
export function countedResults(domains: readonly DomainReview[]): string {
  const counts = Map.groupBy(domains, ({ happened }) => happened?.result ?? "done");
  return formatList([...counts].map(([result, all]) => `${all.length} ${result}`));
}

/** That the run itself failed: its beginning, and the rest of the sentence. */
export function runFailures({ domains, errors, isOver, isNotRun }: Review): [string, string][] {
  const missing = isOver
    ? ""
    : domains.length === 0
      ? ", before it reached any of them"
      : ", so changes may be missing here";
  return [
    ...(isNotRun
      ? [["The update didn't run", ", since its preview failed: no domain has changed."] as [string, string]]
      : []),
    ...(errors === 0
      ? []
      : [
          [
            "The run failed",
            `: ${errors === 1 ? "an error" : `${errors} errors`} outside the libvirt domains${missing}.`,
          ] as [string, string],
        ]),
  ];
}
