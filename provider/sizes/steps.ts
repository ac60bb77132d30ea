import type { Inputs } from "../args/inputs.ts";
import { attachedDimms, detachedDimms } from "../plan/plan.ts";
import type { UpdatePlan } from "../plan/plan-update.ts";
import type { NamedSize, VmSize } from "./catalogue-args.ts";
import { afterPlan, type Place, planStep, slotsOf, startedWith } from "./walk.ts";

/** A size of a catalogue with the inputs of a domain that has it. */
export interface SizedInputs extends NamedSize {
  inputs: Inputs;
}

/** A step from one size to another one, of a domain that was started with a size and has grown to the first of the two. */
export interface Step {
  started: SizedInputs;
  from: SizedInputs;
  to: SizedInputs;
  /** The domain before the step. */
  place: Place;
  plan: UpdatePlan;
  /** The catalogue promises that the step is live. */
  isPromised: boolean;
  /** DIMMs that are added; less than 0: that are removed. */
  dimms: number;
  /** The domain after the step; undefined where it isn't live. */
  after?: Place;
}

/** The planned steps of a catalogue. */
export interface Steps {
  /** One for each ordered pair of sizes: where it isn't live, else of a domain that was started with the largest size. */
  pairs: Step[];
  /** Promised steps that aren't live, on any path. */
  broken: Step[];
  /** The most slots that are in use on any path. */
  slots: number;
}

/** At least as much of both, so that only additions lead to it. */
function isAtLeast(one: VmSize, other: VmSize): boolean {
  return one.memory >= other.memory && one.vcpus >= other.vcpus;
}

/** Plans every step of a catalogue, on the paths that use the most slots. */
export function planSteps(sizes: SizedInputs[], allowUnplug: boolean): Steps {
  const paths = sizes.map((started) => stepsFrom(started, sizes, allowUnplug));
  const promised = paths.flatMap(({ steps }) => steps);
  const broken = promised.filter(({ plan }) => plan.outcome !== "live");
  // A step that isn't live comes last, else that of the domain that was started with the largest size.
  const shown = new Map([...promised, ...broken].map((one) => [`${one.from.name}/${one.to.name}`, one]));
  const pairs = sizes.flatMap((from) =>
    sizes
      .filter((to) => to !== from)
      .map(
        (to) => shown.get(`${from.name}/${to.name}`) ?? step(from, from, to, startedWith(from.inputs), false),
      ),
  );
  return {
    pairs,
    broken,
    slots: Math.max(0, ...paths.flatMap(({ places }) => places.map((place) => slotsOf(place).used))),
  };
}

/**
 * The promised steps of a domain that was started with a size. Upwards, the state at a size is the one that most DIMMs led to:
 * what can be plugged depends on nothing else of the path. With `allowUnplug` all DIMMs are alike, so only the size decides.
 */
function stepsFrom(
  started: SizedInputs,
  sizes: SizedInputs[],
  allowUnplug: boolean,
): { steps: Step[]; places: Place[] } {
  const places = new Map([[started, startedWith(started.inputs)]]);
  const steps: Step[] = [];
  for (const to of sizes) {
    if (to === started || !isAtLeast(to, started)) continue;
    const ups = [...places]
      .filter(([from]) => isAtLeast(to, from))
      .map(([from, place]) => step(started, from, to, place, true));
    const [most] = ups.flatMap(({ after }) => after ?? []).sort((a, b) => slotsOf(b).used - slotsOf(a).used);
    steps.push(...ups);
    if (most !== undefined) places.set(to, most);
  }
  for (const [from, place] of allowUnplug ? places : [])
    for (const to of places.keys())
      if (to !== from && !isAtLeast(to, from)) steps.push(step(started, from, to, place, true));
  return { steps, places: [...places.values()] };
}

function step(
  started: SizedInputs,
  from: SizedInputs,
  to: SizedInputs,
  place: Place,
  isPromised: boolean,
): Step {
  const plan = planStep(place, to.inputs);
  const dimms = attachedDimms(plan.steps).length - detachedDimms(plan.steps).length;
  const isLive = plan.outcome === "live";
  return {
    ...{ started, from, to, place, plan, isPromised, dimms },
    ...(isLive && { after: afterPlan(place, to.inputs, plan) }),
  };
}
