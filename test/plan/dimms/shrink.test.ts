import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { afterStep } from "../../../provider/plan/after-step.ts";
import { definitionOfPresent } from "../../../provider/plan/definition/steps.ts";
import { isManaged } from "../../../provider/plan/devices.ts";
import { downwardSizes } from "../../../provider/plan/live-sizes/down.ts";
import type { Observed } from "../../../provider/plan/observed.ts";
import type { Plan } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import type { Kib } from "../../../provider/units/kib.ts";
import { anyAsked, anyObserved } from "../../support/arbitrary-domain.ts";
import { cases } from "../../support/properties.ts";
import { ask, MIB, off, ours, paused, running, theirs, transient } from "../../support/scene.ts";

const RUNS = cases(300);
const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
const allowUnplug = { allowUnplug: true };

function detached({ steps }: Plan): string[] {
  return steps.flatMap((step) => (step.kind === "detach" ? step.dimm.alias : []));
}

const alias = (slot: number) => `ua-pulumi-dimm${slot}`;

describe("the DIMMs that are removed", () => {
  test.each<[name: string, Observed, desired: ReturnType<typeof ask>, slots: number[]]>([
    [
      "the newest is the one that was plugged last, whatever its slot",
      running({ devices: [ours(3, 256), ours(0, 256)] }),
      ask(1259, allowUnplug),
      [0],
    ],
    [
      "the fewest before the newest",
      running({ devices: [ours(0, 512), ours(1, 256), ours(2, 256)] }),
      ask(1515, allowUnplug),
      [0],
    ],
    [
      "only those of the target node",
      running({ cells: [512, 512], devices: [ours(0, 256, 1), ours(1, 256, 0)] }),
      ask(1280, { ...allowUnplug, target: 1 }),
      [0],
    ],
    [
      "spread: as much of every node",
      running({
        cells: [512, 512],
        devices: [ours(0, 256, 0), ours(1, 256, 1), ours(2, 512, 0), ours(3, 512, 1)],
      }),
      ask(1536, { ...allowUnplug, target: "spread" }),
      [3, 2],
    ],
    [
      "spread: what one node has more",
      running({ cells: [512, 512], devices: [ours(0, 256, 0), ours(1, 256, 1), ours(2, 512, 0)] }),
      ask(1536, { ...allowUnplug, target: "spread" }),
      [2],
    ],
  ])("%s", (_, observed, desired, slots) => {
    const plan = planMemory(desired, observed);
    expect([plan.outcome, detached(plan)]).toEqual(["live", slots.map(alias)]);
  });

  test("never without allowUnplug, not managed here, of a paused guest, for the next boot, or of another size", () => {
    const dimms = { devices: [ours(0, 256), theirs(1, 256, "ua-theirs")] };
    const desired = ask(1259, allowUnplug);
    for (const [observed, wanted] of [
      [running(dimms), { ...desired, allowUnplug: false }],
      [running(dimms), { ...desired, memory: 1003 * MIB }],
      [running(dimms), { ...desired, memory: 1260 * MIB }],
      [running(dimms), { ...desired, enabled: false }],
      [running(dimms), { ...desired, applyOn: "nextBoot" as const }],
      [paused(running(dimms)), desired],
      [off(dimms), desired],
    ] as const)
      expect(detached(planMemory(wanted, observed))).toEqual([]);
    expect(detached(planMemory(desired, running(dimms)))).toEqual([alias(0)]);
    expect(detached(planMemory(desired, transient(dimms)))).toEqual([alias(0)]);
  });

  test("the definition is that of what is left, in each node", () => {
    const observed = running(
      { cells: [512, 512], devices: [ours(0, 512, 0), ours(1, 512, 1)] },
      { cells: [1024, 1024] },
    );
    const { steps } = planMemory(ask(1536, { ...allowUnplug, target: 1 }), observed);
    expect(steps.map(({ kind }) => kind)).toEqual(["detach", "define"]);
    expect(steps.at(-1)).toMatchObject({
      definition: { memory: 1536 * MIB, cells: [{ memory: 1024 * MIB }, { memory: 512 * MIB }] },
    });
  });
});

