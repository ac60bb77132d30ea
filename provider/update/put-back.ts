import { dropKept, findKept, keepDefinition, restoreKept } from "../acceptance/kept-definition.ts";
import { sweepProbes } from "../acceptance/probe-define.ts";
import { messageOf } from "../message-of.ts";
import { isOff } from "../observe/wait-for-domain.ts";
import type { Plan } from "../plan/plan.ts";
import type { Progress, UpdateContext } from "./context.ts";

/**
 * Before a restart: keeps the present definition, so that a changed one that doesn't start can be put back. A domain that an
 * interrupted replace turned off is restarted too.
 */
export async function keepBeforeRestart(
  { hypervisor, domain, plan, observation }: UpdateContext,
  progress: Progress,
): Promise<void> {
  const wasTurnedOff = observation.definition.replacing?.was === "running";
  const isStartedAgain = wasTurnedOff && plan.steps.some(({ kind }) => kind === "start");
  if (!isRestart(plan) && !isStartedAgain) return;
  progress.keepsDefinition = true;
  await keepDefinition(hypervisor, domain, { ran: true });
}

export function isRestart({ steps }: Pick<Plan, "steps">): boolean {
  const kinds = new Set(steps.map(({ kind }) => kind));
  return kinds.has("stop") && kinds.has("start");
}

/** Removes the kept definition, once the domain is as the plan wants it, and what else killed runs left on the host. */
export async function dropLeftovers({ hypervisor, domain }: UpdateContext): Promise<void> {
  await dropKept(hypervisor, domain.uuid);
  await sweepProbes(hypervisor);
}

/**
 * After a restart that failed, or that an earlier run didn't end: puts the old definition back and starts the domain again.
 * A guest that didn't shut down still runs as before.
 *
 * @returns what was done; undefined where nothing was kept
 */
export async function putBack({ hypervisor, domain }: UpdateContext): Promise<string | undefined> {
  try {
    if ((await findKept(hypervisor, domain.uuid)) === undefined) return undefined;
    const wasOff = await isOff(hypervisor, domain);
    if (wasOff) await restoreKept(hypervisor, domain.uuid);
    await dropKept(hypervisor, domain.uuid);
    return wasOff ? "the previous definition was put back, and the domain started with it" : undefined;
  } catch (error) {
    return `the previous definition could not be put back: ${messageOf(error)}; the next update tries again`;
  }
}
