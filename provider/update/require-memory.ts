import { availableMemory } from "../guest/balloon.ts";
import { type Kib, sum } from "../units/kib.ts";
import { formatMib, wholeMib } from "../units/size.ts";
import type { MemoryNeeds } from "./action.ts";
import { type Progress, refuseUpdate, secondsForGuest, type UpdateContext, updateLog } from "./context.ts";
import { hostShortage, withBacking } from "./host-memory.ts";
import { memoryNeeds } from "./run-step.ts";

/**
 * Before the first step: the host must have the memory to add.
 *
 * @throws UserError with the memory that is needed and that is available
 */
export async function requireHostMemory(context: UpdateContext, progress: Progress): Promise<void> {
  const needed = needsOf(context, progress).flatMap(({ host }) => host ?? []);
  if (needed.length === 0) return;
  const { hypervisor, observation } = context;
  const { backing, pinned } = observation.running ?? observation.definition;
  const added = await withBacking(hypervisor, needed, backing);
  const shortage = await hostShortage(hypervisor, added, pinned);
  if (shortage?.severity === "error") throw refuseUpdate(context, `${shortage.text}; nothing was attached`);
  if (shortage !== undefined) await updateLog(context).warn(shortage.text);
}

function needsOf(context: UpdateContext, progress: Progress): MemoryNeeds[] {
  return context.plan.steps.map((step) => memoryNeeds(step, context, progress));
}

/**
 * Once the guest runs, it must be able to spare the memory to remove. A guest without room for the contents of the removed memory doesn't refuse but runs out of memory: Linux moves pages
 * until none is free, and then kills processes.
 *
 * @throws UserError with the memory that is needed and that is available
 */
export async function requireGuestMemory(context: UpdateContext, progress: Progress): Promise<void> {
  const removed = sum(needsOf(context, progress).map(({ guest = 0 }) => guest));
  if (removed === 0 || secondsForGuest(context) === false) return;
  const { hypervisor, domain, session } = context;
  const available = await availableMemory(hypervisor, domain, session.clock).catch(() => undefined);
  if (available === undefined || available + returnedFirst(context) >= removed) return;
  throw refuseUpdate(
    context,
    `the guest has only ${formatMib(wholeMib(available))} available (MemAvailable), less than the ${formatMib(removed)} to remove: it would run out of memory; nothing was removed`,
  );
}

/** What the balloon returns to the guest before anything is removed. */
function returnedFirst({ plan, observation }: UpdateContext): Kib {
  const first = plan.steps.find(({ kind }) => kind === "balloon" || kind === "detach");
  const current = observation.observed.live?.currentMemory;
  return first?.kind === "balloon" && first.where === "live" && current !== undefined
    ? Math.max(0, first.size - current)
    : 0;
}
