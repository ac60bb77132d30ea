import type { Kib } from "../units/kib.ts";
import { formatSize } from "../units/size.ts";
import { type BalloonPlanContext, withBalloon } from "./balloon.ts";
import { deferredForever, definedAfterwards, definedForNextBoot, definedWhileOff } from "./defined-plan.ts";
import { ceilingFor } from "./definition/folded.ts";
import { foreignPending, supersededNotes } from "./definition/pending.ts";
import { definitionRefusal } from "./definition/refusals.ts";
import { definitionSteps } from "./definition/steps.ts";
import { describeDefinition } from "./definition/text.ts";
import type { DesiredMemory } from "./desired.ts";
import { reasonsAgainstAttach } from "./dimms/attach-rules.ts";
import { describeDimm, growthHeadline, growthNotes } from "./dimms/attach-text.ts";
import { reasonsAgainstDetach } from "./dimms/detach-rules.ts";
import { describeRemoval, shrinkHeadline, shrinkNotes } from "./dimms/detach-text.ts";
import { layOut } from "./dimms/layout.ts";
import { dimmsToRemove, toRemoval, withoutDevices } from "./dimms/removable.ts";
import { withRepair } from "./dimms/repair.ts";
import { bootRounding } from "./guest-block.ts";
import { withHardLimit } from "./hard-limit.ts";
import { planMemoryFallback } from "./memory-fallback.ts";
import { topologyReasons } from "./numa/topology.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { pauseObstacles } from "./pause.ts";
import { isDefine, noChange, type Obstacle, type Plan, type Step } from "./plan.ts";
import { formatChange, formatSlots, NEXT_BOOT, noteIf } from "./text.ts";
import { planResize, withResized } from "./virtio-mem/resize.ts";
import { deviceKindReason, reasonsAgainstResize } from "./virtio-mem/rules.ts";

/** What a plan of the memory depends on, in addition to the desired memory and the observed domain. */
export interface MemoryPlanContext extends BalloonPlanContext {
  /** The program's list of NUMA nodes differs from the recorded one. */
  numaChanged?: boolean;
  /** The memory of the inactive definition as the state recorded it. */
  recorded?: Kib;
}

/** Plans a change of memory from the observed domain, never from the size that the state echoes. */
export function planMemory(
  desired: DesiredMemory,
  observed: Observed,
  context: MemoryPlanContext = {},
): Plan {
  const { live } = observed;
  const off = live === undefined || context.stopping === true;
  const seen = context.balloonReleased ? withoutDefinedBalloon(observed) : observed;
  const planned = (view: MemoryView) => planRunning(desired, { ...seen, live: view }, view, context);
  const plan = off
    ? planOff(desired, seen, context)
    : pauseObstacles(seen).length > 0
      ? planned(live)
      : withRepair(desired, seen, live, planned);
  return withHardLimit(withBalloon(plan, desired, observed, context), desired, observed);
}

/** The same with all of the memory at the next boot: what the program releases doesn't stay. */
function withoutDefinedBalloon(observed: Observed): Observed {
  const { nextBoot } = observed;
  return nextBoot === undefined
    ? observed
    : { ...observed, nextBoot: { ...nextBoot, currentMemory: nextBoot.memory } };
}

/** Nothing runs, so only the definition changes. */
function planOff(desired: DesiredMemory, observed: Observed, context: MemoryPlanContext): Plan {
  const { nextBoot } = observed;
  const steps = definitionSteps(desired, observed, context);
  if (nextBoot === undefined || steps.length === 0) return noChange();
  const refused = definitionRefusal(desired, observed, steps, context);
  if (refused !== undefined) return refused;
  const isSizeKept = nextBoot.memory === desired.memory;
  const what = isSizeKept
    ? describeDefinition(steps, nextBoot)
    : formatChange(nextBoot.memory, desired.memory);
  const notes = noteIf(!isSizeKept, `maximum at the next boot: ${formatSize(desired.maxMemory)}`);
  return definedWhileOff(what, observed, steps, notes);
}

