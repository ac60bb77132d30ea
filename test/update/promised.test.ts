import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Observation } from "../../provider/observe/observe.ts";
import { afterStep } from "../../provider/plan/after-step.ts";
import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { asFound, type PromisedMemory, promisedAfter } from "../../provider/update/promised.ts";
import { anyCase } from "../support/arbitrary-domain.ts";
import { cases } from "../support/properties.ts";

const found = (observed: Observed) => asFound({ observed } as Observation);
const ofView = (view: MemoryView | undefined) => view && [view.memory, view.devices.length];
const ofPromise = (memory: PromisedMemory | undefined) => memory && [memory.total, memory.devices?.length];

describe("what an update promises of a domain", () => {
  test.prop([anyCase, fc.nat()], cases(300))(
    "is what its preview foresees, after each step and if a step is repeated",
    ({ observed, desired }, repeated) => {
      const { steps, outcome } = planMemory(desired, observed);
      if (outcome === "replace") return;
      let foreseen = observed;
      let promised = found(observed);
      for (const [index, step] of steps.entries()) {
        foreseen = afterStep(foreseen, step);
        promised = promisedAfter(promised, step);
        if (index === repeated % steps.length) promised = promisedAfter(promised, step);
        expect([promised.isOff, ofPromise(promised.live), ofPromise(promised.nextBoot)]).toEqual([
          foreseen.power === "off",
          ofView(foreseen.live),
          ofView(foreseen.nextBoot),
        ]);
      }
    },
  );
});
