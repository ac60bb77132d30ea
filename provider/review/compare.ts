import { InputError } from "../command/command.ts";
import { defined } from "../defined.ts";
import { foreignText } from "../foreign-text.ts";
import { isRecord } from "../is-record.ts";
import { sizeIn } from "../units/size.ts";
import type { DomainReview } from "./domain-review.ts";
import { REVIEW_FORMAT, reviewJson } from "./json.ts";
import { parsed } from "./json-text.ts";
import type { Properties } from "./properties.ts";
import type { Review } from "./review.ts";
import { countText, memoryText, verdictWord } from "./texts.ts";
import { stackIn } from "./urn.ts";

/** What has changed since an earlier review, by the resource's name. */
export interface Comparison {
  changed: { resource: string; from: string; to: string }[];
  appeared: { resource: string; to: string }[];
  gone: { resource: string; from: string }[];
}

/**
 * Compares with the JSON of an earlier review.
 *
 * @param what names the earlier review in errors
 * @throws InputError if it is of another stack
 */
export function compare(
  review: Review,
  { stack, domains: earlier }: EarlierReview,
  what: string,
): Comparison {
  const now = domainsOf(reviewJson(review).domains);
  requireSame(review.stack, stack, what);
  requireSame(stackOf(now), stackOf(earlier), what);
  const change = ([urn, domain]: [string, Properties]) => {
    const old = earlier.get(urn);
    if (old === undefined) return [];
    const [from, to] = [describe(old), describe(domain)];
    return from === to ? [] : [{ resource: nameOf(domain), from, to }];
  };
  return {
    changed: [...now].flatMap(change),
    appeared: [...now].flatMap(([urn, domain]) =>
      earlier.has(urn) ? [] : [{ resource: nameOf(domain), to: describe(domain) }],
    ),
    gone: [...earlier].flatMap(([urn, domain]) =>
      now.has(urn) ? [] : [{ resource: nameOf(domain), from: describe(domain) }],
    ),
  };
}

/** A review without the stack's name can be compared with any. */
function requireSame(stack: string | undefined, other: string | undefined, what: string): void {
  if (stack === undefined || other === undefined || stack === other) return;
  throw new InputError(
    `${what} is the review of stack ${quoted(other)}, but this one is of ${quoted(stack)}; --compare needs an earlier review of the same stack`,
  );
}

/** What an earlier review has written as JSON. */
export interface EarlierReview {
  /** The name that it was given. */
  stack?: string;
  /** By URN. */
  domains: ReadonlyMap<string, Properties>;
}

/**
 * Reads the JSON that an earlier review has written.
 *
 * @throws InputError
 */
export function earlierReview(text: string, what: string): EarlierReview {
  const expected = "--compare needs the output of an earlier review --format json";
  const document = parsed(text);
  if (document === undefined) throw new InputError(`${what} is not JSON; ${expected}`);
  if (!isRecord(document) || document.tool !== "pulumi-libvirt-hotplug review")
    throw new InputError(`${what} is not a review; ${expected}`);
  if (document.format !== REVIEW_FORMAT)
    throw new InputError(
      `${what} has format ${JSON.stringify(document.format)}, but this version reads format ${REVIEW_FORMAT}; ${expected} of this version`,
    );
  const { stack } = document;
  return { domains: domainsOf(document.domains), ...(typeof stack === "string" && { stack }) };
}

function domainsOf(domains: unknown): Map<string, Properties> {
  const all = (Array.isArray(domains) ? domains : []).filter(isRecord);
  return new Map(all.map((domain) => [String(domain.urn), domain]));
}

/** By the first URN; undefined without any. */
function stackOf(domains: ReadonlyMap<string, Properties>): string | undefined {
  const [urn = ""] = domains.keys();
  return stackIn(urn);
}

function quoted(text: string): string {
  return JSON.stringify(foreignText(text));
}

function nameOf({ resource }: Properties): string {
  return String(resource);
}

/** "live, 1003 → 1259 MiB", with the result of an update that is over before it. */
function describe({ happened, ...planned }: Properties): string {
  const result = isRecord(happened) && typeof happened.result === "string" ? [happened.result] : [];
  return [...result, describePlanned(planned)].join(": ");
}

function describePlanned({ verdict, takenOver, memory, vcpus, devices, headline }: Properties): string {
  const word = verdictWord({ verdict, takenOver } as Pick<DomainReview, "verdict" | "takenOver">) as
    | string
    | undefined;
  const { from, to } = isRecord(memory) ? memory : {};
  const sizes = memoryText(defined({ from: sizeIn(from), to: sizeIn(to) }));
  const others = Array.isArray(devices) ? devices.join(", ") : "";
  const known = [word ?? String(verdict), sizes, vcpusText(vcpus), others].filter((one) => one !== "");
  return known.length > 1 ? known.join(", ") : String(headline || known[0]);
}

/** "1 → 2 vCPUs", "1 vCPU" of a domain that is created or deleted; empty where the number doesn't change. */
function vcpusText(vcpus: unknown): string {
  const { from, to } = isRecord(vcpus) ? vcpus : {};
  if (from === to) return "";
  const count = countText(defined({ from: numberIn(from), to: numberIn(to) }));
  if (count === "") return "";
  return count === "1" ? "1 vCPU" : `${count} vCPUs`;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
