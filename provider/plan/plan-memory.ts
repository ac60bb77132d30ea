import type { Kib } from "../units/kib.ts";
import { formatMib, formatSize } from "../units/size.ts";
import { type BalloonPlanContext, withBalloon } from "./balloon.ts";
import { ceilingFor, foldedDefinition, leastMemory } from "./definition/folded.ts";
import { foreignPending, supersededPending } from "./definition/pending.ts";
import { exceedsMaxMemory } from "./definition/refusals.ts";
import { belowLeastMemory, definitionSteps, missingTargetNode } from "./definition/steps.ts";
import type { DesiredMemory } from "./desired.ts";
import { reasonsAgainstAttach } from "./dimms/attach-rules.ts";
import { describeGrowth, growthNotes } from "./dimms/attach-text.ts";
import { reasonsAgainstDetach } from "./dimms/detach-rules.ts";
import { describeRemoval, describeShrink, shrinkNotes } from "./dimms/detach-text.ts";
import { describeDimm, layOut } from "./dimms/layout.ts";
import { dimmsToRemove, toRemoval, withoutDevices } from "./dimms/removable.ts";
import { withRepair } from "./dimms/repair.ts";
import { planFallback } from "./fallback.ts";
import { topologyReasons } from "./numa/topology.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { noChange, type Plan, type Reason, refuse, type Step } from "./plan.ts";
import { describeDefinition, formatChange, NEXT_BOOT } from "./text.ts";
import { planResize, withResized } from "./virtio-mem/resize.ts";
import { deviceKindReason, reasonsAgainstResize } from "./virtio-mem/rules.ts";

/** What a plan of the memory depends on beside what is asked and what is there. */
export interface MemoryPlanContext extends BalloonPlanContext {
  /** The program's list of NUMA nodes differs from what it was. */
  numaChanged?: boolean;
  /** The memory of the inactive definition as the state recorded it. */
  recorded?: Kib;
}

/** Plans a change of memory: what is asked against what is there, never against the size that the state echoes. */
export function planMemory(
  desired: DesiredMemory,
  observed: Observed,
  circumstances: MemoryPlanContext = {},
): Plan {
  const { live } = observed;
  const off = live === undefined || circumstances.stopping === true;
  const plan = off
    ? planOff(desired, observed, circumstances)
    : withRepair(desired, observed, live, (view) =>
        planRunning(desired, { ...observed, live: view }, view, circumstances),
      );
  return withBalloon(plan, desired, observed, circumstances);
}

/** Nothing runs, so the definition is all that changes. */
function planOff(desired: DesiredMemory, observed: Observed, circumstances: MemoryPlanContext): Plan {
  const { nextBoot } = observed;
  const steps = definitionSteps(desired, observed, circumstances);
  if (nextBoot === undefined || steps.length === 0) return noChange();
  const missing = missingTargetNode(desired, nextBoot, circumstances);
  if (missing !== undefined) return missing;
  if (desired.memory < leastMemory(desired, observed, circumstances.numaChanged))
    return belowLeastMemory(desired, observed, circumstances);
  const beyond = exceedsMaxMemory(desired, observed, circumstances.numaChanged === true);
  if (beyond !== undefined) return beyond;
  const change =
    nextBoot.memory === desired.memory
      ? `gets ${describeDefinition(foldedDefinition(desired, observed, nextBoot), nextBoot)}`
      : `goes ${formatChange(nextBoot.memory, desired.memory)} of at most ${formatSize(desired.maxMemory)}`;
  const when = observed.power === "off" ? "the domain is off" : "once the domain is off";
  return { outcome: "live", headline: `${when}: its definition ${change}`, details: [], steps, reasons: [] };
}

function planRunning(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  circumstances: MemoryPlanContext,
): Plan {
  const definition = definitionSteps(desired, observed, circumstances);
  const foreign = foreignPending(desired, observed, live, circumstances.recorded);
  if (foreign !== undefined && definition.length > 0) return foreign;
  const missing = observed.nextBoot && missingTargetNode(desired, observed.nextBoot, circumstances);
  if (missing !== undefined && definition.length > 0) return missing;
  if (definition.length > 0 && desired.memory < leastMemory(desired, observed, circumstances.numaChanged))
    return belowLeastMemory(desired, observed, circumstances);
  const beyond = exceedsMaxMemory(desired, observed, circumstances.numaChanged === true);
  if (beyond !== undefined && definition.length > 0) return beyond;
  const supersedes = supersededPending(desired, observed, live);
  const increase = increaseOver(desired, live);
  const otherKind = deviceKindReason(desired, live);
  const isDeferrable = increase !== 0 || circumstances.numaChanged === true || otherKind !== undefined;
  if (desired.applyOn === "nextBoot" && isDeferrable)
    return planNextBoot(desired, observed, live, definition, supersedes);
  const reasons = [
    ...topologyReasons(desired, observed, live, {
      increase,
      numaChanged: circumstances.numaChanged === true,
    }),
    ...(otherKind === undefined ? reasonsAgainst(increase, desired, observed, live) : [otherKind]),
  ];
  if (reasons.length > 0)
    return planFallback(desired, observed, live, reasons, definition, headroom(desired, live) + supersedes);
  if (increase === 0) return planDefinition(desired, observed, live, definition, supersedes);
  if (desired.device === "virtio-mem") {
    const after = definitionSteps(desired, withResized(desired, observed, live), circumstances);
    return planResize(desired, observed, live, after, supersedes);
  }
  if (increase < 0) return planShrink(desired, observed, live, circumstances, supersedes);
  const layout = layOut(increase, desired, live);
  const attach = layout.dimms.map(
    (dimm): Step => ({ kind: "attach", dimm, sentence: `attach ${describeDimm(dimm)}` }),
  );
  const notes = growthNotes(desired, observed, live, layout).join("; ");
  return {
    outcome: "live",
    headline: `${describeGrowth(increase, desired, live, layout)}; ${notes}${supersedes}${numaAtNextBoot(definition)}`,
    details: [],
    steps: [...attach, ...definition],
    reasons: [],
    layout,
  };
}

