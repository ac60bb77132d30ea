import { formatSize } from "../units/size.ts";
import { shortName, shortText } from "./comment-size.ts";
import type { DomainReview } from "./domain-review.ts";
import { guestText } from "./happened.ts";
import {
  countedResults,
  countedVerdicts,
  countText,
  markFor,
  memoryText,
  RESULT_MARKS,
  verdictWord,
  whyText,
} from "./texts.ts";

interface Table {
  head: string[];
  rowOf: (domain: DomainReview) => string;
  /** The cells after the first two of a row that sums up. */
  more: (domains: readonly DomainReview[]) => string[];
}

/** The table of a preview, or of an update that is over. */
export function tableFor([first]: readonly DomainReview[]): Table {
  return first?.happened === undefined ? PLANNED_TABLE : HAPPENED_TABLE;
}

const PLANNED_TABLE: Table = {
  head: ["", "domain", "memory", "vCPUs", "disks and interfaces", "outcome", "why"],
  rowOf: plannedRow,
  more: (left) => ["", "", "", "", countedVerdicts(left)],
};

const HAPPENED_TABLE: Table = {
  head: ["", "domain", "planned", "memory now", "the guest", "result", "remarks"],
  rowOf: happenedRow,
  more: (left) => ["", "", "", "", countedResults(left)],
};

export function row(...cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function plannedRow(domain: DomainReview): string {
  const { verdict, memory, vcpus, devices } = domain;
  const { text, code: reason } = whyText(domain);
  const link =
    reason !== undefined ? ` ([${reason}])` : verdict === "refuse" ? ` ([${TROUBLESHOOTING}])` : "";
  return row(
    markFor(domain),
    nameOf(domain),
    domain.isSecret ? "secret" : memoryText(memory),
    domain.isSecret ? "" : countText(vcpus),
    shortText(devices.join(", ")),
    `**${verdictWord(domain)}**`,
    shortText(text) + link,
  );
}

function happenedRow(domain: DomainReview): string {
  const { verdict, memory, happened } = domain;
  if (happened === undefined) throw new Error("the review of an update lists what happened to each domain");
  const pending = happened.pending === undefined ? "" : `, ${formatSize(happened.pending)} at the next boot`;
  const now = happened.memory === undefined ? "" : formatSize(happened.memory) + pending;
  return row(
    RESULT_MARKS[happened.result],
    nameOf(domain),
    `${verdictWord(domain)}${domain.isSecret ? "" : ` ${memoryText(memory)}`}`,
    now,
    verdict === "delete" ? "" : guestText(happened),
    `**${happened.result}**`,
    shortText(happened.remarks.join("; ")),
  );
}

export function nameOf({ resource, domain }: DomainReview): string {
  const other = domain === undefined ? "" : ` (${shortName(domain)})`;
  return shortName(resource) + other;
}

/** Of a refusal, whose code isn't in the output. */
const TROUBLESHOOTING = "troubleshooting";

/** What the links in a domain's row lead to. */
export function linksIn(domain: DomainReview, docs: string): string[] {
  if (domain.happened !== undefined) return [];
  const { code: reason } = whyText(domain);
  if (reason !== undefined) return [`[${reason}]: ${docs}#${reason}`];
  return domain.verdict === "refuse" ? [`[${TROUBLESHOOTING}]: ${docs}`] : [];
}
