import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import { afterStep } from "../../provider/plan/after-step.ts";
import { withBalloon } from "../../provider/plan/balloon.ts";
import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import type { Plan } from "../../provider/plan/plan.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { anyCase } from "../support/arbitrary-domain.ts";
import { cases } from "../support/properties.ts";
import { ask, MIB, ours, running, vmem } from "../support/scene.ts";

/** A part of a memory, in whole MiB. */
function partOf(memory: number, share: number): number {
  return Math.max(MIB, Math.floor((memory * share) / MIB) * MIB);
}

function ballooned(view: MemoryView, share: number): MemoryView {
  return { ...view, currentMemory: partOf(view.memory, share) };
}

const share = fc.oneof(fc.constant(1), fc.double({ min: 0.1, max: 1, noNaN: true }));

/** Domains whose balloons are anywhere, running and defined, and programs that name one. */
const anyBalloon = fc
  .record({ one: anyCase, live: share, nextBoot: share, named: share })
  .map(({ one: { observed, desired }, live, nextBoot, named }) => {
    const seen: Observed = {
      ...observed,
      ...(observed.live && { live: ballooned(observed.live, live) }),
      ...(observed.nextBoot && { nextBoot: ballooned(observed.nextBoot, nextBoot) }),
    };
    return { observed: seen, desired: { ...desired, currentMemory: partOf(desired.memory, named) } };
  });

const RUNS = cases(300);
const ACTS = ["none", "live", "nextBoot"];

describe("for any balloon and any currentMemory", () => {
  property.prop([anyBalloon], RUNS)("both definitions get it, killed anywhere or not", (one) => {
    const { observed, desired } = one;
    const { steps, outcome } = planMemory(desired, observed);
    if (!ACTS.includes(outcome)) return;
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    const last = states.at(-1) ?? observed;
    for (const killedAt of states) {
      const rest = planMemory(desired, killedAt);
      expect(ACTS).toContain(rest.outcome);
      expect(rest.steps.reduce(afterStep, killedAt)).toEqual(last);
    }
    expect(planMemory(desired, last)).toMatchObject({ outcome: "none", headline: "", steps: [] });
    if (last.nextBoot) expect(last.nextBoot.currentMemory).toBe(desired.currentMemory);
    if (last.live && desired.applyOn === "now")
      expect(last.live.currentMemory).toBe(Math.min(desired.currentMemory, last.live.memory));
    if (desired.applyOn === "nextBoot") expect(last.live).toEqual(observed.live);
  });

  property.prop([anyBalloon], RUNS)("the memory's own plan is the same", ({ observed, desired }) => {
    const { currentMemory: _, ...unnamed } = desired;
    const plain = planMemory(unnamed, observed);
    const plan = planMemory(desired, observed);
    const rest = plan.steps.filter(({ kind }) => kind !== "balloon").map(({ sentence }) => sentence);
    expect(rest).toEqual(plain.steps.map(({ sentence }) => sentence));
    expect([plan.headline, ...plan.details].join("\n")).toContain(plain.headline);
    if (!ACTS.includes(plain.outcome)) expect(plan.outcome).toBe(plain.outcome);
    expect(plain.steps.some(({ kind }) => kind === "balloon")).toBe(false);
  });

  property.prop([anyBalloon], RUNS)("a target that nobody waited for is not set again", (one) => {
    const { observed, desired } = one;
    const { steps, outcome } = planMemory(desired, observed);
    const isTold = steps.some((step) => step.kind === "balloon" && step.where === "live");
    if (!ACTS.includes(outcome) || !isTold) return;
    const last = steps.reduce(afterStep, observed);
    const told = Math.min(desired.currentMemory, last.live?.memory ?? 0);
    const slow = last.live && { ...last, live: { ...last.live, currentMemory: last.live.memory + 4 }, told };
    if (slow) expect(planMemory(desired, slow)).toMatchObject({ outcome: "none", steps: [] });
  });

  property.prop([anyBalloon], RUNS)("a balloon that is released gives all back", ({ observed, desired }) => {
    const { currentMemory: _, ...unnamed } = desired;
    const { steps, outcome } = planMemory(unnamed, observed, { balloonReleased: true });
    if (!ACTS.includes(outcome)) return;
    const last = steps.reduce(afterStep, observed);
    if (last.nextBoot) expect(last.nextBoot.currentMemory).toBe(last.nextBoot.memory);
    if (last.live && desired.applyOn === "now") expect(last.live.currentMemory).toBe(last.live.memory);
  });
});