/** The definition is the one of the domain that is left, so that it holds whatever was spread or plugged where. */
function planShrink(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  circumstances: MemoryPlanContext,
  supersedes: string,
): Plan {
  const removed = dimmsToRemove(desired, live) ?? [];
  const after = withoutDevices(removed, observed, live);
  const definition = definitionSteps(desired, after, circumstances);
  const detach = removed.map((device): Step => {
    const dimm = toRemoval(device);
    return { kind: "detach", dimm, sentence: `take ${describeRemoval(dimm)}` };
  });
  const notes = shrinkNotes(desired, observed, live).join("; ");
  return {
    outcome: "live",
    headline: `${describeShrink(desired, live, removed, after.live)}; ${notes}${supersedes}${numaAtNextBoot(definition)}`,
    details: [],
    steps: [...detach, ...definition],
    reasons: [],
  };
}

function numaAtNextBoot(definition: Step[]): string {
  return definition.some((step) => step.kind === "redefine") ? `; numa: ${NEXT_BOOT}` : "";
}

function reasonsAgainst(
  increase: Kib,
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
): Reason[] {
  if (increase === 0) return [];
  if (desired.device === "virtio-mem") return reasonsAgainstResize(desired, live);
  return increase < 0 ? reasonsAgainstDetach(desired, observed, live) : reasonsAgainstAttach(desired, live);
}

/** The running domain has its size; its definition may differ: a fold that was interrupted, or a new ceiling. */
function planDefinition(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  steps: Step[],
  supersedes: string,
): Plan {
  const before = observed.nextBoot;
  if (before === undefined || steps.length === 0) return noChange();
  if (before.memory !== desired.memory)
    return {
      outcome: desired.applyOn === "nextBoot" ? "nextBoot" : "live",
      headline: `the running domain has ${formatMib(live.memory)}; its definition goes ${formatChange(before.memory, desired.memory)}; no restart${supersedes}`,
      details: [],
      steps,
      reasons: [],
    };
  const onlyNodes = steps.every((step) => step.kind === "redefine");
  const rest = onlyNodes ? "numa" : describeDefinition(foldedDefinition(desired, observed, before), before);
  return { outcome: "nextBoot", headline: `${rest}: ${NEXT_BOOT}`, details: [], steps, reasons: [] };
}

/** The user defers every change. */
function planNextBoot(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  steps: Step[],
  supersedes: string,
): Plan {
  const before = observed.nextBoot?.memory;
  if (before === undefined) return noNextBoot();
  if (steps.length === 0) return noChange();
  const size =
    before === desired.memory
      ? `at most ${formatSize(desired.maxMemory)}`
      : formatChange(live.memory, desired.memory);
  return {
    outcome: "nextBoot",
    headline: `${size} ${NEXT_BOOT}${supersedes}`,
    details: [],
    steps,
    reasons: [],
  };
}

function noNextBoot(): Plan {
  const reason = "the domain is transient, so it has no next boot";
  return refuse(`${reason}; hotplug.applyOn "now" changes the running one`, [
    { code: "transient-domain", text: reason },
  ]);
}

/** POWER rounds the memory up to its block at start, all others to 1 MiB: the domain then has a little more than was asked. */
function increaseOver(desired: DesiredMemory, live: MemoryView): Kib {
  const increase = desired.memory - live.memory;
  const rounding = live.arch?.startsWith("ppc64") ? 256 * 1024 : 1024;
  return increase < 0 && -increase < rounding && live.devices.length === 0 ? 0 : increase;
}

/** What a way that isn't live brings with it, for a domain that could not grow so far. */
function headroom(desired: DesiredMemory, live: MemoryView): string {
  const { maxMemory } = ceilingFor(desired, live);
  if (live.maxMemory !== undefined || maxMemory === undefined) return "";
  return `; with it come ${maxMemory.slots} slots and room up to ${formatSize(maxMemory.size)}, so that later increases are live`;
}
