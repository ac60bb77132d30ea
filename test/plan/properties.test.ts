import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { afterStep } from "../../provider/plan/after-step.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import { isManaged } from "../../provider/plan/devices.ts";
import { upwardSizes } from "../../provider/plan/live-sizes/up.ts";
import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import { isDefine, type Plan } from "../../provider/plan/plan.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { anyCase, anyObserved } from "../support/arbitrary-domain.ts";
import { cases } from "../support/properties.ts";
import { ask, MIB } from "../support/scene.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);

/** More than fast-check's 100: a sixth of the cases plug something. */
const RUNS = cases(300);

/** The memory block of the guests here, all x86-64 on q35, of whose boot memory 2 GiB are below 4 GiB. */
function guestBlock(live: MemoryView): number {
  const end = sum(live.cells.map((cell) => cell.memory)) + 2048 * MIB;
  const blocks = end >= 64 * 1024 * MIB ? [2048, 1024, 512, 256] : [];
  return (blocks.find((mib) => end % (mib * MIB) === 0) ?? 128) * MIB;
}

/** What each DIMM is a multiple of: the alignment, the guest's block and the page size. */
function units(desired: DesiredMemory, live: MemoryView): number[] {
  return [desired.alignment, guestBlock(live), desired.source?.pageSize ?? 4];
}

function dimmsOf({ steps }: Plan) {
  return steps.flatMap((step) => (step.kind === "attach" ? step.dimm : []));
}

function figures(view: MemoryView | undefined) {
  return view && [view.memory, view.currentMemory, view.maxMemory, view.cells.length, view.devices];
}

/** The rest of an update beside the memory's plan starts a domain that is off. */
function started(observed: Observed, wasRunning: boolean): Observed {
  return wasRunning && observed.power === "off"
    ? afterStep(observed, { kind: "start", sentence: "" })
    : observed;
}

