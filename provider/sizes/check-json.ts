import type { PlannedCatalogue } from "./check-catalogue.ts";
import { slotsOf } from "./walk.ts";

/** The format of the JSON below. Fields may be added to it. */
const FORMAT = 1;

/** A checked catalogue for programs: the arguments of each size, and every step. */
export function checkJson(checked: PlannedCatalogue): Record<string, unknown> {
  const { failures } = checked;
  return {
    format: FORMAT,
    accepted: failures.length === 0,
    failures,
    // An object has names that are whole numbers before the others, in numeric order.
    names: checked.sizes.map(([name]) => name),
    // Programs that don't look at the exit code don't get the sizes of a catalogue that is refused.
    ...(failures.length === 0 && { sizes: Object.fromEntries(checked.sizes) }),
    slotsOnLongestPath: checked.steps.slots,
    steps: checked.steps.pairs.map(({ from, to, started, plan, isPromised, dimms, after }) => ({
      from: from.name,
      to: to.name,
      started: started.name,
      promised: isPromised,
      outcome: plan.outcome,
      headline: plan.headline,
      reasons: plan.reasons,
      dimms,
      slotsLeft: after === undefined ? null : slotsOf(after).free,
    })),
  };
}
