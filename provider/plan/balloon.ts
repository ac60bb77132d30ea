import type { MemoryDevice } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";
import { sum } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { DesiredMemory } from "./desired.ts";
import { isManaged } from "./devices.ts";
import type { MemoryView, Observed } from "./observed.ts";
import {
  attachedDimms,
  combine,
  definedMemory,
  detachedDimms,
  noChange,
  type Plan,
  type Step,
} from "./plan.ts";
import { formatChange, formatPair, headline, NEXT_BOOT, noteIf, refusal } from "./text.ts";

/** What a plan of the balloon depends on, in addition to the desired memory and the observed domain. */
export interface BalloonPlanContext {
  /** The same update shuts the domain down. */
  stopping?: boolean;
  /** The program no longer sets `currentMemory`: the guest gets all of its memory back, once. */
  balloonReleased?: boolean;
}

type BalloonStep = Extract<Step, { kind: "balloon" }>;

/**
 * Adds the changes of the balloon target to a plan of the memory, if the program sets `currentMemory`; otherwise the
 * balloon isn't touched. Attaching a DIMM raises the memory that the balloon leaves by its size, and removing it lowers
 * it (QEMU keeps the pages that the balloon has taken). So the target is set after an attach, and raised before a
 * detach.
 */
export function withBalloon(
  plan: Plan,
  desired: DesiredMemory,
  observed: Observed,
  { stopping = false, balloonReleased = false }: BalloonPlanContext = {},
): Plan {
  const released = desired.currentMemory === undefined && balloonReleased;
  if (!concernsBalloon(plan, desired, released)) return plan;
  const wanted = Math.min(desired.currentMemory ?? desired.memory, desired.memory);
  const { live, nextBoot } = observed;
  const running = stopping ? undefined : live;
  const isOwed = running !== undefined && running.withoutBalloon !== true && desired.applyOn === "now";
  const change = isOwed ? liveChange(plan, released ? undefined : wanted, observed, running) : undefined;
  const isLater = nextBoot !== undefined && nextBoot.currentMemory !== wanted;
  if (change === undefined && !isLater) return plan;
  const foreign = [live, nextBoot].flatMap((view) => view?.devices ?? []).find(isUnmanagedVirtioMem);
  if (foreign !== undefined)
    return wanted === desired.memory ? plan : besideVirtioMem(foreign, wanted, desired);
  // A virtio-mem device of ours stays until the next boot, where the program wants DIMMs.
  const isNow = isOwed && !running.devices.some(isVirtioMem);
  const now = isNow ? change : undefined;
  if (now === undefined && !isLater) return plan;
  const isFolded = definedMemory(plan.steps) !== undefined;
  const inDefinition: BalloonStep[] = isLater && !isFolded ? [definitionStep(wanted)] : [];
  const described =
    now === undefined
      ? describeDefinedBalloon(wanted, plan, desired, observed, running)
      : describeLiveBalloon(now, isLater, plan, observed);
  const own: Plan = {
    outcome: running === undefined || isNow ? "live" : "nextBoot",
    headline: described.headline,
    details: released ? [...described.details, RELEASED] : described.details,
    steps: now === undefined ? inDefinition : [...inDefinition, now.step],
    reasons: [],
  };
  const whole = combine([plan, own]);
  return now?.isFirst ? { ...whole, steps: [...beforeDetach(plan.steps, now.step), ...inDefinition] } : whole;
}

/** Whether the program sets or releases the balloon, beside a plan that leaves the domain in place. */
function concernsBalloon(
  { outcome }: Plan,
  { currentMemory, device }: DesiredMemory,
  released: boolean,
): boolean {
  const acts = outcome === "none" || outcome === "live" || outcome === "nextBoot";
  // With virtio-mem, check only allows a currentMemory equal to the memory.
  return acts && device !== "virtio-mem" && (currentMemory !== undefined || released);
}

const RELEASED = "the program no longer sets currentMemory, so the guest gets all of its memory back";

/**
 * QEMU's balloon counts only base memory and DIMMs (get_current_ram_size), while libvirt adds virtio-mem to the balloon's
 * size: the target would never be reached.
 */
function besideVirtioMem({ node = 0 }: MemoryDevice, wanted: Kib, { memory }: DesiredMemory): Plan {
  return refusal(
    {
      code: "balloon-with-virtio-mem",
      text: `currentMemory (${formatPair(wanted, " of ", memory)}) can't be combined with virtio-mem, but node ${node} has a virtio-mem device not managed by this provider`,
    },
    `currentMemory can't be combined with virtio-mem, but node ${node} has a virtio-mem device`,
    "remove currentMemory from the program, or that device from the domain",
  );
}

function isVirtioMem({ model }: MemoryDevice): boolean {
  return model === "virtio-mem";
}

function isUnmanagedVirtioMem(device: MemoryDevice): boolean {
  return isVirtioMem(device) && !isManaged(device);
}

