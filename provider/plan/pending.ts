import { sayMib } from "../args/size.ts";
import type { Kib } from "../domain/state.ts";
import type { Asked } from "./asked.ts";
import { refuse } from "./fallback.ts";
import type { MemoryView, Observed } from "./observed.ts";
import type { Plan } from "./plan.ts";

/** A size that waits for the next boot, and that neither the program asks for nor our state recorded. */
export function foreignPending(
  asked: Asked,
  observed: Observed,
  live: MemoryView,
  recorded: Kib | undefined,
): Plan | undefined {
  const pending = observed.nextBoot?.memory;
  if (pending === undefined || pending === live.memory || pending === asked.memory) return undefined;
  if (recorded === undefined || pending === recorded) return undefined;
  const reason = `${sayMib(pending)} waits for the next boot, set by somebody else, and the program asks for ${sayMib(asked.memory)}`;
  return refuse(
    `${reason}: ask for ${sayMib(pending)}, or run refresh, which shows the difference, and then up`,
    [reason],
  );
}

/** A size of our own that waits for the next boot, and that this change makes void. */
export function supersededPending(asked: Asked, observed: Observed, live: MemoryView): string {
  const pending = observed.nextBoot?.memory;
  return pending === undefined ||
    pending === live.memory ||
    pending === asked.memory ||
    observed.pending !== pending
    ? ""
    : `; the pending ${sayMib(pending)} is superseded`;
}