/** Domains with DIMMs, and smaller sizes: often what some of our DIMMs add up to. */
const aDecrease = anyObserved
  .filter(({ live }) => live?.devices.some(isManaged) === true)
  .chain((observed) =>
    fc.tuple(
      fc.constant(observed),
      anyAsked(observed),
      fc.subarray(observed.live?.devices.filter(isManaged) ?? []),
    ),
  )
  .map(([observed, desired, some]) => {
    const present: Kib = observed.live?.memory ?? 0;
    const memory = present - sum(some.map(({ size }) => size));
    const { shares: _, ...rest } = desired;
    return {
      observed,
      desired: { ...rest, ...allowUnplug, memory, maxMemory: Math.max(memory, desired.maxMemory) },
    };
  });

describe("of whatever DIMMs a domain has", () => {
  property.prop([aDecrease], RUNS)("what is removed is exactly the decrease, and ours", (one) => {
    const { observed, desired } = one;
    const plan = planMemory(desired, observed);
    const taken = detached(plan);
    if (taken.length === 0) return;
    const { live } = observed;
    const devices = live?.devices.filter((device) => taken.includes(device.alias ?? "")) ?? [];
    expect(devices.every(isManaged)).toBe(true);
    expect(sum(devices.map(({ size }) => size))).toBe((live?.memory ?? 0) - desired.memory);
    expect(plan.outcome).toBe("live");
    if (desired.target !== "spread") expect(devices.every(({ node }) => node === desired.target)).toBe(true);
  });

  property.prop([aDecrease], RUNS)("killed after any step, the same follows, and then nothing", (one) => {
    const { observed, desired } = one;
    const { steps, outcome } = planMemory(desired, observed);
    if (outcome !== "live") return;
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    const last = states.at(-1) ?? observed;
    for (const killedAt of states)
      expect(planMemory(desired, killedAt).steps.reduce(afterStep, killedAt)).toEqual(last);
    expect(planMemory(desired, last)).toMatchObject({ outcome: "none", steps: [] });
    expect(last.live?.memory).toBe(desired.memory);
  });

  property.prop([aDecrease], RUNS)("a definition of what is left is settled for that size", (one) => {
    const { observed, desired } = one;
    const [first] = planMemory(desired, observed).steps;
    if (first?.kind !== "detach") return;
    const left = afterStep(observed, first);
    const settled = definitionOfPresent(desired, left).reduce(afterStep, left);
    expect(settled.nextBoot?.memory).toBe(left.nextBoot && left.live?.memory);
    const memory = left.live?.memory ?? 0;
    const again = planMemory({ ...desired, memory, maxMemory: Math.max(memory, desired.maxMemory) }, settled);
    expect(again.steps).toEqual([]);
  });

  property.prop([aDecrease], RUNS)("every smaller reachable size is live, and no other one", (one) => {
    const { observed, desired } = one;
    const reachableDown = downwardSizes(desired, observed);
    const isLive = (memory: Kib) =>
      detached(planMemory({ ...desired, memory, maxMemory: Math.max(memory, desired.maxMemory) }, observed))
        .length > 0;
    const sizes = reachableDown.flatMap(({ from, to, step }) =>
      Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step),
    );
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
    for (const size of sizes) {
      expect(isLive(size)).toBe(true);
      for (const near of [size - MIB, size + MIB, size + 128 * MIB])
        expect(isLive(near)).toBe(sizes.includes(near));
    }
    if (observed.live !== undefined && detached(planMemory(desired, observed)).length > 0)
      expect(sizes).toContain(desired.memory);
  });
});

test("smaller sizes are said in as few ranges as there are steps between them", () => {
  const down = (...devices: ReturnType<typeof ours>[]) =>
    downwardSizes(
      ask(1003 + sum(devices.map(({ size }) => size / MIB)), allowUnplug),
      running({ devices }),
    ).map(({ from, to, step }) => [from / MIB, to / MIB, step / MIB]);
  expect(down(ours(0, 256))).toEqual([[1003, 1003, 256]]);
  expect(down(ours(0, 256), ours(1, 512))).toEqual([[1003, 1515, 256]]);
  expect(down(ours(0, 256), ours(1, 1024))).toEqual([
    [1003, 1259, 256],
    [2027, 2027, 256],
  ]);
});
