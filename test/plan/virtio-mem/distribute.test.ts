import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { distribute } from "../../../provider/plan/virtio-mem/distribute.ts";
import { cases } from "../../support/properties.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
const device = (requested: number, size = 100, block = 1) => ({ requested, size, block });

describe("the size of each device", () => {
  test.each([
    { requested: [0, 0], total: 10, goal: [5, 5] },
    { requested: [0, 0], total: 3, goal: [2, 1] },
    { requested: [8, 2], total: 12, goal: [8, 4] },
    { requested: [8, 2], total: 24, goal: [12, 12] },
    { requested: [8, 2], total: 6, goal: [4, 2] },
    { requested: [8, 2], total: 3, goal: [2, 1] },
    { requested: [8, 2], total: 10, goal: [8, 2] },
    { requested: [5, 5], total: 0, goal: [0, 0] },
    { requested: [50, 0], total: 200, goal: [100, 100] },
  ])("$requested, to $total in all: $goal", ({ requested, total, goal }) => {
    expect(
      distribute(
        requested.map((one) => device(one)),
        total,
      ),
    ).toEqual(goal);
  });

  test("no more than one of them holds", () => {
    expect(distribute([device(0, 4), device(0, 100)], 20)).toEqual([4, 16]);
    expect(distribute([device(0, 4), device(0, 4)], 9)).toBeUndefined();
  });

  test("in steps of the largest block", () => {
    expect(distribute([device(0, 64, 2), device(0, 64, 8)], 24)).toEqual([16, 8]);
    expect(distribute([device(0, 64, 2), device(0, 64, 8)], 20)).toBeUndefined();
  });

  test("a device that is requested to hold more than its size, or not a whole step", () => {
    expect(distribute([device(2304, 1024), device(1776, 2944)], 3456)).toEqual([1024, 2432]);
    expect(distribute([device(128, 512, 128), device(254, 512), device(254, 512)], 512)).toEqual([
      256, 128, 128,
    ]);
  });

  test("of no device nothing", () => {
    expect(distribute([], 0)).toEqual([]);
    expect(distribute([], 2)).toBeUndefined();
  });

  const devices = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }), fc.constantFrom(1, 2))
      .map(([a, b, block]) => device(Math.min(a, b) * 2, Math.max(a, b) * 2, block)),
    { minLength: 1, maxLength: 4 },
  );

  property.prop([devices, fc.integer({ min: -2, max: 340 })], cases(1000))(
    "adds up to the total, in whole blocks, within each size, and none changes in the other direction",
    (holders, total) => {
      const requested = distribute(holders, total);
      const most = sum(holders.map(({ size }) => size));
      const step = Math.max(...holders.map(({ block }) => block));
      expect(requested !== undefined).toBe(total >= 0 && total <= most && total % step === 0);
      if (requested === undefined) return;
      expect(sum(requested)).toBe(total);
      const grows = total >= sum(holders.map((one) => one.requested));
      for (const [index, holder] of holders.entries()) {
        const size = requested[index] ?? Number.NaN;
        expect([size >= 0, size <= holder.size, size % step]).toEqual([true, true, 0]);
        expect(grows ? size >= holder.requested : size <= holder.requested).toBe(true);
      }
    },
  );

  property.prop([devices, fc.integer({ min: 0, max: 160 }), fc.nat(3)], cases(1000))(
    "is the same after a kill at any point",
    (holders, half, killedAfter) => {
      const goal = distribute(holders, half * 2);
      if (goal === undefined) return;
      const between = holders.map((holder, index) => ({
        ...holder,
        requested: index < killedAfter ? (goal[index] ?? 0) : holder.requested,
      }));
      expect(distribute(between, half * 2)).toEqual(goal);
    },
  );
});
