import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { afterStep } from "../../provider/plan/after-step.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import { isManaged } from "../../provider/plan/devices.ts";
import { misaligned } from "../../provider/plan/dimms/layout.ts";
import { downwardSizes } from "../../provider/plan/live-sizes/down.ts";
import { upwardSizes } from "../../provider/plan/live-sizes/up.ts";
import type { Observed, ObservedDevice } from "../../provider/plan/observed.ts";
import type { Plan, Reachable, Step } from "../../provider/plan/plan.ts";
import { type MemoryPlanContext, planMemory } from "../../provider/plan/plan-memory.ts";
import { anyWholeCase, named } from "../support/arbitrary-whole.ts";
import { cases } from "../support/properties.ts";

const RUNS = cases(300);
const ACTS = ["none", "live", "nextBoot"];

/** What follows a step beside it: QEMU places a DIMM, the guest takes what is on its blocks, libvirt names devices. */
function happens(observed: Observed, step: Step): Observed {
  const next = afterStep(observed, step);
  const { live } = next;
  if (step.kind === "balloon" && step.where === "live" && live?.devices.some(isVirtioMem))
    throw new Error("libvirt counts virtio-mem in what a balloon leaves, and QEMU doesn't");
  if (step.kind === "start" && live) return { ...next, live: named(live) };
  if (step.kind !== "attach" || live === undefined) return next;
  const before = live.devices.slice(0, -1);
  const [last] = live.devices.slice(-1);
  if (last === undefined || !before.every(isPlaced)) return next;
  const base = last.base ?? firstFit(last.size, before);
  const placed: ObservedDevice = { ...last, base };
  const there = { ...live, devices: [...before, placed] };
  const taken = !misaligned(there).includes(placed);
  return { ...next, live: { ...there, devices: [...before, { ...placed, taken }] } };
}

function isVirtioMem({ model }: ObservedDevice): boolean {
  return model === "virtio-mem";
}

function isPlaced({ model, base }: ObservedDevice): boolean {
  return model !== "dimm" || base !== undefined;
}

/** The first gap that is large enough (QEMU, hw/mem/memory-device.c, memory_device_get_free_addr). */
function firstFit(size: number, devices: ObservedDevice[]): string {
  const taken = devices
    .flatMap(({ base, size }) =>
      base === undefined ? [] : { from: BigInt(base), size: BigInt(size) * 1024n },
    )
    .sort((a, b) => (a.from < b.from ? -1 : 1));
  let next = 0x1_0000_0000n;
  for (const one of taken) {
    if (next + BigInt(size) * 1024n <= one.from) break;
    next = one.from + one.size;
  }
  return `0x${next.toString(16)}`;
}

function statesOf(observed: Observed, { steps }: Plan): Observed[] {
  const states = [observed];
  for (const step of steps) states.push(happens(states.at(-1) ?? observed, step));
  return states;
}

function carriedOut(observed: Observed, plan: Plan): Observed {
  return statesOf(observed, plan).at(-1) ?? observed;
}

function sizesOf(ranges: Reachable[]): number[] {
  return ranges.flatMap(({ from, to, step }) =>
    [from, from + step, to - step, to].filter((size) => size >= from && size <= to),
  );
}

/**
 * Nothing is left to do. One thing may wait for another run: DIMMs are not repaired while a definition that is too large
 * is pending in other nodes, since a run killed between a detach and its attach couldn't define the desired size.
 */
function expectSettled(
  desired: DesiredMemory,
  observed: Observed,
  circumstances: MemoryPlanContext = {},
): void {
  const rest = planMemory(desired, observed, circumstances);
  const heals = rest.headline.includes("repairs ") && rest.steps.every(({ kind }) => kind !== "define");
  const end = heals ? carriedOut(observed, rest) : observed;
  expect(planMemory(desired, end, circumstances)).toMatchObject({ outcome: "none", headline: "", steps: [] });
}

