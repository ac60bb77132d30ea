import { formatNames } from "../plan/text.ts";
import { COMMENT_MARK, markOf } from "./comment-mark.ts";
import { fitting, shortName, shortText } from "./comment-size.ts";
import type { Comparison } from "./compare.ts";
import type { DomainReview } from "./domain-review.ts";
import type { HostSums } from "./hosts.ts";
import { linksIn, nameOf, row, tableFor } from "./markdown-table.ts";
import { codeBlock, markdownText } from "./markdown-text.ts";
import { drawMaps } from "./memory-map.ts";
import type { Review } from "./review.ts";
import {
  costText,
  countedResults,
  countedSteps,
  countedVerdicts,
  countText,
  memoryText,
  runFailures,
} from "./texts.ts";

export interface MarkdownOptions {
  /** The address of docs/troubleshooting.md. */
  docs: string;
  /** The maximum number of characters. */
  limit: number;
  comparison?: Comparison;
}

/** The shares of the limit that lists may take, so that each has room. What they leave is for the details. */
const SHARES = { rows: 0.48, comparison: 0.07, questions: 0.12, hosts: 0.06 };

/** A review as a comment in Markdown. */
export function markdown(review: Review, { docs, limit, comparison }: MarkdownOptions): string {
  const { domains, stack } = review;
  const footer = footerOf(review);
  const mark = stack === undefined ? COMMENT_MARK : markOf(stack);
  const ofStack = stack === undefined ? "" : ` of ${shortName(stack)}`;
  const most = (share: keyof typeof SHARES) => Math.floor(limit * SHARES[share]);
  const compared = comparison === undefined ? [] : [comparisonOf(comparison, most("comparison"))];
  if (domains.length === 0) {
    // It isn't known what a failed run would have changed.
    const failed = stack === undefined ? [] : [`Stack ${shortName(stack)}:`];
    const nothing =
      review.errors === 0
        ? [`No libvirt domain${ofStack} ${review.isOver ? "changed" : "changes"}.`]
        : failed;
    const line = [...nothing, ...(footer === "" ? [] : [footer])].join(" ");
    const isNews = comparison !== undefined && comparison.gone.length > 0;
    return `${[`${mark}\n${line}`, ...(isNews ? compared : [])].join(SEPARATOR)}\n`;
  }
  const shown = shownOf(domains, docs, most("rows"));
  const blocks = [
    `${mark}\n### ${titleOf(review, ofStack)}`,
    tableOf(domains, shown.length),
    ...compared,
    ...questionsOf(domains, most("questions")),
    hostsOf(review.hosts, most("hosts")),
  ];
  const last = [...(footer === "" ? [] : [footer]), ...linksOf(shown, docs)];
  const rest = limit - lengthOf([...blocks, ...last]) - SEPARATOR.length;
  return `${[...blocks, ...detailsOf(domains, rest), ...last].join(SEPARATOR)}\n`;
}

const SEPARATOR = "\n\n";

function lengthOf(blocks: readonly string[]): number {
  return blocks.join(SEPARATOR).length + 1;
}

function titleOf({ domains, isNotRun }: Review, ofStack: string): string {
  if (isNotRun) return `libvirt domains${ofStack}, not updated: ${countedVerdicts(domains)}`;
  return domains[0]?.happened === undefined
    ? `libvirt domains${ofStack}: ${countedVerdicts(domains)}`
    : `libvirt domains${ofStack} after the update: ${countedResults(domains)}`;
}

/** As many of the domains as there is room for their rows, with the links that these have. */
function shownOf(domains: readonly DomainReview[], docs: string, most: number): readonly DomainReview[] {
  const { rowOf } = tableFor(domains);
  const linked = new Set<string>();
  const texts = function* () {
    for (const domain of domains) {
      const links = linksIn(domain, docs).filter((link) => !linked.has(link));
      for (const link of links) linked.add(link);
      yield [rowOf(domain), ...links].join("\n");
    }
  };
  return domains.slice(0, fitting(texts(), most).shown.length);
}

function tableOf(domains: readonly DomainReview[], count: number): string {
  const { head, rowOf, more } = tableFor(domains);
  const left = domains.slice(count);
  return [
    row(...head),
    row(...head.map(() => "---")),
    ...domains.slice(0, count).map(rowOf),
    ...(left.length === 0 ? [] : [row("…", `and ${left.length} more`, ...more(left))]),
  ].join("\n");
}

function comparisonOf({ appeared, changed, gone }: Comparison, most: number): string {
  const lines = [
    ...changed.map(
      ({ resource, from, to }) => `- ${shortName(resource)}: now ${shortText(to)} (was ${shortText(from)})`,
    ),
    ...appeared.map(({ resource, to }) => `- ${shortName(resource)}: new, ${shortText(to)}`),
    ...gone.map(
      ({ resource, from }) => `- ${shortName(resource)}: no longer changes (was ${shortText(from)})`,
    ),
  ];
  if (lines.length === 0) return "Nothing has changed since the last comment.";
  return ["**Since the last comment**", "", ...listed(lines, most)].join("\n");
}

