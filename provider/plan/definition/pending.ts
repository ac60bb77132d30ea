import type { Kib } from "../../units/kib.ts";
import { formatMib } from "../../units/size.ts";
import type { DesiredMemory } from "../desired.ts";
import { type Observed, pendingMemory } from "../observed.ts";
import type { Plan, Step } from "../plan.ts";
import { refusal } from "../text.ts";

/** Refuses to overwrite a size for the next boot that neither the program, our state nor our mark has. */
export function foreignPending(
  desired: DesiredMemory,
  observed: Observed,
  definition: Step[],
  { recorded }: { recorded?: Kib },
): Plan | undefined {
  const pending = otherPending(desired, observed);
  if (definition.length === 0 || pending === undefined) return undefined;
  if (recorded === undefined || pending === recorded || isWrittenByUs(observed)) return undefined;
  const text = `someone else set ${formatMib(pending)} for the next boot, but the program wants ${formatMib(desired.memory)}`;
  const options = `set memory to ${formatMib(pending)}, or run pulumi refresh, which shows the difference, and then pulumi up`;
  return refusal({ code: "pending-by-others", text }, text, options);
}

/** Notes that this change replaces our own size that is pending for the next boot. */
export function supersededNotes(desired: DesiredMemory, observed: Observed): string[] {
  const pending = otherPending(desired, observed);
  return pending === undefined || (observed.pending !== pending && !isWrittenByUs(observed))
    ? []
    : [`this replaces the pending change to ${formatMib(pending)}`];
}

/** The definition has the total that we set last: an update that was interrupted left it. */
function isWrittenByUs({ nextBoot }: Observed): boolean {
  return nextBoot?.written !== undefined && nextBoot.written === nextBoot.memory;
}

/** The pending size, if it isn't the desired one. */
function otherPending({ memory }: DesiredMemory, observed: Observed): Kib | undefined {
  const pending = pendingMemory(observed);
  return pending === memory ? undefined : pending;
}