describe("of whatever a domain is like, with all features at once", () => {
  property.prop([anyWholeCase], RUNS)("what is carried out is settled, and is what was asked", (one) => {
    const { observed, desired } = one;
    const plan = planMemory(desired, observed);
    if (!ACTS.includes(plan.outcome)) return;
    const last = carriedOut(observed, plan);
    expectSettled(desired, last);
    if (last.nextBoot) expect(last.nextBoot.memory).toBe(desired.memory);
    const waits = desired.applyOn === "nextBoot" || desired.whenNotPossible === "nextBoot";
    if (last.live && (!waits || plan.layout)) expect(last.live.memory).toBe(desired.memory);
    if (desired.applyOn === "nextBoot") expect(last.live).toEqual(observed.live);
  });

  property.prop([anyWholeCase], RUNS)(
    "killed after any step, it is not more disruptive, and ends settled",
    (one) => {
      const { observed, desired } = one;
      const plan = planMemory(desired, observed);
      if (!ACTS.includes(plan.outcome)) return;
      for (const killedAt of statesOf(observed, plan)) {
        const rest = planMemory(desired, killedAt);
        expect(ACTS).toContain(rest.outcome);
        const end = carriedOut(killedAt, rest);
        expectSettled(desired, end);
        const isLive = plan.steps.some(({ kind }) => ["attach", "detach", "resize"].includes(kind));
        if (isLive && killedAt.live) expect(end.live?.memory).toBe(desired.memory);
      }
    },
  );

  property.prop([anyWholeCase], RUNS)("a restart ends settled", (one) => {
    const { observed, desired } = one;
    const plan = planMemory(desired, observed);
    if (plan.outcome !== "restart") return;
    const last = carriedOut(observed, plan);
    expectSettled(desired, last);
    expect(last.live?.memory).toBe(desired.memory);
  });

  property.prop([anyWholeCase], RUNS)("a preview never lies", (one) => {
    const { observed, desired } = one;
    const { outcome, steps, headline, details, reasons } = planMemory(desired, observed);
    expect(steps.length === 0).toBe(outcome === "none" || outcome === "refuse");
    expect(headline === "").toBe(outcome === "none");
    if (outcome === "live" || outcome === "none") expect(reasons).toEqual([]);
    const { devices = [] } = observed.live ?? {};
    const touched = steps.flatMap((step) => (step.kind === "resize" ? step.device.alias : []));
    if (outcome !== "live") expect(touched).toEqual([]);
    for (const step of steps) {
      // The most disruptive part has the headline: a DIMM may be attached while the balloon waits for the next boot.
      if (step.kind === "attach") expect(["live", "nextBoot"]).toContain(outcome);
      if (step.kind === "balloon" && step.where === "live") expect(outcome).not.toBe("restart");
      if (step.kind !== "detach") continue;
      expect(["live", "nextBoot"]).toContain(outcome);
      const device = devices.find(({ alias }) => alias === step.dimm.alias);
      const isHealed = device?.taken === false && desired.heal;
      if (isHealed && [headline, ...details].some((line) => line.includes("repairs "))) continue;
      expect([device && isManaged(device), desired.allowUnplug]).toEqual([true, true]);
    }
  });

  property.prop([anyWholeCase], RUNS)("a plan is pure, and its sizes are whole KiB", (one) => {
    const { observed, desired } = one;
    const before = structuredClone({ observed, desired });
    const plan = planMemory(desired, observed);
    expect(planMemory(desired, observed)).toEqual(plan);
    expect({ observed, desired }).toEqual(before);
    expect(JSON.stringify([plan.headline, plan.details, plan.reasons])).not.toMatch(
      /NaN|undefined|\d\.\d|-\d/,
    );
  });

  property.prop([anyWholeCase], RUNS)("every reachable size is live", (one) => {
    const { observed, desired } = one;
    const reachable = upwardSizes(desired, observed);
    const reachableDown = downwardSizes(desired, observed);
    const { currentMemory: _, ...rest } = desired;
    // What others hold back of virtio-mem counts in full against the ceiling, which check can't know.
    const elastic = observed.nextBoot?.devices.filter(({ model }) => model === "virtio-mem") ?? [];
    const whole = elastic.reduce((total, { size }) => total + size, 0);
    for (const memory of sizesOf([...reachableDown, ...(reachable ? [reachable] : [])])) {
      const wish: DesiredMemory = { ...rest, memory, maxMemory: Math.max(memory + whole, desired.maxMemory) };
      expect(memory).not.toBe(observed.live?.memory);
      expect(planMemory(wish, observed).outcome).toBe("live");
    }
  });

  property.prop([anyWholeCase, fc.boolean()], RUNS)(
    "no balloon target exceeds the memory",
    (one, balloonReleased) => {
      const { observed, desired } = one;
      const circumstances: MemoryPlanContext = { balloonReleased };
      const plan = planMemory(desired, observed, circumstances);
      if (!ACTS.includes(plan.outcome)) return;
      for (const { live, nextBoot } of statesOf(observed, plan)) {
        if (live) expect(live.currentMemory).toBeLessThanOrEqual(live.memory);
        if (nextBoot) expect(nextBoot.currentMemory).toBeLessThanOrEqual(nextBoot.memory);
      }
      const last = carriedOut(observed, plan);
      expectSettled(desired, last, circumstances);
      const isFolded = plan.steps.some(({ kind }) => kind === "define");
      const { currentMemory } = desired;
      const [was, is] = [observed.nextBoot, last.nextBoot];
      if (isFolded && was && is) {
        const hasVirtioMem = desired.device === "virtio-mem" || was.devices.some(isVirtioMem);
        const isKept = !balloonReleased && !hasVirtioMem && was.currentMemory < was.memory;
        const kept = Math.min(is.memory, was.currentMemory + Math.max(0, is.memory - was.memory));
        expect(is.currentMemory).toBe(currentMemory ?? (isKept ? kept : is.memory));
      }
      if (desired.device === "virtio-mem" || currentMemory === undefined) return;
      // Beside virtio-mem not managed here currentMemory may only be all of the memory, and isn't set.
      const isIdle = [last.live, last.nextBoot].some((view) => view?.devices.some(isVirtioMem));
      if (currentMemory === desired.memory && isIdle) return;
      if (last.nextBoot) expect(last.nextBoot.currentMemory).toBe(currentMemory);
    },
  );
});
