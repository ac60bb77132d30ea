import { describe, expect, test } from "vitest";
import { checkInputs } from "../../../provider/args/check-inputs.ts";
import type { Inputs } from "../../../provider/args/inputs.ts";
import { DEFAULTS, type Defaults } from "../../../provider/args/settings.ts";
import { plannedChange } from "../../../provider/operations/planned-change.ts";
import { desiredMemory } from "../../../provider/plan/desired.ts";
import { emptyNodeRefusal } from "../../../provider/plan/numa/cells.ts";
import type { Observed } from "../../../provider/plan/observed.ts";
import { planUpdate, type UpdatePlan } from "../../../provider/plan/plan-update.ts";
import { permittedPlan } from "../../../provider/plan/preview-contract.ts";
import { RunNotes } from "../../../provider/run-notes.ts";
import type { LookupResult, Session } from "../../../provider/session.ts";
import { hidden } from "../../support/arbitrary-inputs.ts";
import { FakeHypervisor } from "../../support/fake-hypervisor.ts";
import { observation, URI } from "../../support/observations.ts";
import { Run } from "../../support/one-resource.ts";
import { type Planned, planned } from "../../support/planned.ts";
import { OUTCOMES } from "./outcomes.ts";
import type { OutcomeRow } from "./row.ts";

const FIRST = { memory: "1003MiB", maxMemory: "8GiB" };

function withoutPlan(outcome: OutcomeRow["outcome"], headline: string): Planned {
  return { outcome, headline, details: [], codes: [] };
}

/** The preview of a new domain on an x86-64 host. */
async function creation(program: Record<string, unknown>): Promise<Planned> {
  const { inputs } =
    (await new Run({ "qemu:///system": new FakeHypervisor() }).provider.check?.({}, program)) ?? {};
  return withoutPlan("create", String(inputs?.memoryPlan));
}

/** The program of a row before and after its change; or why check refuses it. */
function programsOf(row: OutcomeRow): { before: Inputs; news: Inputs; defaults: Defaults } | string {
  const defaults = { ...DEFAULTS, ...row.stack };
  const program = { ...hidden, ...FIRST, ...row.had };
  const before = checkInputs({}, program, defaults);
  // The program was valid before.
  expect(before.failures).toEqual([]);
  const { inputs, failures } = checkInputs(before.inputs, { ...program, ...row.change }, defaults);
  const [failure] = failures;
  if (failure) return `${failure.property} ${failure.reason}`;
  // With no failure, all that Inputs has is there.
  const news = inputs as Inputs;
  const desired = desiredMemory(news, defaults);
  const refusal = desired && emptyNodeRefusal(desired, news.machine);
  return refusal === undefined ? { before: before.inputs as Inputs, news, defaults } : `numa ${refusal}`;
}

/** The plan that the preview shows for a domain like this. */
function planOf(row: OutcomeRow, observed: Observed): UpdatePlan | string {
  const programs = programsOf(row);
  if (typeof programs === "string") return programs;
  const { before, news: inputs, defaults } = programs;
  const recorded = row.recorded ?? row.before?.nextBoot?.memory;
  const { made = [], adopted = false } = row;
  return planUpdate({ inputs, before, observed, recorded, made, defaults, adopted });
}

/** The preview of a change, by the provider's own check and planner. */
async function preview(row: OutcomeRow): Promise<Planned> {
  if (row.before === undefined) return creation({ ...hidden, ...FIRST, ...row.had, ...row.change });
  const announced = planOf(row, row.before);
  if (typeof announced === "string") return withoutPlan("check error", announced);
  const now = row.found && planOf(row, row.found);
  return planned(typeof now === "object" ? permittedPlan(announced, now) : announced);
}

describe.each(Object.entries(OUTCOMES))("%s", (_, rows) => {
  test.each(rows.map((row) => [row.name, row] as const))("%s", async (_name, row) => {
    const { outcome, headline, details = [], codes = [] } = row;
    expect(await preview(row)).toEqual({ outcome, headline, details, codes });
  });
});

/** check knows the domain, but not the state: neither what the state recorded nor that only the domain differs. */
const CHANGES = Object.values(OUTCOMES)
  .flat()
  .flatMap((row) => (row.before === undefined ? [] : [{ ...row, before: row.before }]))
  .filter(({ outcome, recorded }) => outcome !== "check error" && recorded === undefined)
  .filter(({ change }) => Object.keys(change).length > 0);

test.each(CHANGES)("memoryPlan, as check returns it, is the memory's headline: $name", async (row) => {
  const [programs, plan] = [programsOf(row), planOf(row, row.before)];
  if (typeof programs === "string" || typeof plan === "string") throw new Error("the arguments are valid");
  const look: LookupResult = { kind: "found", observation: observation(row.before) };
  const session = {
    ...{ defaults: programs.defaults, run: new RunNotes(), uriFor: () => URI },
    ...{ look: async () => look, ask: async () => undefined },
  };
  const news = { ...programs.news, ...(row.adopted && { __adopted: true }) };
  const { memoryPlan } = await plannedChange(session as unknown as Session, programs.before, news);
  const { headline } = plan.memory ?? plan;
  if (headline !== "") expect(memoryPlan).toBe(headline);
  else expect(memoryPlan).toMatch(/^\d+ (MiB|GiB): nothing to do$/);
});
