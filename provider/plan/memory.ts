import { sayMib, saySize } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import { type BalloonCircumstances, withBalloon } from "./balloon.ts";
import { ceilingFor, foldedDefinition, leastMemory } from "./definition.ts";
import { definitionSteps, missingTarget, tooSmall } from "./definition-steps.ts";
import { reasonsAgainstAttach } from "./dimms/attach-rules.ts";
import { reasonsAgainstDetach } from "./dimms/detach-rules.ts";
import { growthNotes, saysGrowth } from "./dimms/growth-words.ts";
import { healed } from "./dimms/heal.ts";
import { layOut, sayDimm } from "./dimms/layout.ts";
import { removal, removals, without } from "./dimms/shrink.ts";
import { sayRemoval, saysShrink, shrinkNotes } from "./dimms/shrink-words.ts";
import { fallBack, refuse } from "./fallback.ts";
import { beyondCeiling } from "./held-back.ts";
import type { MemoryView, Observed } from "./observed.ts";
import { foreignPending, supersededPending } from "./pending.ts";
import { nothing, type Plan, type Step } from "./plan.ts";
import { topologyReasons } from "./topology.ts";
import { planResize, resized } from "./virtio-mem/resize.ts";
import { otherKindReason, reasonsAgainstResize } from "./virtio-mem/rules.ts";
import { arrow, NEXT_BOOT, sayRest } from "./words.ts";

/** What a plan of the memory depends on beside what is asked and what is there. */
export interface Circumstances extends BalloonCircumstances {
  /** The program's list of NUMA nodes differs from what it was. */
  numaChanged?: boolean;
  /** The memory of the inactive definition as the state recorded it. */
  recorded?: Kib;
}

/** Plans a change of memory: what is asked against what is there, never against the size that the state echoes. */
export function planMemory(asked: Asked, observed: Observed, circumstances: Circumstances = {}): Plan {
  const { live } = observed;
  const off = live === undefined || circumstances.stopping === true;
  const plan = off
    ? planOff(asked, observed, circumstances)
    : healed(asked, observed, live, (view) =>
        planRunning(asked, { ...observed, live: view }, view, circumstances),
      );
  return withBalloon(plan, asked, observed, circumstances);
}

/** Nothing runs, so the definition is all that changes. */
function planOff(asked: Asked, observed: Observed, circumstances: Circumstances): Plan {
  const { nextBoot } = observed;
  const steps = definitionSteps(asked, observed, circumstances);
  if (nextBoot === undefined || steps.length === 0) return nothing();
  const missing = missingTarget(asked, nextBoot, circumstances);
  if (missing !== undefined) return missing;
  if (asked.memory < leastMemory(asked, observed, circumstances.numaChanged))
    return tooSmall(asked, observed, circumstances);
  const beyond = beyondCeiling(asked, observed, circumstances.numaChanged === true);
  if (beyond !== undefined) return beyond;
  const change =
    nextBoot.memory === asked.memory
      ? `gets ${sayRest(foldedDefinition(asked, observed, nextBoot), nextBoot)}`
      : `goes ${arrow(nextBoot.memory, asked.memory)} of at most ${saySize(asked.maxMemory)}`;
  const when = observed.power === "off" ? "the domain is off" : "once the domain is off";
  return { outcome: "live", summary: `${when}: its definition ${change}`, steps, reasons: [] };
}

function planRunning(asked: Asked, observed: Observed, live: MemoryView, circumstances: Circumstances): Plan {
  const definition = definitionSteps(asked, observed, circumstances);
  const foreign = foreignPending(asked, observed, live, circumstances.recorded);
  if (foreign !== undefined && definition.length > 0) return foreign;
  const missing = observed.nextBoot && missingTarget(asked, observed.nextBoot, circumstances);
  if (missing !== undefined && definition.length > 0) return missing;
  if (definition.length > 0 && asked.memory < leastMemory(asked, observed, circumstances.numaChanged))
    return tooSmall(asked, observed, circumstances);
  const beyond = beyondCeiling(asked, observed, circumstances.numaChanged === true);
  if (beyond !== undefined && definition.length > 0) return beyond;
  const supersedes = supersededPending(asked, observed, live);
  const increase = increaseOver(asked, live);
  const otherKind = otherKindReason(asked, live);
  const isDeferrable = increase !== 0 || circumstances.numaChanged === true || otherKind !== undefined;
  if (asked.applyOn === "nextBoot" && isDeferrable)
    return planNextBoot(asked, observed, live, definition, supersedes);
  const reasons = [
    ...topologyReasons(asked, observed, live, { increase, numaChanged: circumstances.numaChanged === true }),
    ...(otherKind === undefined ? reasonsAgainst(increase, asked, observed, live) : [otherKind]),
  ];
  if (reasons.length > 0)
    return fallBack(asked, observed, live, reasons, definition, headroom(asked, live) + supersedes);
  if (increase === 0) return planDefinition(asked, observed, live, definition, supersedes);
  if (asked.device === "virtio-mem") {
    const after = definitionSteps(asked, resized(asked, observed, live), circumstances);
    return planResize(asked, observed, live, after, supersedes);
  }
  if (increase < 0) return planShrink(asked, observed, live, circumstances, supersedes);
  const layout = layOut(increase, asked, live);
  const attach = layout.dimms.map(
    (dimm): Step => ({ kind: "attach", dimm, sentence: `attach ${sayDimm(dimm)}` }),
  );
  const notes = growthNotes(asked, observed, live, layout).join("; ");
  return {
    outcome: "live",
    summary: `${saysGrowth(increase, asked, live, layout)}; ${notes}${supersedes}${otherNodesLater(definition)}`,
    steps: [...attach, ...definition],
    reasons: [],
    layout,
  };
}

