import type { Kib } from "../../units/kib.ts";
import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import type { MemoryView, Observed } from "../observed.ts";
import { type Plan, refuse } from "../plan.ts";

/** A size that waits for the next boot, and that neither the program asks for nor our state recorded. */
export function foreignPending(
  desired: DesiredMemory,
  observed: Observed,
  live: MemoryView,
  recorded: Kib | undefined,
): Plan | undefined {
  const pending = observed.nextBoot?.memory;
  if (pending === undefined || pending === live.memory || pending === desired.memory) return undefined;
  if (recorded === undefined || pending === recorded) return undefined;
  const reason = `${formatMib(pending)} waits for the next boot, set by somebody else, and the program asks for ${formatMib(desired.memory)}`;
  return refuse(
    `${reason}: ask for ${formatMib(pending)}, or run refresh, which shows the difference, and then up`,
    [{ code: "pending-by-others", text: reason }],
  );
}

/** A size of our own that waits for the next boot, and that this change makes void. */
export function supersededPending(desired: DesiredMemory, observed: Observed, live: MemoryView): string {
  const pending = observed.nextBoot?.memory;
  return pending === undefined ||
    pending === live.memory ||
    pending === desired.memory ||
    observed.pending !== pending
    ? ""
    : `; the pending ${formatMib(pending)} is superseded`;
}
