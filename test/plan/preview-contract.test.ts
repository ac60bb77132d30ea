import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { isMoreDisruptive, type Step } from "../../provider/plan/plan.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { planUpdate, type UpdatePlan } from "../../provider/plan/plan-update.ts";
import { permittedPlan, previewedPlan } from "../../provider/plan/preview-contract.ts";
import { anyAsked, anyObserved, anyPowered } from "../support/arbitrary-domain.ts";
import { anyProgram } from "../support/arbitrary-program.ts";
import { cases } from "../support/properties.ts";
import { ask, off, ours, running, vmem } from "../support/scene.ts";

/** The change that this domain needs to have 1259 MiB. */
function change(observed: Observed, desired = ask(1259)): UpdatePlan {
  return { ...planMemory(desired, observed), settings: [] };
}

const stop: UpdatePlan = {
  outcome: "restart",
  headline: "shut down",
  details: [],
  steps: [{ kind: "stop", force: false, sentence: "shut down" }],
  reasons: [],
  settings: [],
};

const withRoom = change(running());
const withoutSlots = change(running({ slots: 1, devices: [ours(0, 200)] }));
const grown = change(running({ devices: [ours(0, 256)] }, { cells: [1259] }));
const unknown: UpdatePlan = {
  outcome: "unknown",
  headline: "not known",
  details: [],
  steps: [],
  reasons: [],
  settings: [],
};

describe("the plan that a preview shows", () => {
  test("is the state's where nobody could look", () => {
    expect(previewedPlan(withRoom, undefined)).toBe(withRoom);
    expect(previewedPlan(withoutSlots, undefined)).toBe(withoutSlots);
    expect(previewedPlan(unknown, unknown)).toBe(unknown);
  });

  test("is the look's where that is less disruptive: the domain was restarted, or has the size already", () => {
    expect(previewedPlan(withoutSlots, withRoom)).toBe(withRoom);
    expect(previewedPlan(withRoom, grown)).toBe(grown);
    expect(previewedPlan(withoutSlots, change(off()))).toMatchObject({ outcome: "live" });
  });

  test("is the look's where nothing that runs is interrupted", () => {
    expect(previewedPlan(grown, withRoom)).toBe(withRoom);
  });

  test("is an error where the look would interrupt what the state calls live", () => {
    expect(previewedPlan(withRoom, withoutSlots)).toMatchObject({
      outcome: "refuse",
      steps: [],
      headline:
        "refused: the domain changed since the state was recorded (planned: live, now: replace); refresh and preview again",
      details: [
        `planned: "${withRoom.headline}"`,
        `now: "${withoutSlots.headline}"`,
        ...withoutSlots.reasons.map(({ text }) => text),
        "nothing was done",
      ],
      reasons: [{ code: "domain-changed" }, ...withoutSlots.reasons],
    });
    expect(previewedPlan(grown, withoutSlots).details).toContain('planned: "no change"');
  });

  test("keeps the look's own refusal", () => {
    const error = change(
      running({ slots: 1, devices: [ours(0, 200)] }),
      ask(1259, { whenNotPossible: "error" }),
    );
    expect(previewedPlan(withRoom, error)).toBe(error);
  });
});

describe("the plan that update carries out", () => {
  test("is its own, where that is not more disruptive than the announced one", () => {
    expect(permittedPlan(withRoom, withRoom)).toBe(withRoom);
    expect(permittedPlan(withoutSlots, withRoom)).toBe(withRoom);
    expect(permittedPlan(stop, withRoom)).toBe(withRoom);
  });

  test("does nothing, where nothing was announced", () => {
    for (const announced of [grown, { ...grown, headline: "setting only: shutdownTimeout" }])
      for (const now of [withRoom, withoutSlots, stop])
        expect(permittedPlan(announced, now)).toMatchObject({
          outcome: "none",
          headline: "",
          steps: [],
          reasons: [],
          withheld: expect.stringContaining(now.headline),
        });
    expect(permittedPlan(grown, grown)).toBe(grown);
  });

  test("is refused where the domain changed for the worse", () => {
    expect(permittedPlan(withRoom, withoutSlots)).toMatchObject({
      outcome: "refuse",
      steps: [],
      headline:
        "refused: the domain changed since the preview (planned: live, now: replace); refresh and preview again",
      details: expect.arrayContaining([
        `planned: "${withRoom.headline}"`,
        `now: "${withoutSlots.headline}"`,
        "nothing was done",
      ]),
      reasons: [{ code: "domain-changed" }, ...withoutSlots.reasons],
    });
    expect(permittedPlan(withRoom, stop)).toMatchObject({ outcome: "refuse", steps: [] });
  });

  test("takes no memory from a guest that the preview did not name", () => {
    const shrink = change(
      running({ devices: [ours(0, 256), ours(1, 256)] }, {}),
      ask(1259, { allowUnplug: true }),
    );
    expect(permittedPlan(shrink, shrink)).toBe(shrink);
    expect(permittedPlan(withoutSlots, shrink)).toBe(shrink);
    expect(permittedPlan(unknown, shrink)).toBe(shrink);
    expect(permittedPlan(withRoom, shrink)).toMatchObject({ outcome: "refuse", steps: [] });
    expect(permittedPlan(grown, shrink)).toMatchObject({ outcome: "none", steps: [] });
  });

  test("takes no virtio-mem from a guest that the preview did not name", () => {
    const desired = ask(1259, { device: "virtio-mem" });
    const shrink = change(running({ devices: [vmem(0, 4096, 512)] }), desired);
    const growth = change(running({ devices: [vmem(0, 4096)] }), desired);
    expect(permittedPlan(shrink, shrink)).toBe(shrink);
    expect(permittedPlan(shrink, growth)).toBe(growth);
    expect(permittedPlan(growth, growth)).toBe(growth);
    expect(permittedPlan(growth, shrink)).toMatchObject({ outcome: "refuse", steps: [] });
  });

  test("without a preview in this process interrupts nothing but by the program's own running: false", () => {
    expect(permittedPlan(undefined, withRoom)).toBe(withRoom);
    expect(permittedPlan(undefined, stop)).toBe(stop);
    expect(permittedPlan(undefined, withoutSlots)).toMatchObject({ outcome: "refuse", steps: [] });
  });
});