describe("for any domain and any desired memory", () => {
  property.prop([anyCase], RUNS)("DIMMs are exactly the increase, whole blocks in free slots", (one) => {
    const { observed, desired } = one;
    const { live } = observed;
    const plan = planMemory(desired, observed);
    const dimms = dimmsOf(plan);
    expect(plan.layout?.dimms ?? []).toEqual(dimms);
    if (plan.layout === undefined || live?.maxMemory === undefined) {
      expect(dimms).toEqual([]);
      return;
    }
    expect(sum(dimms.map(({ size }) => size))).toBe(desired.memory - live.memory);
    for (const { size } of dimms) {
      expect(size).toBeGreaterThan(0);
      for (const unit of units(desired, live)) expect(size % unit).toBe(0);
      expect(size).toBeLessThanOrEqual(desired.maxDimmSize ?? size);
    }
    expect(desired.memory).toBeLessThanOrEqual(live.maxMemory.size);
    const slots = [...live.devices, ...dimms].map(({ slot }) => slot);
    expect(new Set(slots).size).toBe(slots.length);
    for (const slot of slots) expect(slot).toBeLessThan(live.maxMemory.slots ?? 0);
    expect(plan.layout.freeSlots).toBe((live.maxMemory.slots ?? 0) - slots.length);
  });

  property.prop([anyCase], RUNS)("DIMMs are on the target node only, or make all nodes alike", (one) => {
    const { observed, desired } = one;
    const plan = planMemory(desired, observed);
    const dimms = dimmsOf(plan);
    if (dimms.length === 0) return;
    const cells = observed.live?.cells ?? [];
    const perNode = cells.map(({ id }) =>
      sum(dimms.filter(({ node }) => node === id).map(({ size }) => size)),
    );
    expect(sum(perNode)).toBe(sum(dimms.map(({ size }) => size)));
    if (desired.target === "spread") {
      const all = [...dimms, ...(observed.live?.devices.filter(isManaged) ?? [])];
      const ourPerNode = cells.map(({ id }) =>
        sum(all.filter(({ node }) => node === id).map(({ size }) => size)),
      );
      expect(new Set(ourPerNode).size).toBe(1);
    } else expect(perNode[desired.target]).toBe(sum(perNode));
    // The fewest: without a limit one for each node that gets any.
    if (desired.maxDimmSize === undefined) expect(dimms.length).toBe(perNode.filter(Boolean).length);
  });

  property.prop([anyCase], RUNS)(
    "a start address is on the guest's blocks and behind all that is there",
    (one) => {
      const { observed, desired } = one;
      const { live } = observed;
      if (live === undefined) return;
      const block = BigInt(guestBlock(live)) * 1024n;
      let end = live.devices.reduce((last, { base, size }) => {
        const after = BigInt(base ?? 0) + BigInt(size) * 1024n;
        return after > last ? after : last;
      }, 0n);
      for (const { base, size } of dimmsOf(planMemory(desired, observed))) {
        if (base === undefined) continue;
        expect(BigInt(base) % block).toBe(0n);
        expect(BigInt(base)).toBeGreaterThanOrEqual(end);
        end = BigInt(base) + BigInt(size) * 1024n;
      }
    },
  );

  property.prop([anyCase], RUNS)("a plan carried out leaves nothing to do, killed anywhere or not", (one) => {
    const { observed, desired } = one;
    const { steps, outcome } = planMemory(desired, observed);
    if (outcome === "replace") return;
    const wasRunning = observed.power !== "off";
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    const last = states.at(-1) ?? observed;
    for (const killedAt of states) {
      const rest = planMemory(desired, killedAt);
      const stays = outcome === "refuse" || outcome === "restart" ? [outcome] : [];
      expect(["live", "nextBoot", "none", ...stays]).toContain(rest.outcome);
      const end = started(rest.steps.reduce(afterStep, killedAt), wasRunning);
      // Which node the DIMMs of a domain were on isn't known once it is off; its total and its ceiling are.
      const isStopped = outcome === "restart" && killedAt.power === "off";
      if (isStopped)
        expect([end.live, end.nextBoot].map(figures)).toEqual([last.live, last.nextBoot].map(figures));
      else expect(end).toEqual(last);
    }
    if (outcome === "refuse") return;
    expect(planMemory(desired, last)).toMatchObject({ outcome: "none", headline: "", steps: [] });
    expect(last.nextBoot?.memory ?? desired.memory).toBe(desired.memory);
    const waits = desired.applyOn === "nextBoot" || desired.whenNotPossible === "nextBoot";
    if (!waits && last.live !== undefined) expect(last.live.memory).toBe(desired.memory);
  });

  const otherNodes = fc.tuple(
    anyCase,
    fc.array(fc.integer({ min: 1, max: 512 }), { minLength: 1, maxLength: 4 }),
  );

  property.prop([otherNodes], RUNS)(
    "other nodes are in the definition, and then nothing is left",
    ([one, mib]) => {
      const { observed } = one;
      const shares = mib.map((memory) => ({ memory: memory * MIB }));
      const memory = Math.max(one.desired.memory, sum(shares.map((share) => share.memory)));
      const target =
        one.desired.target === "spread" ? one.desired.target : one.desired.target % shares.length;
      const maxMemory = Math.max(memory, one.desired.maxMemory);
      const desired: DesiredMemory = { ...one.desired, shares, target, memory, maxMemory };
      const { steps, outcome } = planMemory(desired, observed, { numaChanged: true });
      if (outcome === "replace" || outcome === "refuse") return;
      const last = steps.reduce(afterStep, observed);
      expect(steps.filter(isDefine).length).toBeLessThanOrEqual(1);
      expect(planMemory(desired, last)).toMatchObject({ outcome: "none", steps: [] });
      if (last.nextBoot) expect(last.nextBoot.cells.length).toBe(shares.length);
    },
  );

  property.prop([anyCase], RUNS)("its outcome fits its steps", ({ observed, desired }) => {
    const { outcome, steps, reasons, headline } = planMemory(desired, observed);
    const kinds = new Set(steps.map(({ kind }) => kind));
    expect(steps.length === 0).toBe(outcome === "none" || outcome === "refuse");
    expect(headline === "").toBe(outcome === "none");
    if (["replace", "restart", "refuse"].includes(outcome)) expect(reasons.length).toBeGreaterThan(0);
    if (outcome === "live" || outcome === "none") expect(reasons).toEqual([]);
    expect(kinds.has("replace")).toBe(outcome === "replace");
    expect([kinds.has("stop"), kinds.has("start")]).toEqual([outcome === "restart", outcome === "restart"]);
    if (outcome === "live" || outcome === "nextBoot")
      expect([...kinds].filter((kind) => !["attach", "detach", "define"].includes(kind))).toEqual([]);
    if (outcome !== "live") expect([kinds.has("attach"), kinds.has("detach")]).toEqual([false, false]);
    if (observed.live === undefined) expect(["none", "live", "refuse"]).toContain(outcome);
  });

  property.prop([anyCase], RUNS)("what the user chose, and nothing else, is the fallback", (one) => {
    const { observed, desired } = one;
    const { outcome } = planMemory(desired, observed);
    if (outcome === "replace" || outcome === "restart") expect(desired.whenNotPossible).toBe(outcome);
    if (!desired.allowDowntime) expect(["replace", "restart"]).not.toContain(outcome);
    if (desired.adopted) expect(outcome).not.toBe("replace");
    if (desired.applyOn === "nextBoot")
      expect(["none", "nextBoot", "refuse", ...(observed.live ? [] : ["live"])]).toContain(outcome);
  });

  property.prop([anyCase], RUNS)("a restart stops, defines where anything differs, and starts", (one) => {
    const { steps, outcome } = planMemory(one.desired, one.observed);
    if (outcome !== "restart") return;
    // A guest that a user paused can't shut down.
    const resume = one.observed.power === "paused" ? "resume " : "";
    const kinds = steps.map(({ kind }) => kind).join(" ");
    expect([`${resume}stop start`, `${resume}stop define start`]).toContain(kinds);
    expect(steps.find(({ kind }) => kind === "stop")).toMatchObject({ force: one.desired.forceOff });
  });

  property.prop([anyCase], RUNS)("every reachable size is live, and no size between two of them", (one) => {
    const { observed, desired } = one;
    const reachable = upwardSizes(desired, observed);
    const { shares = [], target } = desired;
    const plugs = (memory: number) => {
      // check refuses less than the nodes' own shares, and what can't be spread in whole MiB.
      const rest = memory - sum(shares.map((share) => share.memory));
      if (rest < 0 || (target === "spread" && rest % (Math.max(1, shares.length) * MIB) !== 0)) return false;
      const ceiling = Math.max(memory, desired.maxMemory);
      const plan = planMemory({ ...desired, memory, maxMemory: ceiling }, observed);
      return plan.outcome === "live" && plan.layout !== undefined;
    };
    const { live } = observed;
    const present = live?.memory ?? 0;
    const nodes = desired.target === "spread" ? (live?.cells.length ?? 1) : 1;
    const unit = live === undefined ? desired.alignment * nodes : Math.max(...units(desired, live)) * nodes;
    const { from, to, step } = reachable ?? { from: present + unit, to: 0, step: unit };
    expect([step, from <= to || reachable === undefined]).toEqual([unit, true]);
    expect((to - from) % step === 0 || reachable === undefined).toBe(true);
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
    const { observed, desired } = one;
    const define = planMemory(desired, observed).steps.find(isDefine);
    const { nextBoot } = observed;
    if (define?.definition === undefined || nextBoot === undefined) return;
    const { cells, removeAliases, maxMemory, memory } = define.definition;
    const foreign = nextBoot.devices.filter((device) => !isManaged(device));
    expect(foreign.filter(({ alias }) => removeAliases.includes(alias ?? ""))).toEqual([]);
    expect(cells.map(({ id }) => id)).toEqual(nextBoot.cells.map(({ id }) => id));
    expect(sum([...cells.map((cell) => cell.memory), ...foreign.map(({ size }) => size)])).toBe(memory);
    expect(memory).toBe(desired.memory);
    for (const cell of cells) expect([cell.memory >= 0, Number.isInteger(cell.memory)]).toEqual([true, true]);
    const isTiny = memory <= nextBoot.cells.length * MIB;
    const startsEmpty = nextBoot.machine === "pc-q35-5.0" || isTiny;
    if (!startsEmpty) for (const cell of cells) expect(cell.memory).toBeGreaterThan(0);
    // libvirt refuses memory devices without a ceiling, and fewer slots than devices.
    const pluggable = desired.enabled && nextBoot.acpi && desired.maxMemory > desired.memory;
    const { maxMemory: before } = nextBoot;
    // An adopted domain keeps the one that it has.
    const isKept =
      desired.adopted &&
      before?.size === desired.maxMemory &&
      (before.slots ?? desired.slots) === desired.slots &&
      (desired.maxMemory > desired.memory || nextBoot.memory === desired.memory);
    const hasCeiling = pluggable || foreign.length > 0 || isKept;
    expect(foreign.length).toBeLessThanOrEqual(desired.slots);
    expect(maxMemory).toEqual(hasCeiling ? { size: desired.maxMemory, slots: desired.slots } : undefined);
    const again = planMemory(desired, afterStep(observed, define)).steps;
    expect(again.filter(({ kind }) => kind === "define")).toEqual([]);
  });

  property.prop([anyCase, fc.boolean(), fc.boolean()], RUNS)(
    "no input is changed",
    (one, stopping, numaChanged) => {
      const { observed, desired } = one;
      const before = structuredClone({ observed, desired });
      planMemory(desired, observed);
      planMemory(desired, observed, { stopping, numaChanged });
      expect({ observed, desired }).toEqual(before);
    },
  );

  property.prop([anyCase, fc.boolean()], RUNS)(
    "an update that stops the domain attaches nothing",
    (one, numaChanged) => {
      const { outcome, steps } = planMemory(one.desired, one.observed, { stopping: true, numaChanged });
      expect(["none", "live", "refuse"]).toContain(outcome);
      expect(steps.filter(({ kind }) => kind !== "define")).toEqual([]);
    },
  );

  property.prop([
    anyObserved.filter(({ live }) => live?.maxMemory !== undefined),
    fc.integer({ min: 1, max: 40 }),
  ])(
    "a domain grows by one block at a time until its slots or its ceiling are used up, and no further",
    (observed, blocks) => {
      const { live } = observed;
      if (!live?.acpi || observed.nextBoot?.memory !== live.memory) return;
      const ceiling = (live.maxMemory?.size ?? 0) / MIB;
      const unit = guestBlock(live) / MIB;
      let domain = observed;
      for (let block = 1; block <= blocks; block++) {
        const size = live.memory / MIB + block * unit;
        const desired = ask(size, {
          alignment: 128,
          max: Math.max(size, ceiling),
          slots: live.maxMemory?.slots ?? 1,
        });
        const plan = planMemory(desired, domain);
        const used = domain.live?.devices.length ?? 0;
        const fits = size <= ceiling && used < (live.maxMemory?.slots ?? 0);
        expect(plan.outcome).toBe(fits ? "live" : "replace");
        if (!fits) return;
        domain = plan.steps.reduce(afterStep, domain);
      }
    },
  );
});
