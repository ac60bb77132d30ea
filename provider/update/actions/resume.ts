import type { DomainRef, Hypervisor } from "../../libvirt/hypervisor.ts";
import { type Observation, observe } from "../../observe/observe.ts";
import { readPower } from "../../observe/power.ts";
import { waitForDomain } from "../../observe/wait-for-domain.ts";
import { describePause, type PauseKind, pauseOf } from "../../plan/pause.ts";
import type { Step } from "../../plan/plan.ts";
import type { Session } from "../../session.ts";
import type { Action } from "../action.ts";
import type { UpdateContext } from "../context.ts";

/** QEMU wakes a guest within a moment: what takes time is a guest that doesn't wake. */
const WAKE_SECONDS = 30;

/** Resumes a domain that a user paused. One that is paused for another reason by now stays so. */
export const resume: Action<Extract<Step, { kind: "resume" }>> = {
  async run(_step, context) {
    const { hypervisor, domain } = context;
    if (await isPausedAs("suspended", context)) await hypervisor.resume(domain);
    return observe(hypervisor, domain);
  },
};

/** Wakes a guest that is suspended to memory, and waits until it runs. */
export const wake: Action<Extract<Step, { kind: "wake" }>> = {
  async run(_step, context) {
    const { hypervisor, domain, session } = context;
    if (!(await isPausedAs("asleep", context))) return observe(hypervisor, domain);
    const awake = await wakeUp(session, hypervisor, domain);
    if (awake === undefined)
      throw new Error(`the guest is still asleep after ${session.patience(WAKE_SECONDS).text}`);
    return awake;
  },
};

/** Wakes a guest that is suspended to memory, and returns the domain once it runs; undefined where it doesn't in time. */
export function wakeUp(
  session: Session,
  hypervisor: Hypervisor,
  domain: DomainRef,
): Promise<Observation | undefined> {
  return waitForDomain<Observation>(hypervisor, domain, {
    deadline: session.patience(WAKE_SECONDS).deadline,
    begin: () => hypervisor.wake(domain),
    poll: async () => {
      const { pause } = await readPower(hypervisor, domain);
      return pause === "asleep" ? undefined : observe(hypervisor, domain);
    },
  });
}

/** @throws Error where the domain is off, or paused in another way */
async function isPausedAs(kind: PauseKind, { hypervisor, domain }: UpdateContext): Promise<boolean> {
  const { observed } = await observe(hypervisor, domain);
  const pause = pauseOf(observed);
  if (observed.power === "running") return false;
  if (pause?.kind === kind) return true;
  throw new Error(`the domain is now ${pause === undefined ? "off" : describePause(pause)}; preview again`);
}