const harmless = ["none", "live", "nextBoot"];

/** Two sights of what may be two different domains, and one wish. */
const twoSights = fc.tuple(anyObserved, anyObserved, fc.boolean()).chain(([first, second, stops]) =>
  anyAsked(first).map((desired) => {
    const planned = (observed: Observed) =>
      stops && observed.power !== "off" ? stop : change(observed, desired);
    return { first: planned(first), second: planned(second) };
  }),
);

property.prop([twoSights], cases(500))("neither escalates", ({ first, second }) => {
  for (const result of [
    previewedPlan(first, second),
    permittedPlan(first, second),
    permittedPlan(undefined, second),
  ]) {
    const isHarmless = harmless.includes(result.outcome) || result.outcome === "refuse";
    expect(isHarmless || !isMoreDisruptive(result.outcome, first.outcome) || result === stop).toBe(true);
    if (result.outcome === "refuse") expect(result.steps).toEqual([]);
  }
  for (const result of [previewedPlan(first, second), permittedPlan(first, second)]) {
    for (const kind of ["replace", "stop"])
      if (result.steps.some((step) => step.kind === kind) && first.outcome !== "refuse")
        expect(first.steps.map((step) => step.kind)).toContain(kind);
  }
});

/** Steps that replace each other, depending on how the domain is found; the others are announced by their kind. */
const OF_MEMORY: readonly Step["kind"][] = ["attach", "detach", "resize", "balloon"];

function kindOf(step: Step): string[] {
  if (OF_MEMORY.includes(step.kind)) return ["memory"];
  if (step.kind !== "define") return [step.kind];
  return [...(step.definition ? ["memory"] : []), ...step.fields];
}

const kindsOf = ({ steps }: { steps: Step[] }) => new Set(steps.flatMap(kindOf));

/** One program, and the domain as the preview and as the update find it: two domains that may have nothing in common. */
const previewThenUp = fc.tuple(anyPowered, anyPowered, fc.boolean()).chain(([first, second, isUnknown]) =>
  anyProgram(first).map(({ inputs, before }) => {
    const plan = (observed: Observed, memory = inputs.memory) =>
      planUpdate({
        inputs: { ...inputs, memory },
        ...{ before, observed, recorded: undefined, defaults: DEFAULTS, adopted: false },
      });
    return { announced: plan(first, isUnknown ? UNKNOWN : undefined), now: plan(second) };
  }),
);

property.prop([previewThenUp], cases(2000))("what is done was announced in kind", ({ announced, now }) => {
  const { steps, outcome, withheld, memory } = permittedPlan(announced, now);
  const [done, known] = [kindsOf({ steps }), announced.known ?? announced];
  const said = kindsOf(known);
  // A memory that isn't known yet is announced as such, and a restart brings it.
  if (announced.outcome === "unknown" || announced.outcome === "restart") said.add("memory");
  if (announced.outcome !== "replace") expect([...done].filter((kind) => !said.has(kind))).toEqual([]);
  expect(steps.every((step) => now.steps.includes(step))).toBe(true);
  // Whatever isn't done is named.
  const isLess = steps.length < now.steps.length;
  if (isLess) expect(withheld !== undefined || outcome === "refuse").toBe(true);
  if (withheld !== undefined) expect(isLess || now.outcome === "refuse").toBe(true);
  // Nothing is attached to a domain that isn't on by then.
  if (steps.some(({ kind }) => kind === "attach") && now.steps[0]?.kind === "restore")
    expect(steps[0]?.kind).toBe("restore");
  if (announced.outcome === "none") expect([steps, memory]).toEqual([[], now.memory]);
});
