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
import { OUTCOMES } from "./outcomes.ts";
import type { OutcomeRow } from "./row.ts";

const FIRST = { memory: "1003MiB", maxMemory: "8GiB" };

/** What the preview of a new domain says, without a route to any host. */
async function creation(program: Record<string, unknown>): Promise<Pick<OutcomeRow, "outcome" | "sentence">> {
  const { inputs } = (await new Run({}).provider.check?.({}, program)) ?? {};
  return { outcome: "create", sentence: String(inputs?.memoryPlan) };
}

/** What a preview of the change comes to, by the provider's own check and planner. */
async function preview(row: OutcomeRow): Promise<Pick<OutcomeRow, "outcome" | "sentence">> {
  const defaults = { ...DEFAULTS, ...row.stack };
  const program = { ...hidden, ...FIRST, ...row.had };
  // Nothing was wrong with what the program said before.
  const before = checkInputs({}, program, defaults);
  expect(before.failures).toEqual([]);
  if (row.before === undefined) return creation({ ...program, ...row.change });
  const { inputs, failures } = checkInputs(before.inputs, { ...program, ...row.change }, defaults);
  const [failure] = failures;
  if (failure) return { outcome: "check error", sentence: `${failure.property} ${failure.reason}` };
  // With no failure, all that Inputs has is there.
  const news = inputs as Inputs;
  const desired = desiredMemory(news, defaults);
  const refusal = desired && emptyNodeRefusal(desired, news.machine);
  if (refusal !== undefined) return { outcome: "check error", sentence: `numa ${refusal}` };
  const recorded = row.recorded ?? row.before.nextBoot?.memory;
  const situation = {
    inputs: news,
    before: before.inputs,
    recorded,
    defaults,
    adopted: row.adopted === true,
  };
  const announced = planUpdate({ ...situation, observed: row.before });
  const { outcome, headline } =
    row.found === undefined
      ? announced
      : permittedPlan(announced, planUpdate({ ...situation, observed: row.found }));
  return { outcome, sentence: headline };
}

describe.each(Object.entries(OUTCOMES))("%s", (_, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    expect(await preview(row)).toEqual({ outcome: row.outcome, sentence: row.sentence });
  });
});