function planRunning(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  context: MemoryPlanContext,
): Plan {
  const definition = definitionSteps(desired, observed, context);
  const refused =
    foreignPending(desired, observed, definition, context) ??
    definitionRefusal(desired, observed, definition, context);
  if (refused !== undefined) return refused;
  const superseded = supersededNotes(desired, observed);
  const increase = increaseOver(desired, live);
  const otherKind = deviceKindReason(desired, live);
  const numaChanged = context.numaChanged === true;
  if (desired.applyOn === "nextBoot" && (increase !== 0 || numaChanged || otherKind !== undefined))
    return planNextBoot(desired, observed, live, definition, superseded);
  const obstacles = [
    ...topologyReasons(desired, observed, live, { increase, numaChanged }),
    ...(otherKind === undefined ? obstaclesTo(increase, desired, observed, live) : [otherKind]),
  ];
  if (obstacles.length > 0) {
    const notes = [...headroomNotes(desired, live), ...superseded];
    return planMemoryFallback(desired, observed, live, { obstacles, definition, notes, context });
  }
  if (increase === 0) return planDefinition(desired, observed, definition, superseded);
  if (desired.device === "virtio-mem") {
    const after = definitionSteps(desired, withResized(desired, observed, live), context);
    const plan = planResize(desired, observed, live, after);
    return { ...plan, details: [...plan.details, ...superseded, ...numaNotes(after)] };
  }
  if (increase < 0) return planShrink(desired, observed, live, context, superseded);
  const layout = layOut(increase, desired, live);
  const attach = layout.dimms.map(
    (dimm): Step => ({ kind: "attach", dimm, sentence: `attach ${describeDimm(dimm)}` }),
  );
  return {
    outcome: "live",
    headline: growthHeadline(desired, live, layout),
    details: [...growthNotes(desired, observed, live, layout), ...superseded, ...numaNotes(definition)],
    steps: [...attach, ...definition],
    reasons: [],
    layout,
  };
}

/** The definition is set to the domain after the removal, whichever nodes the DIMMs are on. */
function planShrink(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  context: MemoryPlanContext,
  superseded: string[],
): Plan {
  const removed = dimmsToRemove(desired, live) ?? [];
  const after = withoutDevices(removed, observed, live);
  const definition = definitionSteps(desired, after, context);
  const detach = removed.map((device): Step => {
    const dimm = toRemoval(device);
    return { kind: "detach", dimm, sentence: `remove ${describeRemoval(dimm)}` };
  });
  return {
    outcome: "live",
    headline: shrinkHeadline(desired, live, removed, after.live),
    details: [...shrinkNotes(desired, observed, live), ...superseded, ...numaNotes(definition)],
    steps: [...detach, ...definition],
    reasons: [],
  };
}

function numaNotes(definition: Step[]): string[] {
  return noteIf(
    definition.some((step) => isDefine(step) && step.fields.includes("numa")),
    `numa ${NEXT_BOOT}`,
  );
}

function obstaclesTo(
  increase: Kib,
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
): Obstacle[] {
  if (increase === 0) return [];
  const pauses = pauseObstacles(observed);
  if (desired.device === "virtio-mem") return [...pauses, ...reasonsAgainstResize(desired, live)];
  return [
    ...pauses,
    ...(increase < 0 ? reasonsAgainstDetach(desired, observed, live) : reasonsAgainstAttach(desired, live)),
  ];
}

/** The running domain has its size, but its definition differs: an update was interrupted, or maxMemory changed. */
function planDefinition(
  desired: DesiredMemory,
  observed: Observed,
  steps: Step[],
  superseded: string[],
): Plan {
  const before = observed.nextBoot;
  if (before === undefined || steps.length === 0) return noChange();
  if (before.memory === desired.memory) return definedForNextBoot(describeDefinition(steps, before), steps);
  const change = formatChange(before.memory, desired.memory);
  return definedAfterwards(change, steps, { applyOn: desired.applyOn, notes: superseded });
}

/** The user defers all changes to the next boot. */
function planNextBoot(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  steps: Step[],
  superseded: string[],
): Plan {
  const before = observed.nextBoot;
  if (before === undefined) return deferredForever();
  if (steps.length === 0) return noChange();
  const what =
    before.memory === desired.memory
      ? describeDefinition(steps, before)
      : formatChange(live.memory, desired.memory);
  return definedForNextBoot(what, steps, superseded);
}

/** The running domain may have a little more than its definition. */
function increaseOver(desired: DesiredMemory, live: MemoryView): Kib {
  const increase = desired.memory - live.memory;
  return increase < 0 && -increase < bootRounding(live) && live.devices.length === 0 ? 0 : increase;
}

/** What a restart or a replace brings to a domain that couldn't grow so far. */
function headroomNotes(desired: DesiredMemory, live: MemoryView): string[] {
  const { maxMemory } = ceilingFor(desired, live);
  if (live.maxMemory !== undefined || maxMemory === undefined) return [];
  return [
    `after that the domain has ${formatSlots(maxMemory.slots)} and room to grow to ${formatSize(maxMemory.size)}, so later increases can be live`,
  ];
}
