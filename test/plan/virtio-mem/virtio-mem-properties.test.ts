import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { afterStep } from "../../../provider/plan/after-step.ts";
import { downwardSizes } from "../../../provider/plan/live-sizes/down.ts";
import { upwardSizes } from "../../../provider/plan/live-sizes/up.ts";
import type { Observed } from "../../../provider/plan/observed.ts";
import type { Plan } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { cases } from "../../support/properties.ts";
import { ask, MIB, off, paused, running, theirs, transient, vmem } from "../../support/scene.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);

function resizes({ steps }: Plan) {
  return steps.flatMap((step) => (step.kind === "resize" ? [step.device] : []));
}

function definitionOf({ steps }: Plan) {
  return steps.flatMap((step) => (step.kind === "define" ? [step.definition] : []))[0];
}

/** A domain that was made with virtio-mem devices, resized since, whose definition may not have followed. */
const anyElastic = fc
  .record({
    cells: fc.array(fc.integer({ min: 64, max: 2048 }), { minLength: 1, maxLength: 3 }),
    room: fc.integer({ min: 0, max: 40 }),
    requested: fc.array(fc.nat(64), { minLength: 3, maxLength: 3 }),
    target: fc.oneof(fc.nat(2), fc.constant("spread" as const)),
    power: fc.constantFrom("running", "running", "paused", "off", "transient"),
    followed: fc.boolean(),
    dimm: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 4 }),
    desired: fc.oneof(
      fc.record({ blocks: fc.integer({ min: -64, max: 2600 }) }),
      fc.record({ mib: fc.integer({ min: 64, max: 8192 }) }),
    ),
    more: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2048) }),
    whenNotPossible: fc.constantFrom("restart", "nextBoot", "error"),
    applyOn: fc.constantFrom("now", "now", "now", "nextBoot"),
    device: fc.constantFrom("virtio-mem", "virtio-mem", "virtio-mem", "virtio-mem", "dimm"),
  })
  .map(({ cells, room, requested, target, power, followed, dimm, desired, more, ...how }) => {
    const nodes = target === "spread" ? cells.map((_, node) => node) : [target % cells.length];
    const each = Math.floor(room / nodes.length) * 128;
    const devices = nodes
      .filter(() => each > 0)
      .map((node) => vmem(node, each, Math.min(each, (requested[node] ?? 0) * 2)));
    const others = dimm === null ? [] : [theirs(0, dimm * 128)];
    const base = sum(cells);
    const plugged = sum(others.map(({ size }) => size / MIB));
    const max = base + plugged + room * 128 + 1;
    const live = { cells, devices: [...devices, ...others], max };
    const before = { ...live, devices: [...devices.map((one) => ({ ...one, requested: 0 })), ...others] };
    const observed: Observed =
      power === "off"
        ? off(live)
        : power === "transient"
          ? transient(live)
          : running(live, followed ? live : before);
    const present = base + plugged;
    const memory = Math.max(64, "mib" in desired ? desired.mib : present + desired.blocks * 2);
    const goal = ask(memory, {
      ...how,
      max: Math.max(memory, max + more),
      target: target === "spread" ? target : target % cells.length,
    });
    return { observed: power === "paused" ? paused(observed) : observed, desired: goal };
  });

describe("for any elastic domain and any desired size", () => {
  const RUNS = cases(500);

  property.prop([anyElastic], RUNS)("devices are requested to hold whole blocks within their size", (one) => {
    const { observed, desired } = one;
    const plan = planMemory(desired, observed);
    const devices = resizes(plan);
    for (const { requested, size } of devices) {
      expect([requested >= 0, requested <= size, requested % (2 * MIB)]).toEqual([true, true, 0]);
    }
    if (devices.length === 0) return;
    const change = sum(devices.map(({ requested, from }) => requested - from));
    expect(change).toBe(desired.memory - (observed.live?.memory ?? 0));
    const directions = new Set(devices.map(({ requested, from }) => Math.sign(requested - from)));
    expect(directions.size).toBe(1);
  });

  property.prop([anyElastic], RUNS)(
    "a definition has the desired memory, and fits below its maximum",
    (one) => {
      const definition = definitionOf(planMemory(one.desired, one.observed));
      const { nextBoot } = one.observed;
      if (definition === undefined || nextBoot === undefined) return;
      const after = afterStep(one.observed, {
        kind: "define",
        definition,
        fields: [],
        sentence: "",
      }).nextBoot;
      expect(after?.memory).toBe(one.desired.memory);
      const whole = sum([
        ...definition.cells.map(({ memory }) => memory),
        ...(after?.devices ?? []).map(({ size }) => size),
      ]);
      if (definition.maxMemory) expect(whole).toBeLessThanOrEqual(definition.maxMemory.size);
      for (const { size, requested } of definition.virtioMem ?? [])
        expect([size % (128 * MIB), requested <= size, requested % (2 * MIB)]).toEqual([0, true, 0]);
    },
  );

  property.prop([anyElastic], RUNS)("carried out, and killed anywhere, it ends the same", (one) => {
    const { observed, desired } = one;
    const { steps, outcome } = planMemory(desired, observed);
    if (outcome === "refuse" || outcome === "replace") return;
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    const last = states.at(-1) ?? observed;
    expect(planMemory(desired, last)).toMatchObject({ outcome: "none", steps: [] });
    expect(last.nextBoot?.memory ?? desired.memory).toBe(desired.memory);
    for (const killed of states.slice(0, -1)) {
      if (killed.power === "off" && observed.power !== "off") continue;
      const end = planMemory(desired, killed).steps.reduce(afterStep, killed);
      expect(end).toEqual(last);
    }
  });

  property.prop([anyElastic], RUNS)("every reachable size is live, and none beside them", (one) => {
    const { observed, desired } = one;
    const { live } = observed;
    const reachable = upwardSizes(desired, observed);
    const reachableDown = downwardSizes(desired, observed);
    if (desired.device === "dimm" || live === undefined) return;
    const isLive = (memory: number) => {
      const plan = planMemory(
        { ...desired, memory, maxMemory: Math.max(memory, desired.maxMemory) },
        observed,
      );
      return plan.outcome === "live" && resizes(plan).length > 0;
    };
    const present = live.memory;
    const ranges = [...reachableDown, ...(reachable ? [reachable] : [])];
    for (const { from, to, step } of ranges) {
      for (const size of [from, from + step, to - step, to].filter((size) => size >= from && size <= to)) {
        expect([size === present, isLive(size), isLive(size + MIB)]).toEqual([false, true, false]);
      }
    }
    const [lowest, highest] = [ranges[0]?.from ?? present, ranges.at(-1)?.to ?? present];
    expect(isLive(Math.max(present, highest) + 2 * MIB)).toBe(false);
    const below = Math.min(present, lowest) - 2 * MIB;
    if (below > 0) expect(isLive(below)).toBe(false);
  });
});
