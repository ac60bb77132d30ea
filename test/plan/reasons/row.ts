import type { Inputs } from "../../../provider/args/inputs.ts";
import { DEFAULTS } from "../../../provider/args/settings.ts";
import type { DesiredMemory } from "../../../provider/plan/desired.ts";
import type { Observed } from "../../../provider/plan/observed.ts";
import type { Plan } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { planUpdate } from "../../../provider/plan/plan-update.ts";
import type { ReasonCode } from "../../../provider/plan/reason-codes.ts";
import { checkedInputs, running } from "../../support/scene.ts";

/** A reason's text in a plan. Everywhere else tests identify reasons by their codes. */
export type Row = [code: ReasonCode, text: string, plan: Plan];

export const before = checkedInputs;

export const memory = (desired: DesiredMemory, observed: Observed) => planMemory(desired, observed);

export function update(change: Partial<Inputs>, observed = running(), adopted = false) {
  const inputs = { ...before, ...change };
  const recorded = observed.nextBoot?.memory;
  return planUpdate({ inputs, before, observed, recorded, defaults: DEFAULTS, adopted });
}

export const two = { cells: [512, 512] };
export const virtioMem = { device: "virtio-mem" } as const;
