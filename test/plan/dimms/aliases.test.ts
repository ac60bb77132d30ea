import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { MemoryView, Observed } from "../../../provider/plan/observed.ts";
import { attachedDimms } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { cases } from "../../support/properties.ts";
import { ask, MIB, ours, running, view } from "../../support/scene.ts";

/** A DIMM of ours that hotplug.before put into another slot than its alias names. */
const moved = (alias: number, slot: number, mib = 256) => ({
  ...ours(slot, mib),
  alias: `ua-pulumi-dimm${alias}`,
});

function domain(devices: MemoryView["devices"], slots: number): Observed {
  return running(
    { devices, slots, max: 16_384 },
    { cells: [view({ devices }).memory / MIB], slots, max: 16_384 },
  );
}

describe("an alias is free on the domain, and so is the slot", () => {
  test("after the first DIMM was moved from slot 0 to slot 7", () => {
    const observed = domain([moved(0, 7)], 16);
    const [dimm] = attachedDimms(planMemory(ask(1003 + 512, { max: 16_384 }), observed).steps);
    expect(dimm).toMatchObject({ slot: 0, alias: "ua-pulumi-dimm7" });
  });

  test("in the last free slot, whose alias another slot has", () => {
    const observed = domain([moved(0, 1)], 2);
    const [dimm] = attachedDimms(planMemory(ask(1003 + 512, { max: 16_384, slots: 2 }), observed).steps);
    expect(dimm).toMatchObject({ slot: 0, alias: "ua-pulumi-dimm1" });
  });

  const places = fc.integer({ min: 1, max: 8 }).chain((slots) =>
    fc.tuple(
      fc.constant(slots),
      fc.shuffledSubarray(
        Array.from({ length: slots }, (_, slot) => slot),
        { minLength: slots },
      ),
      fc.shuffledSubarray(
        Array.from({ length: slots + 4 }, (_, alias) => alias),
        { minLength: slots + 4 },
      ),
      fc.integer({ min: 0, max: slots }),
    ),
  );

  property.prop([places, fc.integer({ min: 1, max: 4 })], cases(300))(
    "wherever hooks put our DIMMs, and however many are added",
    ([slots, slotOrder, aliasOrder, used], more) => {
      const devices = Array.from({ length: used }, (_, index) =>
        moved(aliasOrder[index] ?? 0, slotOrder[index] ?? 0),
      );
      const observed = domain(devices, slots);
      const desired = ask(1003 + 256 * (used + more), { max: 16_384, slots, maxDimmSize: 256 });
      const plan = planMemory(desired, observed);
      const dimms = attachedDimms(plan.steps);
      expect(dimms.length).toBe(used + more <= slots ? more : 0);
      const all = [...devices, ...dimms];
      expect(new Set(all.map(({ alias }) => alias)).size).toBe(all.length);
      expect(new Set(all.map(({ slot }) => slot)).size).toBe(all.length);
      // An alias is that of its slot wherever it can be.
      const taken = new Set(devices.map(({ alias }) => alias));
      for (const { alias, slot } of dimms)
        if (!taken.has(`ua-pulumi-dimm${slot}`)) expect(alias).toBe(`ua-pulumi-dimm${slot}`);
    },
  );
});
