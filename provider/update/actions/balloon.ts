import { type Observation, observe } from "../../observe/observe.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import { desiredMemory } from "../../plan/desired.ts";
import type { Observed } from "../../plan/observed.ts";
import type { Step } from "../../plan/plan.ts";
import type { Kib } from "../../units/kib.ts";
import { formatSize, formatWholeMib } from "../../units/size.ts";
import type { Action } from "../action.ts";
import { secondsForGuest, type UpdateContext, updateLog } from "../context.ts";
import { withMark } from "../mark-arguments.ts";

type BalloonStep = Extract<Step, { kind: "balloon" }>;

/** Sets the balloon target; on the running domain it waits for the guest's driver to reach it, unless the domain is paused. */
export const balloon: Action<BalloonStep> = {
  run(step, context, { now }) {
    return withMark("currentMemory", context, now, () => setTarget(step, context, now));
  },

  /** The target stays set and the guest's driver keeps going, so the domain differs from the state. */
  async afterFailure(step, _context, _progress, latest) {
    return isLiveBalloon(step) ? latest : undefined;
  },
};

async function setTarget(
  { size, where }: BalloonStep,
  context: UpdateContext,
  now: Observation,
): Promise<Observation> {
  const { hypervisor, domain } = context;
  const seconds = secondsForGuest(context);
  if (where === "live" && seconds !== false && now.observed.power === "running")
    return setAndWait(size, seconds, context, now);
  await hypervisor.setMemory(domain, size, where === "live" ? { live: true } : { config: true });
  return observe(hypervisor, domain);
}

export function isLiveBalloon(step: Step): boolean {
  return step.kind === "balloon" && step.where === "live";
}

/** QEMU's own figure moves first; the XML, which is what the state records, follows with an event within a second. */
async function setAndWait(
  target: Kib,
  seconds: number,
  context: UpdateContext,
  { observed }: Observation,
): Promise<Observation> {
  const { hypervisor, domain, session } = context;
  const patience = session.patience(seconds, "hotplug.awaitGuest");
  const before = observed.live?.currentMemory;
  let reached = before;
  const arrived = await waitForDomain<Observation>(hypervisor, domain, {
    deadline: patience.deadline,
    begin: () => hypervisor.setMemory(domain, target, { live: true }),
    poll: async () => {
      const { actual } = await hypervisor.memoryStats(domain);
      const isMoved = actual !== undefined && actual !== reached;
      reached = actual ?? reached;
      if (isMoved && actual !== target)
        await updateLog(context).status(`balloon at ${formatWholeMib(actual)}, target ${formatSize(target)}`);
      if (actual !== target) return undefined;
      const now = await observe(hypervisor, domain);
      return now.observed.live?.currentMemory === target ? now : undefined;
    },
  });
  if (arrived !== undefined) return arrived;
  if (reached === target) return observe(hypervisor, domain);
  throw new Error(
    describeShortfall({ reached: reached ?? 0, isStuck: reached === before, target, time: patience.text }),
  );
}

interface Shortfall {
  reached: Kib;
  /** The balloon hasn't moved at all. */
  isStuck: boolean;
  target: Kib;
  /** How long it was waited for. */
  time: string;
}

function describeShortfall({ reached, isStuck, target, time }: Shortfall): string {
  const found = `balloon still at ${formatWholeMib(reached)} (target ${formatSize(target)}) after ${time}`;
  if (isStuck)
    return `${found} and hasn't moved: the guest has no balloon driver (Linux: virtio_balloon), is still booting, or hangs; the target stays set, and the next update waits again`;
  const why = reached > target ? "the guest can't free more, or is slow" : "the guest is slow";
  return `${found}: ${why}; its driver keeps trying, and the next update waits again`;
}

/** The balloon target that the guest of the running domain hasn't reached, if nothing waited for it. */
export function pendingBalloonTarget(
  { news, session, plan, adopted, observation }: UpdateContext,
  { live }: Observed,
): Kib | undefined {
  const currentMemory = desiredMemory(news, session.defaults, adopted)?.currentMemory;
  if (currentMemory === undefined || live === undefined) return undefined;
  const isSet = plan.steps.some((step) => isLiveBalloon(step) || step.kind === "start");
  const target = isSet ? Math.min(currentMemory, live.memory) : observation.observed.told;
  return unreachedBalloonTarget(target, { live });
}

/** The balloon target, until the guest has reached it. */
export function unreachedBalloonTarget(
  target: Kib | undefined,
  { live }: Pick<Observed, "live">,
): Kib | undefined {
  return live === undefined || live.currentMemory === target ? undefined : target;
}
