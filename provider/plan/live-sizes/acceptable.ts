import { KIB_PER_MIB, type Kib, sum } from "../../units/kib.ts";
import { withBalloon } from "../balloon.ts";
import { leastMemory } from "../definition/folded.ts";
import { foreignPending } from "../definition/pending.ts";
import { definitionRefusal } from "../definition/refusals.ts";
import { definitionSteps } from "../definition/steps.ts";
import type { DesiredMemory } from "../desired.ts";
import { topologyReasons } from "../numa/topology.ts";
import { type MemoryView, type Observed, pendingMemory } from "../observed.ts";
import { noChange, type Plan, type Step } from "../plan.ts";

/** What decides about a size besides the rules of its device: changes that the same update makes, or that wait. */
export interface SizeContext {
  /** The program's list of NUMA nodes differs from the recorded one. */
  numaChanged?: boolean;
  /** The memory of the inactive definition as the state recorded it. */
  recorded?: Kib;
}

/** Which sizes of a running domain the planner accepts, apart from the rules of the device that changes them. */
export interface Acceptable {
  /** Other nodes and devices, or the nodes' own shares, need so much. */
  least: Kib;
  isAcceptable(memory: Kib): boolean;
  /** A size that is pending for the next boot, which may be the only acceptable one. */
  pending: Kib | undefined;
}

/** The nodes must be those that the domain was started with, and the definition must be one that can be set. */
export function acceptableSizes(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  context: SizeContext,
): Acceptable {
  const { numaChanged = false } = context;
  const { shares = [] } = desired;
  const areNodesFixed = topologyReasons(desired, observed, live, { increase: 1, numaChanged }).length > 0;
  const isAcceptable = (memory: Kib) => {
    const wanted = { ...desired, memory, maxMemory: Math.max(memory, desired.maxMemory) };
    if (areNodesFixed || !fitsShares(wanted)) return false;
    const isRefused = (steps: Step[]) =>
      foreignPending(wanted, observed, steps, context) !== undefined ||
      definitionRefusal(wanted, observed, steps, context) !== undefined;
    // What is defined already isn't refused. Most sizes aren't refused in any case, which is cheaper to find out.
    if (isRefused([ANY_STEP]) && isRefused(definitionSteps(wanted, observed, context))) return false;
    return withBalloon(changeOf(memory - live.memory), wanted, observed).outcome !== "refuse";
  };
  const sharesTotal = sum(shares.map(({ memory }) => memory));
  const least = Math.max(sharesTotal, leastMemory(desired, observed, numaChanged));
  return { least, isAcceptable, pending: pendingMemory(observed) };
}

const ANY_STEP: Step = { kind: "define", fields: [], sentence: "" };

/** What check requires of a size and the nodes' own shares. */
function fitsShares({ memory, shares, target }: DesiredMemory): boolean {
  if (shares === undefined) return true;
  const rest = memory - sum(shares.map((share) => share.memory));
  return rest >= 0 && (target !== "spread" || rest % (shares.length * KIB_PER_MIB) === 0);
}

/** A change of the running domain by so much, as far as the balloon's plan depends on it. */
function changeOf(change: Kib): Plan {
  const dimm = { size: Math.abs(change), node: 0, slot: 0, alias: "" };
  const kind = change > 0 ? "attach" : "detach";
  return { ...noChange(), outcome: "live", steps: [{ kind, dimm, sentence: "" }] };
}

/** Ascending sizes that a device can make. */
interface Sizes {
  count: number;
  sizeOf(index: number): Kib;
}

/**
 * The first and the last index of the sizes that are live: from the least one on, the rules only set a largest size. Where
 * someone else set another size for the next boot, that one is the only one.
 */
export function livePart(
  { count, sizeOf }: Sizes,
  { least, pending, isAcceptable }: Acceptable,
  isPossible: (memory: Kib) => boolean = () => true,
): { first: number; last: number } | undefined {
  const passes = (index: number) => isPossible(sizeOf(index)) && isAcceptable(sizeOf(index));
  const indexOf = (size: Kib) => boundary(count, -1, (index) => index === count || sizeOf(index) >= size);
  const first = indexOf(least);
  if (first < count && passes(first))
    return { first, last: passes(count - 1) ? count - 1 : boundary(first, count - 1, passes) };
  const only = pending === undefined ? count : indexOf(pending);
  return only < count && sizeOf(only) === pending && passes(only) ? { first: only, last: only } : undefined;
}

/** The last index that passes between one that passes and one that doesn't. */
function boundary(passing: number, failing: number, passes: (index: number) => boolean): number {
  if (Math.abs(failing - passing) <= 1) return passing;
  const middle = Math.floor((passing + failing) / 2);
  return passes(middle) ? boundary(middle, failing, passes) : boundary(passing, middle, passes);
}
