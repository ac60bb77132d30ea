import type { MemoryDevice } from "../domain/state.ts";
import type { Kib } from "../units/kib.ts";
import { sum } from "../units/kib.ts";
import { formatMib } from "../units/size.ts";
import type { DesiredMemory } from "./desired.ts";
import { isManaged } from "./dimms/slots.ts";
import type { MemoryView, Observed } from "./observed.ts";
import {
  attachedDimms,
  detachedDimms,
  isMoreDisruptive,
  noChange,
  type Plan,
  refuse,
  type Step,
} from "./plan.ts";
import { formatChange, NEXT_BOOT } from "./text.ts";

/** What a plan of the balloon depends on beside what is asked and what is there. */
export interface BalloonPlanContext {
  /** The same update shuts the domain down. */
  stopping?: boolean;
  /** The program named a `currentMemory` and names none any more: the balloon gives everything back, this once. */
  balloonReleased?: boolean;
}

type BalloonStep = Extract<Step, { kind: "balloon" }>;

/**
 * Adds to a plan of the memory what the balloon has to do, where the program names a `currentMemory`; nobody else's
 * balloon is touched. A DIMM raises what the balloon leaves by its size, and one that goes lowers it (QEMU keeps the
 * pages that it has taken), so the balloon comes after an attach and gives back before a detach.
 */
export function withBalloon(
  plan: Plan,
  desired: DesiredMemory,
  observed: Observed,
  { stopping = false, balloonReleased = false }: BalloonPlanContext = {},
): Plan {
  const { currentMemory } = desired;
  const released = currentMemory === undefined && balloonReleased;
  const acts = plan.outcome === "none" || plan.outcome === "live" || plan.outcome === "nextBoot";
  // Where memory comes by virtio-mem, which no balloon counts, a program can name all of it alone.
  if (!acts || desired.device === "virtio-mem" || (currentMemory === undefined && !released)) return plan;
  const wanted = Math.min(currentMemory ?? desired.memory, desired.memory);
  const { live, nextBoot } = observed;
  const running = stopping ? undefined : live;
  const isOwed = running !== undefined && running.withoutBalloon !== true && desired.applyOn === "now";
  const change = isOwed ? liveChange(plan, released ? undefined : wanted, observed, running) : undefined;
  const isLater = nextBoot !== undefined && nextBoot.currentMemory !== wanted;
  const foreign = [live, nextBoot].flatMap((view) => view?.devices ?? []).find(isUnmanagedVirtioMem);
  if (foreign !== undefined && (change !== undefined || isLater))
    return wanted === desired.memory ? plan : besideVirtioMem(foreign, wanted, desired);
  // Ours is there until the next boot, where the program asks for DIMMs.
  const isNow = isOwed && !running.devices.some(isVirtioMem);
  const now = isNow ? change : undefined;
  if (now === undefined && !isLater) return plan;
  const isFolded = plan.steps.some(({ kind }) => kind === "define");
  const inDefinition: BalloonStep[] = isLater && !isFolded ? [definitionStep(wanted)] : [];
  const said = now
    ? describeLiveBalloon(now, isLater, plan, observed)
    : describeDefinitionBalloon(
        formatChange(nextBoot?.currentMemory ?? wanted, wanted),
        plan,
        desired,
        observed,
        running,
      );
  const why = released ? " (all of it: the program names no currentMemory any more)" : "";
  const outcome = now === undefined && running !== undefined && !isNow ? "nextBoot" : "live";
  return {
    ...plan,
    outcome: isMoreDisruptive(plan.outcome, outcome) ? plan.outcome : outcome,
    headline: [plan.headline, `${said}${why}`].filter(Boolean).join("; "),
    steps: now?.isFirst
      ? [...beforeDetach(plan.steps, now.step), ...inDefinition]
      : [...plan.steps, ...inDefinition, ...(now ? [now.step] : [])],
  };
}

