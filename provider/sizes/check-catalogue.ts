import type { CatalogueSize } from "../../sdk/catalogue-args.ts";
import type { Failure } from "../args/failure.ts";
import { MAX_SLOTS } from "../args/limits.ts";
import { propertyPath } from "../args/property-path.ts";
import { DEFAULTS } from "../args/settings.ts";
import { desiredMemory } from "../plan/desired.ts";
import { formatRanges } from "../plan/live-sizes/text.ts";
import { upwardSizes } from "../plan/live-sizes/up.ts";
import type { Reason } from "../plan/plan.ts";
import type { ReasonCode } from "../plan/reason-codes.ts";
import { formatNames } from "../plan/text.ts";
import { type Catalogue, readCatalogue } from "./catalogue-args.ts";
import { inCatalogueTerms } from "./catalogue-terms.ts";
import { argumentsOf, inputsOf } from "./domain-arguments.ts";
import { planSteps, type Step, type Steps } from "./steps.ts";

/** What is known of a catalogue. */
export type CheckedCatalogue = { kind: "invalid"; failures: Failure[] } | PlannedCatalogue;

export interface PlannedCatalogue {
  kind: "planned";
  catalogue: Catalogue;
  /** Arguments of a domain, by the size's name, in ascending order. */
  sizes: [name: string, args: CatalogueSize][];
  steps: Steps;
  /** Why it is refused: promised steps that aren't live. */
  failures: Failure[];
}

/** Checks the untyped arguments of a catalogue, and plans each of its steps. */
export function checkCatalogue(args: unknown): CheckedCatalogue {
  const { catalogue, failures } = readCatalogue(args);
  if (catalogue === undefined) return { kind: "invalid", failures };
  const slots = catalogue.memorySlots ?? enoughSlots(catalogue);
  const domains = catalogue.sizes.map((size) => {
    const args = argumentsOf(catalogue, size, slots);
    return { ...size, args, ...inputsOf(size.name, args) };
  });
  const invalid = unlike(domains.flatMap((one) => one.failures));
  if (invalid.length > 0) return { kind: "invalid", failures: invalid };
  const steps = planSteps(domains, catalogue.allowUnplug);
  return {
    kind: "planned",
    catalogue,
    sizes: domains.map(({ name, args }) => [name, args]),
    steps,
    failures: brokenPromises(steps.broken, catalogue),
  };
}

/** Each step up adds one DIMM, or as many as it has steps of the catalogue. The planner's answers show whether they suffice. */
function enoughSlots({ sizes, step, allowUnplug }: Catalogue): number {
  const range = (sizes.at(-1)?.memory ?? 0) - (sizes[0]?.memory ?? 0);
  const needed = allowUnplug ? range / step : sizes.length - 1;
  return Math.min(MAX_SLOTS, Math.max(DEFAULTS.memorySlots, needed));
}

/** The most DIMMs on any path, where the slots aren't limited. */
function slotsOfLongestPath(catalogue: Catalogue): number {
  const sizes = catalogue.sizes.map((size) => ({
    ...size,
    ...inputsOf(size.name, argumentsOf(catalogue, size, MAX_SLOTS)),
  }));
  return planSteps(sizes, catalogue.allowUnplug).slots;
}

function unlike(failures: Failure[]): Failure[] {
  return [...new Map(failures.map((one) => [`${one.property}\n${one.reason}`, one])).values()];
}

/** One failure for each size and reason, with the sizes that it can't be reached from. */
function brokenPromises(broken: Step[], catalogue: Catalogue): Failure[] {
  const isSlots = (step: Step) => isOnly(SLOTS, step);
  const outOfSlots = broken.filter(isSlots);
  const found = new Map<string, { step: Step; reason: string; from: Set<string> }>();
  for (const step of broken.filter((one) => !isSlots(one))) {
    const reason =
      reasonsOf(step)
        .map(({ text }) => inCatalogueTerms(text))
        .join("; ") || inCatalogueTerms(step.plan.headline);
    const key = `${step.to.name}\n${reason}`;
    const same = found.get(key) ?? { step, reason, from: new Set() };
    found.set(key, { ...same, from: same.from.add(step.from.name) });
  }
  return [
    ...(outOfSlots.length === 0 ? [] : [tooFewSlots(catalogue)]),
    ...[...found.values()].map(({ step, reason, from }) => ({
      property: propertyPath(["sizes", step.to.name]),
      reason: `is not live from ${formatNames([...from], MOST_NAMES)}: ${reason}${whatWouldWork(step)}`,
    })),
  ];
}

const SLOTS: ReadonlySet<ReasonCode> = new Set(["no-slots", "slots-exhausted", "too-few-slots"]);

/** What follows from other reasons: each domain has a ceiling, unless its platform doesn't support one. */
const CONSEQUENCES: ReadonlySet<ReasonCode> = new Set(["when-not-possible-error", "no-max-memory"]);

/** Why the running domain can't get the size, whatever happens then. */
function reasonsOf({ plan }: Step): Reason[] {
  return plan.reasons.filter(({ code }) => !CONSEQUENCES.has(code));
}

function isOnly(codes: ReadonlySet<ReasonCode>, step: Step): boolean {
  const reasons = reasonsOf(step);
  return reasons.length > 0 && reasons.every(({ code }) => codes.has(code));
}

function tooFewSlots(catalogue: Catalogue): Failure {
  const needed = slotsOfLongestPath(catalogue);
  const { memorySlots = MAX_SLOTS } = catalogue;
  return needed > memorySlots
    ? {
        property: "memorySlots",
        reason: `is ${memorySlots}, but the longest path through the sizes needs ${needed}; raise it, or leave it out`,
      }
    : {
        property: "step",
        reason: `is too small: the sizes need more than ${MAX_SLOTS} DIMMs, the most that a domain can have; use a larger one`,
      };
}

/** A longer list of names doesn't help a reader. */
const MOST_NAMES = 4;

function whatWouldWork(step: Step): string {
  const { place, to } = step;
  if (isOnly(VCPUS, step)) return "; give both sizes the same number of vCPUs";
  const desired = desiredMemory(to.inputs, DEFAULTS);
  const up = desired && upwardSizes(desired, place.observed);
  return up === undefined ? "" : `; live from there: ${formatRanges([up])}`;
}

const VCPUS: ReadonlySet<ReasonCode> = new Set([
  "vcpus-arch-unsupported",
  "vcpus-machine-unsupported",
  "beyond-max-vcpus",
  "vcpus-not-removable",
  "vcpus-not-whole-cores",
  "topology-not-divisible",
]);
