import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import { downwardSizes } from "../../../provider/plan/live-sizes/down.ts";
import { upwardSizes } from "../../../provider/plan/live-sizes/up.ts";
import type { Step } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { anyWholeCase } from "../../support/arbitrary-whole.ts";
import { cases } from "../../support/properties.ts";
import { MIB } from "../../support/scene.ts";

/** The steps that change the memory of the running domain. */
const LIVE: ReadonlySet<Step["kind"]> = new Set(["attach", "detach", "resize"]);

const anyContext = anyWholeCase.chain(({ observed, desired }) =>
  fc.record({
    observed: fc.constant(observed),
    desired: fc.constant({ ...desired, heal: false }),
    numaChanged: fc.constantFrom(false, false, true).map((isIt) => isIt && desired.shares !== undefined),
    recorded: fc.constantFrom(undefined, observed.nextBoot?.memory, observed.live?.memory),
  }),
);

property.prop([anyContext], cases(200))(
  "every reachable size is planned as live, and no size between two of them, whatever waits",
  ({ observed, desired, numaChanged, recorded }) => {
    const context = { numaChanged, ...(recorded !== undefined && { recorded }) };
    const isLive = (memory: number) => {
      // check refuses less than the nodes' own shares, and what can't be spread in whole MiB.
      const { shares = [], target } = desired;
      const rest = memory - shares.reduce((sum, share) => sum + share.memory, 0);
      if (shares.length > 0 && (rest < 0 || (target === "spread" && rest % (shares.length * MIB) !== 0)))
        return false;
      const maxMemory = Math.max(memory, desired.maxMemory);
      const { outcome, steps } = planMemory({ ...desired, memory, maxMemory }, observed, context);
      return (outcome === "live" || outcome === "nextBoot") && steps.some(({ kind }) => LIVE.has(kind));
    };
    const up = upwardSizes(desired, observed, context);
    const ranges = [...downwardSizes(desired, observed, context), ...(up ? [up] : [])];
    for (const { from, to, step } of ranges) {
      expect(step).toBeGreaterThan(0);
      expect((to - from) % step).toBe(0);
      const middle = from + Math.floor((to - from) / 2 / step) * step;
      for (const size of [from, middle, to]) {
        expect([size, isLive(size)]).toEqual([size, true]);
        for (const near of [size - MIB, size + MIB, size + step / 2]) {
          if (near > desired.maxMemory) continue;
          const isListed = ranges.some(
            (one) => near >= one.from && near <= one.to && (near - one.from) % one.step === 0,
          );
          expect([near, isLive(near)]).toEqual([near, isListed]);
        }
      }
    }
    const least = Math.min(...ranges.map((range) => range.from), observed.live?.memory ?? 0);
    const most = Math.max(...ranges.map((range) => range.to), observed.live?.memory ?? 0);
    for (const step of [
      2 * MIB,
      128 * MIB,
      256 * MIB,
      1024 * MIB,
      2048 * MIB,
      ...ranges.map((one) => one.step),
    ]) {
      // A larger maxMemory is another change of the program.
      if (most + step <= desired.maxMemory)
        expect([most + step, isLive(most + step)]).toEqual([most + step, false]);
      if (least > step && least - step <= desired.maxMemory)
        expect([least - step, isLive(least - step)]).toEqual([least - step, false]);
    }
  },
);
