import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { isOurs } from "../../provider/plan/layout.ts";
import { planMemory } from "../../provider/plan/memory.ts";
import { anyCase, anyObserved } from "./arbitrary-domain.ts";
import { ask, MIB } from "./scene.ts";
import { afterStep } from "./simulate.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);

/** More than fast-check's 100: a third of the cases come to a plan that plugs something. */
const RUNS = { numRuns: 300 };

describe("of whatever a domain is like, and whatever is asked", () => {
  property.prop([anyCase], RUNS)("DIMMs come to the increase exactly, whole blocks in free slots", (one) => {
    const { observed, asked } = one;
    const { live } = observed;
    const plan = planMemory(asked, observed);
    const dimms = plan.steps.flatMap((step) => (step.kind === "attach" ? step.dimm : []));
    expect(plan.layout?.dimms ?? []).toEqual(dimms);
    if (plan.layout === undefined || live?.maxMemory === undefined) {
      expect(dimms).toEqual([]);
      return;
    }
    expect(sum(dimms.map(({ size }) => size))).toBe(asked.memory - live.memory);
    for (const { size } of dimms) expect([size % asked.alignment, size > 0]).toEqual([0, true]);
    expect(asked.memory).toBeLessThanOrEqual(live.maxMemory.size);
    const slots = [...live.devices, ...dimms].map(({ slot }) => slot);
    expect(new Set(slots).size).toBe(slots.length);
    for (const slot of slots) expect(slot).toBeLessThan(live.maxMemory.slots ?? 0);
    expect(plan.layout.freeSlots).toBe((live.maxMemory.slots ?? 0) - slots.length);
  });

  property.prop([anyCase], RUNS)("a plan carried out leaves nothing to do, killed anywhere or not", (one) => {
    const { observed, asked } = one;
    const { steps, outcome } = planMemory(asked, observed);
    if (outcome === "replace") return;
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    for (const killedAt of states) {
      const rest = planMemory(asked, killedAt);
      if (outcome !== "refuse") expect(["live", "nextBoot", "none"]).toContain(rest.outcome);
      const end = rest.steps.reduce(afterStep, killedAt);
      expect(end).toEqual(states.at(-1));
    }
    const last = states.at(-1) ?? observed;
    if (outcome === "refuse") return;
    expect(planMemory(asked, last)).toMatchObject({ outcome: "none", summary: "", steps: [] });
    for (const definition of [last.live, last.nextBoot])
      if (definition !== undefined) expect(definition.memory).toBe(asked.memory);
  });

  property.prop([anyCase], RUNS)("its outcome says what its steps are", ({ observed, asked }) => {
    const { outcome, steps, reasons, summary } = planMemory(asked, observed);
    const kinds = new Set(steps.map(({ kind }) => kind));
    expect(steps.length === 0).toBe(outcome === "none" || outcome === "refuse");
    expect(summary === "").toBe(outcome === "none");
    expect(reasons.length > 0).toBe(outcome === "replace" || outcome === "refuse");
    expect(kinds.has("replace")).toBe(outcome === "replace");
    if (outcome === "live" || outcome === "nextBoot")
      expect([...kinds].filter((kind) => kind !== "attach" && kind !== "define")).toEqual([]);
    if (outcome === "nextBoot") expect(kinds.has("attach")).toBe(false);
    if (asked.whenNotPossible === "error") expect(outcome).not.toBe("replace");
    if (observed.live === undefined) expect(["none", "live", "refuse"]).toContain(outcome);
  });

  property.prop([anyCase], RUNS)("every reachable size is live, and no size between two of them", (one) => {
    const { observed, asked } = one;
    const { reachable } = planMemory(asked, observed);
    const plugs = (memory: number) => {
      const ceiling = Math.max(memory, asked.maxMemory);
      const plan = planMemory({ ...asked, memory, maxMemory: ceiling }, observed);
      return plan.outcome === "live" && plan.layout !== undefined;
    };
    const present = observed.live?.memory ?? 0;
    const { from, to, step } = reachable ?? { from: present + asked.alignment, to: 0, step: asked.alignment };
    expect([step, (from - present) % step, from <= to || reachable === undefined]).toEqual([
      asked.alignment,
      0,
      true,
    ]);
    // The first ones and the last.
    const sizes = [from, from + step, to].filter((size) => size >= from && size <= to);
    for (const size of sizes) {
      expect(plugs(size)).toBe(true);
      expect(plugs(size + 1 * MIB)).toBe(false);
      expect(plugs(size - 1 * MIB)).toBe(false);
      expect(plugs(size + step / 2)).toBe(false);
    }
    expect(plugs(Math.max(to, present) + step)).toBe(false);
    expect(plugs(from - step)).toBe(false);
  });

  property.prop([anyCase], RUNS)("the fold sets cells, and what others plugged stays and counts", (one) => {
    const { observed, asked } = one;
    const define = planMemory(asked, observed).steps.find((step) => step.kind === "define");
    const { nextBoot } = observed;
    if (define?.kind !== "define" || nextBoot === undefined) return;
    const { cells, removeAliases, maxMemory, memory } = define.definition;
    const foreign = nextBoot.devices.filter((device) => !isOurs(device));
    expect(foreign.filter(({ alias }) => removeAliases.includes(alias ?? ""))).toEqual([]);
    expect(cells.map(({ id }) => id)).toEqual(nextBoot.cells.map(({ id }) => id));
    expect(sum([...cells.map((cell) => cell.memory), ...foreign.map(({ size }) => size)])).toBe(memory);
    expect(memory).toBe(asked.memory);
    for (const cell of cells) expect(cell.memory).toBeGreaterThan(0);
    expect(maxMemory).toEqual(
      asked.maxMemory > asked.memory ? { size: asked.maxMemory, slots: asked.slots } : undefined,
    );
    const again = planMemory(asked, afterStep(observed, define)).steps;
    expect(again.filter(({ kind }) => kind === "define")).toEqual([]);
  });

  property.prop([anyCase], RUNS)("no input is changed", ({ observed, asked }) => {
    const before = structuredClone({ observed, asked });
    planMemory(asked, observed);
    planMemory(asked, observed, true);
    expect({ observed, asked }).toEqual(before);
  });

  property.prop([
    anyObserved.filter(({ live }) => live?.maxMemory !== undefined),
    fc.integer({ min: 1, max: 40 }),
  ])(
    "a domain grows by one block at a time until its slots or its ceiling are used up, and no further",
    (observed, blocks) => {
      const { live } = observed;
      if (!live?.acpi || observed.nextBoot?.memory !== live.memory) return;
      const ceiling = (live.maxMemory?.size ?? 0) / MIB;
      let domain = observed;
      for (let block = 1; block <= blocks; block++) {
        const size = live.memory / MIB + block * 128;
        const asked = ask(size, {
          alignment: 128,
          max: Math.max(size, ceiling),
          slots: live.maxMemory?.slots ?? 1,
        });
        const plan = planMemory(asked, domain);
        const used = domain.live?.devices.length ?? 0;
        const fits = size <= ceiling && used < (live.maxMemory?.slots ?? 0);
        expect(plan.outcome).toBe(fits ? "live" : "replace");
        if (!fits) return;
        domain = plan.steps.reduce(afterStep, domain);
      }
    },
  );
});