/**
 * QEMU's balloon knows base memory and DIMMs alone (get_current_ram_size), while libvirt counts virtio-mem in what it says
 * the balloon leaves: it would never be there.
 */
function besideVirtioMem({ node = 0 }: MemoryDevice, wanted: Kib, { memory }: DesiredMemory): Plan {
  const reason = `currentMemory is ${formatMib(wanted)} of ${formatMib(memory)}, and the domain has a virtio-mem device of others on node ${node}: a balloon can't be counted together with virtio-mem`;
  return refuse(`${reason}; take currentMemory out of the program, or that device out of the domain`, [
    { code: "balloon-with-virtio-mem", text: reason },
  ]);
}

function isVirtioMem({ model }: MemoryDevice): boolean {
  return model === "virtio-mem";
}

function isUnmanagedVirtioMem(device: MemoryDevice): boolean {
  return isVirtioMem(device) && !isManaged(device);
}

function definitionStep(size: Kib): BalloonStep {
  const sentence = `set what the balloon leaves at the next boot to ${formatMib(size)}`;
  return { kind: "balloon", size, where: "definition", takes: false, sentence };
}

/** What the balloon leaves, of the running domain or else at the next boot, where the program names another size. */
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
  /** What it leaves in the end. */
  left: Kib;
  /** It comes before the DIMMs that go. */
  isFirst: boolean;
}

/**
 * What the running domain's balloon has to do.
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
  // Of a size that waits for the next boot the running domain may not have so much.
  const to = Math.min(wanted ?? memory, memory);
  const from = live.currentMemory + added - removed;
  // libvirt tells it the same at every start.
  const isDefined =
    nextBoot === undefined ||
    (wanted === undefined
      ? nextBoot.currentMemory === nextBoot.memory
      : Math.min(nextBoot.currentMemory, memory) === to);
  const isTold = added + removed === 0 && told === to && isDefined;
  // It may be where it shall be, and on its way to what it was told before.
  const leaves = from === to && told !== undefined && told !== to;
  if ((from === to && !leaves) || isTold) return undefined;
  const isFirst = removed > 0 && from < to;
  const size = isFirst ? live.currentMemory + to - from : to;
  const sentence = `set what the balloon leaves the guest to ${formatMib(size)}`;
  const takes = to < live.currentMemory;
  const step: BalloonStep = { kind: "balloon", size, where: "live", takes, sentence };
  const before = leaves ? told : isFirst ? live.currentMemory : from;
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
): string {
  const paused = power === "paused" ? "; the domain is paused: its guest follows when it resumes" : "";
  if (isFirst)
    return `before that the balloon goes ${formatChange(from, to)}, so that it leaves ${formatMib(left)} after it${paused}`;
  const plugs = plan.steps.some(({ kind }) => kind === "attach");
  if (plugs) return `when the guest has that, the balloon goes ${formatChange(from, to)}${paused}`;
  return `balloon ${formatChange(from, to)}, live${isLater ? " and at the next boot" : ""}${paused}`;
}

function describeDefinitionBalloon(
  change: string,
  { headline }: Plan,
  { applyOn }: DesiredMemory,
  { power, nextBoot }: Observed,
  running: MemoryView | undefined,
): string {
  if (running === undefined && headline !== "") return `its balloon ${change}`;
  if (running === undefined)
    return `${power === "off" ? "the domain is off" : "once the domain is off"}: its definition's balloon goes ${change}`;
  if (running.withoutBalloon && nextBoot?.withoutBalloon)
    return `balloon ${change}, of no effect: the domain has no balloon, unless balloon: true gives it one`;
  if (running.withoutBalloon) return `balloon ${change}: the running domain has none, so it ${NEXT_BOOT}`;
  if (applyOn === "nextBoot") return `balloon ${change}: ${NEXT_BOOT}`;
  return `the balloon of the running domain leaves ${formatMib(running.currentMemory)}; its definition's goes ${change}`;
}
