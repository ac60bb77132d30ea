import { describe, expect, test } from "vitest";
import { checkInputs } from "../../../provider/args/check-inputs.ts";
import type { Inputs } from "../../../provider/args/inputs.ts";
import { DEFAULTS } from "../../../provider/args/settings.ts";
import { desiredMemory } from "../../../provider/plan/desired.ts";
import { emptyNodeRefusal } from "../../../provider/plan/numa/cells.ts";
import { planUpdate } from "../../../provider/plan/plan-update.ts";
import { permittedPlan } from "../../../provider/plan/preview-contract.ts";
import { hidden } from "../../support/arbitrary-inputs.ts";
import { Run } from "../../support/one-resource.ts";
import { type Planned, planned } from "../../support/planned.ts";
import { OUTCOMES } from "./outcomes.ts";
import type { OutcomeRow } from "./row.ts";

const FIRST = { memory: "1003MiB", maxMemory: "8GiB" };

function withoutPlan(outcome: OutcomeRow["outcome"], headline: string): Planned {
  return { outcome, headline, details: [], codes: [] };
}

/** The preview of a new domain, without a route to any host. */
async function creation(program: Record<string, unknown>): Promise<Planned> {
  const { inputs } = (await new Run({}).provider.check?.({}, program)) ?? {};
  return withoutPlan("create", String(inputs?.memoryPlan));
}

/** The preview of a change, by the provider's own check and planner. */
async function preview(row: OutcomeRow): Promise<Planned> {
  const defaults = { ...DEFAULTS, ...row.stack };
  const program = { ...hidden, ...FIRST, ...row.had };
  // The program was valid before.
  const before = checkInputs({}, program, defaults);
  expect(before.failures).toEqual([]);
  if (row.before === undefined) return creation({ ...program, ...row.change });
  const { inputs, failures } = checkInputs(before.inputs, { ...program, ...row.change }, defaults);
  const [failure] = failures;
  if (failure) return withoutPlan("check error", `${failure.property} ${failure.reason}`);
  // With no failure, all that Inputs has is there.
  const news = inputs as Inputs;
  const desired = desiredMemory(news, defaults);
  const refusal = desired && emptyNodeRefusal(desired, news.machine);
  if (refusal !== undefined) return withoutPlan("check error", `numa ${refusal}`);
  const recorded = row.recorded ?? row.before.nextBoot?.memory;
  const situation = {
    inputs: news,
    before: before.inputs,
    recorded,
    defaults,
    adopted: row.adopted === true,
  };
  const announced = planUpdate({ ...situation, observed: row.before });
  return planned(
    row.found === undefined
      ? announced
      : permittedPlan(announced, planUpdate({ ...situation, observed: row.found })),
  );
}

describe.each(Object.entries(OUTCOMES))("%s", (_, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const { outcome, headline, details = [], codes = [] } = row;
    expect(await preview(row)).toEqual({ outcome, headline, details, codes });
  });
});