/** The definition is the one of the domain that is left, so that it holds whatever was spread or plugged where. */
function planShrink(
  asked: Asked,
  observed: Observed,
  live: MemoryView,
  circumstances: Circumstances,
  supersedes: string,
): Plan {
  const removed = removals(asked, live) ?? [];
  const after = without(removed, observed, live);
  const definition = definitionSteps(asked, after, circumstances);
  const detach = removed.map((device): Step => {
    const dimm = removal(device);
    return { kind: "detach", dimm, sentence: `take ${sayRemoval(dimm)}` };
  });
  const notes = shrinkNotes(asked, observed, live).join("; ");
  return {
    outcome: "live",
    summary: `${saysShrink(asked, live, removed, after.live)}; ${notes}${supersedes}${otherNodesLater(definition)}`,
    steps: [...detach, ...definition],
    reasons: [],
  };
}

function otherNodesLater(definition: Step[]): string {
  return definition.some((step) => step.kind === "redefine") ? `; numa: ${NEXT_BOOT}` : "";
}

function reasonsAgainst(increase: Kib, asked: Asked, observed: Observed, live: MemoryView): string[] {
  if (increase === 0) return [];
  if (asked.device === "virtio-mem") return reasonsAgainstResize(asked, live);
  return increase < 0 ? reasonsAgainstDetach(asked, observed, live) : reasonsAgainstAttach(asked, live);
}

/** The running domain has its size; its definition may differ: a fold that was interrupted, or a new ceiling. */
function planDefinition(
  asked: Asked,
  observed: Observed,
  live: MemoryView,
  steps: Step[],
  supersedes: string,
): Plan {
  const before = observed.nextBoot;
  if (before === undefined || steps.length === 0) return nothing();
  if (before.memory !== asked.memory)
    return {
      outcome: asked.applyOn === "nextBoot" ? "nextBoot" : "live",
      summary: `the running domain has ${sayMib(live.memory)}; its definition goes ${arrow(before.memory, asked.memory)}; no restart${supersedes}`,
      steps,
      reasons: [],
    };
  const onlyNodes = steps.every((step) => step.kind === "redefine");
  const rest = onlyNodes ? "numa" : sayRest(foldedDefinition(asked, observed, before), before);
  return { outcome: "nextBoot", summary: `${rest}: ${NEXT_BOOT}`, steps, reasons: [] };
}

/** The user defers every change. */
function planNextBoot(
  asked: Asked,
  observed: Observed,
  live: MemoryView,
  steps: Step[],
  supersedes: string,
): Plan {
  const before = observed.nextBoot?.memory;
  if (before === undefined) return noNextBoot();
  if (steps.length === 0) return nothing();
  const size =
    before === asked.memory ? `at most ${saySize(asked.maxMemory)}` : arrow(live.memory, asked.memory);
  return { outcome: "nextBoot", summary: `${size} ${NEXT_BOOT}${supersedes}`, steps, reasons: [] };
}

function noNextBoot(): Plan {
  const reason = "the domain is transient, so it has no next boot";
  return refuse(`${reason}; hotplug.applyOn "now" changes the running one`, [reason]);
}

/** POWER rounds the memory up to its block at start, all others to 1 MiB: the domain then has a little more than was asked. */
function increaseOver(asked: Asked, live: MemoryView): Kib {
  const increase = asked.memory - live.memory;
  const rounding = live.arch?.startsWith("ppc64") ? 256 * 1024 : 1024;
  return increase < 0 && -increase < rounding && live.devices.length === 0 ? 0 : increase;
}

/** What a way that isn't live brings with it, for a domain that could not grow so far. */
function headroom(asked: Asked, live: MemoryView): string {
  const { maxMemory } = ceilingFor(asked, live);
  if (live.maxMemory !== undefined || maxMemory === undefined) return "";
  return `; with it come ${maxMemory.slots} slots and room up to ${saySize(maxMemory.size)}, so that later increases are live`;
}