test("a balloon that has another target, and has not moved yet, gets the new one", () => {
  const observed = { ...running(), told: 512 * MIB };
  const plan = planMemory(ask(1003, { currentMemory: 1003 * MIB }), observed);
  expect(plan).toMatchObject({
    outcome: "live",
    headline: "live: balloon target 512 → 1003 MiB, now",
    steps: [{ kind: "balloon", size: 1003 * MIB, where: "live", takesMemory: false }],
  });
  expect(planMemory(ask(1003), observed, { balloonReleased: true }).headline).toMatch(
    /^live: balloon target 512 → 1003 MiB/,
  );
  expect(planMemory(ask(1003), observed).outcome).toBe("none");
});

describe("beside virtio-mem, which libvirt counts in the balloon's size and QEMU doesn't", () => {
  const left = (device: MemoryDevice, mib: number): Observed => {
    const observed = running({ devices: [device] });
    return {
      ...observed,
      ...(observed.live && { live: { ...observed.live, currentMemory: mib * MIB } }),
      ...(observed.nextBoot && { nextBoot: { ...observed.nextBoot, currentMemory: mib * MIB } }),
    };
  };
  const foreign = { ...vmem(0, 4096, 512), alias: "ua-theirs" };

  test("not managed here, currentMemory is refused", () => {
    const desired = ask(1515, { currentMemory: 700 * MIB });
    expect(planMemory(desired, left(foreign, 1515))).toMatchObject({
      outcome: "refuse",
      steps: [],
      reasons: [{ code: "balloon-with-virtio-mem" }],
    });
    expect(planMemory(desired, left(foreign, 700)).outcome).toBe("none");
  });

  test("not managed here, currentMemory may be all of the memory, or be removed: the balloon stays", () => {
    expect(planMemory(ask(1515, { currentMemory: 1515 * MIB }), left(foreign, 700)).outcome).toBe("none");
    const released = planMemory(ask(1515), left(foreign, 700), { balloonReleased: true });
    expect(released.outcome).toBe("none");
  });

  test("of ours that is pending removal, only the definition's target is set", () => {
    const desired = ask(1515, { currentMemory: 700 * MIB, whenNotPossible: "nextBoot" });
    const observed = left(vmem(0, 4096, 512), 1515);
    const { outcome, steps } = planMemory(desired, observed);
    expect([outcome, steps.map(({ kind }) => kind)]).toEqual(["nextBoot", ["define"]]);
    expect(planMemory(desired, steps.reduce(afterStep, observed)).outcome).toBe("none");
  });
});

describe("the removal of a DIMM lowers the memory that the balloon leaves", () => {
  const removal: Plan = {
    outcome: "live",
    headline: "live: 1280 → 1024 MiB, removes one 256 MiB DIMM, no restart",
    details: [],
    steps: [{ kind: "detach", dimm: { size: 256 * MIB, node: 0, alias: "ua-pulumi-dimm0" }, sentence: "" }],
    reasons: [],
  };
  const observed = running({ cells: [1024], devices: [ours(0, 256)] }, { cells: [1024] });
  const left = (mib: number): Observed => ({
    ...observed,
    ...(observed.live && { live: { ...observed.live, currentMemory: mib * MIB } }),
  });
  const desired = ask(1024, { currentMemory: 700 * MIB });

  test("so the balloon gives back before that", () => {
    const { steps, headline, details } = withBalloon(removal, desired, left(700));
    expect(steps.slice(0, 2)).toMatchObject([
      { kind: "balloon", size: 956 * MIB, where: "live" },
      { kind: "detach" },
    ]);
    expect([headline, ...details]).toEqual([
      removal.headline,
      "live: balloon target 700 → 956 MiB before the removal, so that 700 MiB remain",
    ]);
    expect(steps.reduce(afterStep, left(700)).live).toMatchObject({ currentMemory: 700 * MIB });
  });

  test("or takes the rest afterwards", () => {
    const { steps, headline, details } = withBalloon(removal, desired, left(1280));
    expect(steps.map(({ kind }) => kind)).toEqual(["detach", "balloon", "balloon"]);
    expect([headline, ...details]).toEqual([
      removal.headline,
      "live: balloon target 1024 → 700 MiB, now and at the next boot",
    ]);
    expect(steps.reduce(afterStep, left(1280)).live).toMatchObject({ currentMemory: 700 * MIB });
  });
});

test("a balloon that was to give everything back gets no new target, since a smaller size is pending", () => {
  const { live, nextBoot, ...rest } = running({ cells: [4096] }, { cells: [1536] });
  if (live === undefined || nextBoot === undefined) throw new Error("it runs, and is defined");
  const observed = {
    ...rest,
    live: ballooned(live, 0.5),
    nextBoot,
    told: live.memory,
    pending: nextBoot.memory,
  };
  const desired = ask(1536, { whenNotPossible: "nextBoot" });
  expect(planMemory(desired, observed, { balloonReleased: true })).toMatchObject({
    outcome: "none",
    steps: [],
  });
});
