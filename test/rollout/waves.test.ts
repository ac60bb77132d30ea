import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { inOrder, type Vm, wavesOf } from "../../examples/rollout/waves.mts";

const vm = (urn: string): Vm => ({ urn, name: urn, headline: "" });

/** Stacks by name: how many of their VMs have their size, and how many don't. */
const fleets = fc
  .array(fc.record({ unchanged: fc.nat(12), changed: fc.nat(12) }), { maxLength: 6 })
  .map((stacks) =>
    stacks.map(({ unchanged, changed }, index) => ({
      stack: `s${index}`,
      unchanged,
      vms: Array.from({ length: changed }, (_, one) => vm(`s${index}/${one}`)),
    })),
  );
const shares = fc.integer({ min: 1, max: 100 });
const manyAtOnce = fc.integer({ min: 1, max: 20 });
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** Of each wave, its VMs. */
function waveLists(fleet: Parameters<typeof wavesOf<string>>[0], share: number, atOnce: number): Vm[][] {
  return wavesOf(fleet, share, atOnce).waves.map((wave) => wave.flatMap(({ vms }) => vms));
}

describe("waves", () => {
  property.prop([fleets, shares, manyAtOnce])(
    "have each VM once, and are full but the last",
    (fleet, share, atOnce) => {
      const { changed, now, waves } = wavesOf(fleet, share, atOnce);
      const lists = waveLists(fleet, share, atOnce);
      const all = lists.flat();
      expect(changed).toBe(sum(fleet.map(({ vms }) => vms.length)));
      expect(all).toHaveLength(now);
      expect(new Set(all).size).toBe(now);
      expect(lists.slice(0, -1).every(({ length }) => length === atOnce)).toBe(true);
      expect(lists.every(({ length }) => length > 0 && length <= atOnce)).toBe(true);
      for (const { stack, vms } of waves.flat())
        expect(vms.every(({ urn }) => urn.startsWith(`${stack}/`))).toBe(true);
    },
  );

  property.prop([fleets, shares, manyAtOnce])(
    "reach the share of the fleet, rounded up, and no VM more",
    (fleet, share, atOnce) => {
      const { now, ...sizes } = wavesOf(fleet, share, atOnce);
      const unchanged = sum(fleet.map((stack) => stack.unchanged));
      expect(sizes.fleet).toBe(unchanged + sizes.changed);
      const after = unchanged + now;
      if (now > 0) expect((after - 1) * 100).toBeLessThan(sizes.fleet * share);
      expect(after * 100).toBeGreaterThanOrEqual(sizes.fleet * share);
    },
  );

  property.prop([fleets, shares, manyAtOnce, fc.infiniteStream(fc.nat(20))])(
    "of the same command after any stop end where one run ends",
    (fleet, share, atOnce, stops) => {
      const total = sum(fleet.map(({ unchanged }) => unchanged)) + wavesOf(fleet, share, atOnce).now;
      let present = fleet;
      for (let run = 0; run < 100 && wavesOf(present, share, atOnce).now > 0; run++) {
        // Each run changes at least one VM, and is then stopped somewhere.
        const done = new Set(
          waveLists(present, share, atOnce)
            .flat()
            .slice(0, 1 + (stops.next().value ?? 0)),
        );
        present = present.map(({ stack, unchanged, vms }) => {
          const left = vms.filter((one) => !done.has(one));
          return { stack, unchanged: unchanged + vms.length - left.length, vms: left };
        });
        expect(sum(present.map(({ unchanged }) => unchanged))).toBeLessThanOrEqual(total);
      }
      expect(sum(present.map(({ unchanged }) => unchanged))).toBe(total);
    },
  );

  property.prop([fleets, manyAtOnce])(
    "take the VMs of all stacks in turn, each stack's in its order",
    (fleet, atOnce) => {
      const all = waveLists(fleet, 100, atOnce).flat();
      const placeOf = (one: Vm) => Number(one.urn.split("/")[1]);
      const inTurn = wavesOf(fleet, 100, 1).waves.flatMap((wave) => wave.flatMap(({ vms }) => vms));
      expect(inTurn.map(placeOf)).toEqual(inTurn.map(placeOf).toSorted((a, b) => a - b));
      expect(new Set(all)).toEqual(new Set(inTurn));
    },
  );

  test("the share is of the fleet, not of what is left", () => {
    const vms = ["a", "b", "c"].map(vm);
    expect(wavesOf([{ stack: "s", unchanged: 2, vms }], 50, 2)).toEqual({
      fleet: 5,
      changed: 3,
      now: 1,
      waves: [[{ stack: "s", vms: [vm("a")] }]],
    });
  });
});

/** VMs that each depend on some of those before; some of them are new. */
const programs = fc
  .array(fc.record({ isNew: fc.boolean(), needs: fc.array(fc.nat(15), { maxLength: 3 }) }), { maxLength: 15 })
  .map((vms) =>
    vms.map(({ isNew, needs }, index) => ({
      urn: `vm-${index}`,
      isNew,
      needs: needs.filter((one) => one < index).map((one) => `vm-${one}`),
    })),
  );

describe("the order of a stack's VMs", () => {
  property.prop([programs.chain((program) => fc.tuple(fc.constant(program), fc.shuffledSubarray(program)))])(
    "has new VMs first, and each VM after those that it depends on",
    ([program, changed]) => {
      // What exists depends on what exists.
      const isNew = new Set(program.filter((one) => one.isNew).map(({ urn }) => urn));
      const dependencies = new Map(
        program
          .filter((one) => !one.isNew)
          .map(({ urn, needs }) => [urn, needs.filter((one) => !isNew.has(one))] as const),
      );
      const order = inOrder(
        changed.map(({ urn }) => vm(urn)),
        program.map(({ urn }) => urn),
        dependencies,
      ).map(({ urn }) => urn);
      expect(new Set(order)).toEqual(new Set(changed.map(({ urn }) => urn)));
      expect(
        order.slice(0, order.findLastIndex((urn) => isNew.has(urn)) + 1).every((urn) => isNew.has(urn)),
      ).toBe(true);
      for (const { urn, needs } of changed)
        for (const need of needs)
          if (order.includes(need) && !(isNew.has(urn) && !isNew.has(need)))
            expect(order.indexOf(need)).toBeLessThan(order.indexOf(urn));
    },
  );

  // The review lists the worst change first.
  property.prop([fc.shuffledSubarray(["db-1", "web-1", "web-2", "web-3"])])(
    "is that of the names where nothing depends on anything",
    (names) => {
      const state = new Map(names.map((urn) => [urn, []]));
      expect(inOrder(names.map(vm), ["web-3", "web-1"], state)).toEqual(names.toSorted().map(vm));
    },
  );
});
