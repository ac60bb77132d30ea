import { DEFAULT_VCPUS } from "../args/max-vcpus.ts";
import { defined } from "../defined.ts";
import { vcpusOf } from "../domain/state.ts";
import type { Outputs } from "../outputs.ts";
import type { Observed } from "../plan/observed.ts";
import type { Kib } from "../units/kib.ts";
import { sizeIn } from "../units/size.ts";
import type { Announced } from "./announced.ts";
import { present } from "./domain-after.ts";
import type { DomainStep } from "./domain-steps.ts";
import type { Properties } from "./properties.ts";

/** A figure before and after; undefined: the domain doesn't exist then, or the figure isn't known. */
export interface Change<T> {
  from?: T;
  to?: T;
}

/** The figure before a change is the one that the run found, where it announced another plan than that from the state. */
export function asFound(
  change: Change<number>,
  announced: Announced | undefined,
  before: (announced: Announced, to: number) => number | undefined,
): Change<number> {
  const { from, to } = change;
  if (announced === undefined || from === undefined || to === undefined || from === to) return change;
  return defined({ from: before(announced, to), to });
}

export function memoryChange(
  { op, old }: DomainStep,
  inputs: Properties,
  olds: Properties,
  observed: Observed | undefined,
): Change<Kib> {
  const recorded = observed === undefined ? undefined : present(observed)?.memory;
  return defined({
    from: old === undefined ? undefined : (recorded ?? sizeIn(olds.liveMemory) ?? sizeIn(olds.memory)),
    to: op === "delete" ? undefined : sizeIn(inputs.memory),
  });
}

export function vcpuChange(
  { op, old }: DomainStep,
  inputs: Properties,
  olds: Properties,
  state: Outputs | undefined,
): Change<number> {
  const view = state && present(state.__observed);
  const from = old === undefined ? undefined : view === undefined ? countIn(olds) : vcpusOf(view);
  // Without the argument, the XML or an adopted domain decides.
  const isKept = inputs.vcpus === undefined && (inputs.xml !== undefined || state?.__adopted === true);
  const to = op === "delete" || op === "refuse" ? undefined : isKept ? from : countIn(inputs);
  return defined({ from, to });
}

function countIn({ vcpus = DEFAULT_VCPUS }: Properties): number | undefined {
  return typeof vcpus === "number" ? vcpus : undefined;
}