function definitionStep(size: Kib): BalloonStep {
  const sentence = `set the balloon target in the definition to ${formatMib(size)}`;
  return { kind: "balloon", size, where: "definition", takesMemory: false, sentence };
}

/** The balloon target of the running domain, or else of the next boot, if the program wants another one. */
export function balloonDrift(desired: DesiredMemory, observed: Observed): Kib | undefined {
  const { steps } = withBalloon(noChange(), desired, observed);
  const [step] = steps.filter(({ kind }) => kind === "balloon").reverse();
  if (step?.kind !== "balloon") return undefined;
  return (step.where === "live" ? observed.live : observed.nextBoot)?.currentMemory;
}

interface LiveChange {
  step: BalloonStep;
  from: Kib;
  to: Kib;
  /** The memory that remains in the end. */
  left: Kib;
  /** It precedes the removal of DIMMs. */
  isFirst: boolean;
}

/**
 * The change of the running domain's balloon target.
 *
 * @param wanted undefined: all of the memory
 */
function liveChange(
  plan: Plan,
  wanted: Kib | undefined,
  { told, nextBoot }: Observed,
  live: MemoryView,
): LiveChange | undefined {
  const added = sum(attachedDimms(plan.steps).map(({ size }) => size));
  const removed = sum(detachedDimms(plan.steps).map(({ size }) => size));
  const memory = live.memory + added - removed;
  // The running domain may have less than a size that is pending for the next boot.
  const to = Math.min(wanted ?? memory, memory);
  const from = live.currentMemory + added - removed;
  // libvirt sets the same target at every start.
  const isDefined =
    nextBoot === undefined ||
    (wanted === undefined
      ? nextBoot.currentMemory === nextBoot.memory
      : Math.min(nextBoot.currentMemory, memory) === to);
  const isAlreadySet = added + removed === 0 && told === to && isDefined;
  // It may be at this target now, but on its way to an earlier one.
  const isMoving = from === to && told !== undefined && told !== to;
  if ((from === to && !isMoving) || isAlreadySet) return undefined;
  const isFirst = removed > 0 && from < to;
  const size = isFirst ? live.currentMemory + to - from : to;
  const sentence = `set the balloon target to ${formatMib(size)}`;
  const takesMemory = to < live.currentMemory;
  const step: BalloonStep = { kind: "balloon", size, where: "live", takesMemory, sentence };
  const before = isMoving ? told : isFirst ? live.currentMemory : from;
  return { step, from: before, to: size, left: to, isFirst };
}

function beforeDetach(steps: Step[], balloon: BalloonStep): Step[] {
  const first = steps.findIndex(({ kind }) => kind === "detach");
  return [...steps.slice(0, first), balloon, ...steps.slice(first)];
}

function describeLiveBalloon(
  { from, to, left, isFirst }: LiveChange,
  isLater: boolean,
  plan: Plan,
  { power }: Observed,
): Pick<Plan, "headline" | "details"> {
  const change = `balloon target ${formatChange(from, to)}`;
  const details = noteIf(
    power === "paused",
    "the domain is paused: the guest's driver reacts once the domain resumes",
  );
  if (isFirst)
    return {
      headline: headline(
        "live",
        `${change} before the removal, so that ${formatMib(left)} remain`,
        `${change} before the removal`,
      ),
      details,
    };
  const follows = plan.steps.some(({ kind }) => kind === "attach");
  const when = follows ? "once the guest has the new memory" : isLater ? "now and at the next boot" : "now";
  return { headline: headline("live", `${change}, ${when}`), details };
}

function describeDefinedBalloon(
  wanted: Kib,
  plan: Plan,
  { applyOn }: DesiredMemory,
  { power, nextBoot }: Observed,
  running: MemoryView | undefined,
): Pick<Plan, "headline" | "details"> {
  const change = `balloon target ${formatChange(nextBoot?.currentMemory ?? wanted, wanted)}`;
  if (running === undefined) {
    const when =
      plan.outcome === "none" ? ` (${power === "off" ? "the domain is off" : "once the domain is off"})` : "";
    return { headline: headline("live", `${change} in the definition${when}`), details: [] };
  }
  const later = {
    headline: headline("nextBoot", `${change}, after a shutdown and start`),
    details: [`the change ${NEXT_BOOT}`],
  };
  if (running.withoutBalloon && nextBoot?.withoutBalloon)
    return {
      headline: headline("nextBoot", `${change} has no effect: the domain has no balloon device`),
      details: ["set balloon: true to add a balloon device"],
    };
  if (running.withoutBalloon)
    return { ...later, details: ["the running domain has no balloon device", ...later.details] };
  if (applyOn === "nextBoot") return later;
  return {
    headline: headline("live", `${change} in the definition (the running domain already has it)`),
    details: [],
  };
}
