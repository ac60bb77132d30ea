import type { Inputs } from "../args/inputs.ts";
import type { Defaults } from "../args/settings.ts";
import { defined } from "../defined.ts";
import { desiredMemory } from "../plan/desired.ts";
import { freeSlots, slotCount } from "../plan/dimms/slots.ts";
import { upwardSizes } from "../plan/live-sizes/up.ts";
import { type Observed, pendingMemory } from "../plan/observed.ts";
import type { Reachable } from "../plan/plan.ts";
import type { Kib } from "../units/kib.ts";
import { sizeIn } from "../units/size.ts";

/** What a change leaves for later ones. */
export interface Cost {
  freeSlots: number;
  slots: number;
  /** Undefined: the domain can't grow while it runs. */
  ceiling?: Kib;
  headroom: Kib;
  /** The sizes that it can grow to without a restart afterwards; undefined: none. */
  up?: Reachable;
  /** The memory that waits for a restart. */
  pending?: Kib;
}

/** @param after the domain once the update is over */
export function costOf(after: Observed, news: Inputs, defaults: Defaults): Cost | undefined {
  const view = after.live ?? after.nextBoot;
  if (view === undefined) return undefined;
  const ceiling = view.maxMemory?.size;
  // A domain that is off can grow once it is started.
  const started = after.live === undefined ? { ...after, power: "running" as const, live: view } : after;
  const desired = desiredMemory(news, defaults);
  return {
    freeSlots: freeSlots(view).length,
    slots: slotCount(view),
    headroom: Math.max(0, (ceiling ?? view.memory) - view.memory),
    ...defined({
      ceiling,
      up: desired && upwardSizes(desired, started),
      pending: pendingMemory(after),
    }),
  };
}

/**
 * What a change leaves by the headroom that the run itself announced, of a domain that runs afterwards.
 *
 * @returns undefined where the run announced none
 */
export function costFromHeadroom(news: Inputs): Cost | undefined {
  const { headroom, memory, maxMemory, memorySlots } = news;
  const [size, ceiling] = [sizeIn(memory), sizeIn(maxMemory)];
  if (headroom?.slots === undefined || size === undefined || ceiling === undefined) return undefined;
  const ranges = headroom.memory?.map(({ from, to, step }) => ({
    from: sizeIn(from) ?? 0,
    to: sizeIn(to) ?? 0,
    step: sizeIn(step) ?? 0,
  }));
  return {
    freeSlots: headroom.slots,
    slots: memorySlots,
    headroom: Math.max(0, ceiling - size),
    ceiling,
    ...defined({ up: ranges?.find(({ from }) => from > size) }),
  };
}
