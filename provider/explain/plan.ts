import type { Inputs } from "../args/inputs.ts";
import { DEFAULTS } from "../args/settings.ts";
import type { Observation } from "../observe/observe.ts";
import { pendingMemory } from "../plan/observed.ts";
import type { Outcome, Reason, Step } from "../plan/plan.ts";
import { planUpdate } from "../plan/plan-update.ts";
import { noteIf } from "../plan/text.ts";
import type { Kib } from "../units/kib.ts";
import { formatMib, readCanonicalSize } from "../units/size.ts";

export interface ExplainedPlan {
  memory: Kib;
  outcome: Outcome;
  headline: string;
  details: string[];
  steps: Step[];
  reasons: Reason[];
  /** What the plan assumes of the program and its state. */
  notes: string[];
}

/** The plan of only the memory: the program's other arguments aren't known. */
export function explainedPlan(
  inputs: Inputs,
  { observed, definition }: Observation,
  adopted: boolean,
): ExplainedPlan {
  const { memory: plan } = planUpdate({
    inputs,
    before: inputs,
    observed,
    recorded: undefined,
    defaults: DEFAULTS,
    adopted,
  });
  if (plan === undefined) throw new Error("a size that was typed is known");
  const { outcome, headline, details, steps, reasons } = plan;
  const memory = readCanonicalSize(inputs.memory);
  const pending = pendingMemory(observed);
  const isManaged = definition.ownership !== undefined;
  const notes = [
    ...noteIf(!isManaged, "planned as for a program that has adopted the domain (adopt: true)"),
    ...(inputs.currentMemory === undefined
      ? []
      : [
          `assumes that the program has currentMemory ${formatMib(readCanonicalSize(inputs.currentMemory))}, as the definition does`,
        ]),
    ...noteIf(
      observed.live === undefined,
      "up also starts the domain, unless the program has running: false",
    ),
    ...(isManaged && pending !== undefined && pending !== memory
      ? [
          `this replaces the pending ${formatMib(pending)} if the program's state recorded it; otherwise up refuses it until a refresh`,
        ]
      : []),
  ];
  return { memory, outcome, headline, details, steps, reasons, notes };
}