function listed(lines: readonly string[], most: number): string[] {
  const { shown } = fitting(lines, most);
  const left = lines.length - shown.length;
  return [...shown, ...(left === 0 ? [] : [`- and ${left} more`])];
}

/** A question that many domains raise is asked once. */
function questionsOf(domains: readonly DomainReview[], most: number): string[] {
  const asked = Map.groupBy(
    domains.flatMap(({ resource, questions }) => questions.map((question) => ({ question, resource }))),
    ({ question }) => question,
  );
  if (asked.size === 0) return [];
  const lines = [...asked].map(([question, all]) => {
    const names = all.map(({ resource }) => shortName(resource));
    return `- ${formatNames(names, MOST_NAMES)}: ${shortText(question)}`;
  });
  return [["**To ask**", "", ...listed(lines, most)].join("\n")];
}

const MOST_NAMES = 3;

function hostsOf(hosts: readonly HostSums[], most: number): string {
  const rows = hosts.map((sums) => {
    const isSummed = sums.unknown < Math.max(sums.domains.from, sums.domains.to);
    return row(
      sums.host === undefined ? "not known" : shortName(sums.host),
      countText(sums.domains),
      [...(isSummed ? [memoryText(sums.memory)] : []), ...leftOut(sums)].join(", without "),
      isSummed ? countText(sums.vcpus) : "",
    );
  });
  const { shown } = fitting(rows, most);
  const left = hosts.length - shown.length;
  return [
    row("host", "domains in this review", "memory", "vCPUs"),
    row(...Array<string>(4).fill("---")),
    ...shown,
    ...(left === 0 ? [] : [row(`and ${left} more`, "", "", "")]),
  ].join("\n");
}

/** The domains that aren't in the sums, with the reason. */
function leftOut({ unknown, refused }: HostSums): string[] {
  const hidden = unknown - refused;
  const texts = [
    ...(hidden === 0 ? [] : [`${hidden} whose size is secret or not known`]),
    ...(refused === 0 ? [] : [`${refused} refused`]),
  ];
  return texts.length === 0 ? [] : [texts.join(" and ")];
}

/** Folded, one for each domain, as long as there is room. */
function detailsOf(domains: readonly DomainReview[], most: number): string[] {
  const opening = "<details><summary>Memory maps and plans</summary>";
  const closing = "</details>";
  const reserved = lengthOf([
    opening,
    "and 1000000 more domains, whose details don't fit into a comment",
    closing,
  ]);
  const { shown } = fitting(
    (function* () {
      for (const domain of domains) yield `${detailOf(domain)}${SEPARATOR}`;
    })(),
    most - reserved,
  );
  if (shown.length === 0) return [];
  const left = domains.length - shown.length;
  const more = left === 0 ? [] : [`and ${left} more domains, whose details don't fit into a comment`];
  return [opening, ...shown.map((text) => text.slice(0, -SEPARATOR.length)), ...more, closing];
}

function detailOf(domain: DomainReview): string {
  const { before, after, cost, details, steps, headline } = domain;
  const map = before === undefined && after === undefined ? [] : codeBlock(drawMaps(domain));
  return [
    `#### ${nameOf(domain)}`,
    ...(headline === "" ? [] : [markdownText(headline)]),
    ...(map.length === 0 ? [] : [map.join("\n")]),
    ...(cost === undefined ? [] : [markdownText(costText(cost))]),
    ...(details.length === 0 ? [] : [details.map((detail) => `- ${markdownText(detail)}`).join("\n")]),
    ...(steps.length === 0
      ? []
      : [steps.map((step, index) => `${index + 1}. ${markdownText(step)}`).join("\n")]),
  ].join(SEPARATOR);
}

/** Where the links in the table lead: written once, since an address is longer than the rest of a row. */
function linksOf(domains: readonly DomainReview[], docs: string): string[] {
  const links = new Set(domains.flatMap((domain) => linksIn(domain, docs)));
  return links.size === 0 ? [] : [[...links].sort().join("\n")];
}

/** The last line: what isn't judged. */
function footerOf(review: Review): string {
  const { domains, unchanged, others, othersLeft, isPartial } = review;
  const [counted, left] = [others, othersLeft].map(countedSteps);
  const secret = domains.filter(({ isSecret }) => isSecret).length;
  return [
    ...runFailures(review).map(([what, more]) => `**${what}**${more}`),
    ...(isPartial
      ? [
          "Changes that the run didn't begin aren't listed here: the output of pulumi up without --skip-preview has them.",
        ]
      : []),
    ...(secret === 0
      ? []
      : [
          `The sizes of ${secret === 1 ? "a domain are" : `${secret} domains are`} secret: the outcome is the one that the run announced.`,
        ]),
    ...(unchanged === 0 ? [] : [`${unchanged} ${unchanged === 1 ? "domain is" : "domains are"} unchanged.`]),
    ...(counted === ""
      ? []
      : [`Other resources, not judged: ${counted}${left === "" ? "" : ` (not done: ${left})`}.`]),
  ].join(" ");
}
