import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { agreed, permitted } from "../../provider/plan/agree.ts";
import type { Change } from "../../provider/plan/change.ts";
import { planMemory } from "../../provider/plan/memory.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { isGraver } from "../../provider/plan/plan.ts";
import { anyAsked, anyObserved } from "./arbitrary-domain.ts";
import { ask, off, ours, running, vmem } from "./scene.ts";

/** The change that this domain needs to have 1259 MiB. */
function change(observed: Observed, asked = ask(1259)): Change {
  return { ...planMemory(asked, observed), settings: [] };
}

const stop: Change = {
  outcome: "restart",
  summary: "shut down",
  steps: [{ kind: "stop", force: false, sentence: "shut down" }],
  reasons: [],
  settings: [],
};

const withRoom = change(running());
const withoutSlots = change(running({ slots: 1, devices: [ours(0, 200)] }));
const grown = change(running({ devices: [ours(0, 256)] }, { cells: [1259] }));
const unknown: Change = { outcome: "unknown", summary: "not known", steps: [], reasons: [], settings: [] };

describe("the plan that a preview shows", () => {
  test("is the state's where nobody could look", () => {
    expect(agreed(withRoom, undefined)).toBe(withRoom);
    expect(agreed(withoutSlots, undefined)).toBe(withoutSlots);
    expect(agreed(unknown, unknown)).toBe(unknown);
  });

  test("is the look's where that is milder: the domain was started anew, or has the size already", () => {
    expect(agreed(withoutSlots, withRoom)).toBe(withRoom);
    expect(agreed(withRoom, grown)).toBe(grown);
    expect(agreed(withoutSlots, change(off()))).toMatchObject({ outcome: "live" });
  });

  test("is the look's where nothing that runs is interrupted", () => {
    expect(agreed(grown, withRoom)).toBe(withRoom);
  });

  test("is an error where the look would interrupt what the state calls live", () => {
    expect(agreed(withRoom, withoutSlots)).toMatchObject({
      outcome: "refuse",
      steps: [],
      summary: `the domain changed: the state promises «${withRoom.summary}», and now it is «${withoutSlots.summary}»; nothing was done: refresh and preview again`,
    });
    expect(agreed(grown, withoutSlots).summary).toContain("the state promises «no change»");
  });

  test("keeps the look's own refusal", () => {
    const error = change(
      running({ slots: 1, devices: [ours(0, 200)] }),
      ask(1259, { whenNotPossible: "error" }),
    );
    expect(agreed(withRoom, error)).toBe(error);
  });
});

describe("the plan that update carries out", () => {
  test("is what it sees, where that is no graver than what was announced", () => {
    expect(permitted(withRoom, withRoom)).toBe(withRoom);
    expect(permitted(withoutSlots, withRoom)).toBe(withRoom);
    expect(permitted(stop, withRoom)).toBe(withRoom);
    expect(permitted(grown, withRoom)).toBe(withRoom);
  });

  test("is refused where the domain changed for the worse", () => {
    expect(permitted(withRoom, withoutSlots)).toMatchObject({
      outcome: "refuse",
      steps: [],
      summary: `the domain changed: the preview said «${withRoom.summary}», and now it is «${withoutSlots.summary}»; nothing was done: refresh and preview again`,
    });
    expect(permitted(withRoom, stop)).toMatchObject({ outcome: "refuse", steps: [] });
  });

  test("takes no memory from a guest that the preview did not name", () => {
    const shrink = change(
      running({ devices: [ours(0, 256), ours(1, 256)] }, {}),
      ask(1259, { allowUnplug: true }),
    );
    expect(permitted(shrink, shrink)).toBe(shrink);
    expect(permitted(withoutSlots, shrink)).toBe(shrink);
    expect(permitted(unknown, shrink)).toBe(shrink);
    for (const announced of [withRoom, grown])
      expect(permitted(announced, shrink)).toMatchObject({ outcome: "refuse", steps: [] });
  });

  test("takes no virtio-mem from a guest that the preview did not name", () => {
    const asked = ask(1259, { device: "virtio-mem" });
    const shrink = change(running({ devices: [vmem(0, 4096, 512)] }), asked);
    const growth = change(running({ devices: [vmem(0, 4096)] }), asked);
    expect(permitted(shrink, shrink)).toBe(shrink);
    expect(permitted(shrink, growth)).toBe(growth);
    expect(permitted(growth, growth)).toBe(growth);
    expect(permitted(growth, shrink)).toMatchObject({ outcome: "refuse", steps: [] });
  });

  test("without a preview in this process interrupts nothing but by the program's own running: false", () => {
    expect(permitted(undefined, withRoom)).toBe(withRoom);
    expect(permitted(undefined, stop)).toBe(stop);
    expect(permitted(undefined, withoutSlots)).toMatchObject({ outcome: "refuse", steps: [] });
  });
});

const harmless = ["none", "live", "nextBoot"];

/** Two sights of what may be two different domains, and one wish. */
const twoSights = fc.tuple(anyObserved, anyObserved, fc.boolean()).chain(([first, second, stops]) =>
  anyAsked(first).map((asked) => {
    const planned = (observed: Observed) =>
      stops && observed.power !== "off" ? stop : change(observed, asked);
    return { first: planned(first), second: planned(second) };
  }),
);

property.prop([twoSights], { numRuns: 500 })("neither escalates", ({ first, second }) => {
  for (const result of [agreed(first, second), permitted(first, second), permitted(undefined, second)]) {
    const isHarmless = harmless.includes(result.outcome) || result.outcome === "refuse";
    expect(isHarmless || !isGraver(result.outcome, first.outcome) || result === stop).toBe(true);
    if (result.outcome === "refuse") expect(result.steps).toEqual([]);
  }
  for (const result of [agreed(first, second), permitted(first, second)]) {
    for (const kind of ["replace", "stop"])
      if (result.steps.some((step) => step.kind === kind) && first.outcome !== "refuse")
        expect(first.steps.map((step) => step.kind)).toContain(kind);
  }
});
