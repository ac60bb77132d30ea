import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { Asked } from "../../provider/plan/asked.ts";
import { isOurs } from "../../provider/plan/dimms/slots.ts";
import { planMemory } from "../../provider/plan/memory.ts";
import type { MemoryView, Observed } from "../../provider/plan/observed.ts";
import type { Plan } from "../../provider/plan/plan.ts";
import { reachableSizes } from "../../provider/plan/reachable.ts";
import { anyCase, anyObserved } from "./arbitrary-domain.ts";
import { ask, MIB } from "./scene.ts";
import { afterStep } from "./simulate.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);

/** More than fast-check's 100: a sixth of the cases come to a plan that plugs something. */
const RUNS = { numRuns: 300 };

/** The memory block of the guests here, all x86-64: 2 GiB for those that were started with 64 GiB or more. */
function guestBlock(live: MemoryView): number {
  return sum(live.cells.map((cell) => cell.memory)) >= 64 * 1024 * MIB ? 2048 * MIB : 128 * MIB;
}

/** What each DIMM is a multiple of: the alignment, the guest's block and the page size. */
function units(asked: Asked, live: MemoryView): number[] {
  return [asked.alignment, guestBlock(live), asked.source?.pageSize ?? 4];
}

function dimmsOf({ steps }: Plan) {
  return steps.flatMap((step) => (step.kind === "attach" ? step.dimm : []));
}

/** The rest of an update beside the memory's plan starts a domain that is off. */
function started(observed: Observed, wasRunning: boolean): Observed {
  return wasRunning && observed.power === "off"
    ? afterStep(observed, { kind: "start", sentence: "" })
    : observed;
}

describe("of whatever a domain is like, and whatever is asked", () => {
  property.prop([anyCase], RUNS)("DIMMs come to the increase exactly, whole blocks in free slots", (one) => {
    const { observed, asked } = one;
    const { live } = observed;
    const plan = planMemory(asked, observed);
    const dimms = dimmsOf(plan);
    expect(plan.layout?.dimms ?? []).toEqual(dimms);
    if (plan.layout === undefined || live?.maxMemory === undefined) {
      expect(dimms).toEqual([]);
      return;
    }
    expect(sum(dimms.map(({ size }) => size))).toBe(asked.memory - live.memory);
    for (const { size } of dimms) {
      expect(size).toBeGreaterThan(0);
      for (const unit of units(asked, live)) expect(size % unit).toBe(0);
      expect(size).toBeLessThanOrEqual(asked.maxDimmSize ?? size);
    }
    expect(asked.memory).toBeLessThanOrEqual(live.maxMemory.size);
    const slots = [...live.devices, ...dimms].map(({ slot }) => slot);
    expect(new Set(slots).size).toBe(slots.length);
    for (const slot of slots) expect(slot).toBeLessThan(live.maxMemory.slots ?? 0);
    expect(plan.layout.freeSlots).toBe((live.maxMemory.slots ?? 0) - slots.length);
  });

  property.prop([anyCase], RUNS)("DIMMs go to the target node alone, or make all nodes alike", (one) => {
    const { observed, asked } = one;
    const plan = planMemory(asked, observed);
    const dimms = dimmsOf(plan);
    if (dimms.length === 0) return;
    const cells = observed.live?.cells ?? [];
    const perNode = cells.map(({ id }) =>
      sum(dimms.filter(({ node }) => node === id).map(({ size }) => size)),
    );
    expect(sum(perNode)).toBe(sum(dimms.map(({ size }) => size)));
    if (asked.target === "spread") {
      const all = [...dimms, ...(observed.live?.devices.filter(isOurs) ?? [])];
      const ourPerNode = cells.map(({ id }) =>
        sum(all.filter(({ node }) => node === id).map(({ size }) => size)),
      );
      expect(new Set(ourPerNode).size).toBe(1);
    } else expect(perNode[asked.target]).toBe(sum(perNode));
    // The fewest: without a limit one for each node that gets any.
    if (asked.maxDimmSize === undefined) expect(dimms.length).toBe(perNode.filter(Boolean).length);
  });

  property.prop([anyCase], RUNS)(
    "a start address is on the guest's blocks and behind all that is there",
    (one) => {
      const { observed, asked } = one;
      const { live } = observed;
      if (live === undefined) return;
      const block = BigInt(guestBlock(live)) * 1024n;
      let end = live.devices.reduce((last, { base, size }) => {
        const after = BigInt(base ?? 0) + BigInt(size) * 1024n;
        return after > last ? after : last;
      }, 0n);
      for (const { base, size } of dimmsOf(planMemory(asked, observed))) {
        if (base === undefined) continue;
        expect(BigInt(base) % block).toBe(0n);
        expect(BigInt(base)).toBeGreaterThanOrEqual(end);
        end = BigInt(base) + BigInt(size) * 1024n;
      }
    },
  );

  property.prop([anyCase], RUNS)("a plan carried out leaves nothing to do, killed anywhere or not", (one) => {
    const { observed, asked } = one;
    const { steps, outcome } = planMemory(asked, observed);
    if (outcome === "replace") return;
    const wasRunning = observed.power !== "off";
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    const last = states.at(-1) ?? observed;
    for (const killedAt of states) {
      const rest = planMemory(asked, killedAt);
      const stays = outcome === "refuse" || outcome === "restart" ? [outcome] : [];
      expect(["live", "nextBoot", "none", ...stays]).toContain(rest.outcome);
      const end = started(rest.steps.reduce(afterStep, killedAt), wasRunning);
      expect(end).toEqual(last);
    }
    if (outcome === "refuse") return;
    expect(planMemory(asked, last)).toMatchObject({ outcome: "none", summary: "", steps: [] });
    expect(last.nextBoot?.memory ?? asked.memory).toBe(asked.memory);
    const waits = asked.applyOn === "nextBoot" || asked.whenNotPossible === "nextBoot";
    if (!waits && last.live !== undefined) expect(last.live.memory).toBe(asked.memory);
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
      const memory = Math.max(one.asked.memory, sum(shares.map((share) => share.memory)));
      const target = one.asked.target === "spread" ? one.asked.target : one.asked.target % shares.length;
      const maxMemory = Math.max(memory, one.asked.maxMemory);
      const asked: Asked = { ...one.asked, shares, target, memory, maxMemory };
      const { steps, outcome } = planMemory(asked, observed, { numaChanged: true });
      if (outcome === "replace" || outcome === "refuse") return;
      const last = steps.reduce((before, step) => afterStep(before, step, shares.length), observed);
      expect(planMemory(asked, last)).toMatchObject({ outcome: "none", steps: [] });
      if (last.nextBoot) expect(last.nextBoot.cells.length).toBe(shares.length);
    },
  );

  property.prop([anyCase], RUNS)("its outcome says what its steps are", ({ observed, asked }) => {
    const { outcome, steps, reasons, summary } = planMemory(asked, observed);
    const kinds = new Set(steps.map(({ kind }) => kind));
    expect(steps.length === 0).toBe(outcome === "none" || outcome === "refuse");
    expect(summary === "").toBe(outcome === "none");
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
    const { observed, asked } = one;
    const { outcome } = planMemory(asked, observed);
    if (outcome === "replace" || outcome === "restart") expect(asked.whenNotPossible).toBe(outcome);
    if (!asked.allowDowntime) expect(["replace", "restart"]).not.toContain(outcome);
    if (asked.adopted) expect(outcome).not.toBe("replace");
    if (asked.applyOn === "nextBoot")
      expect(["none", "nextBoot", "refuse", ...(observed.live ? [] : ["live"])]).toContain(outcome);
  });

  property.prop([anyCase], RUNS)("a restart defines before it stops, and starts what it stopped", (one) => {
    const { steps, outcome } = planMemory(one.asked, one.observed);
    if (outcome !== "restart") return;
    expect(steps.map(({ kind }) => kind).filter((kind) => kind !== "define")).toEqual(["stop", "start"]);
    expect(steps.at(-2)).toMatchObject({ kind: "stop", force: one.asked.forceOff });
  });

  property.prop([anyCase], RUNS)("every reachable size is live, and no size between two of them", (one) => {
    const { observed, asked } = one;
    const reachable = reachableSizes(asked, observed);
    const plugs = (memory: number) => {
      const ceiling = Math.max(memory, asked.maxMemory);
      const plan = planMemory({ ...asked, memory, maxMemory: ceiling }, observed);
      return plan.outcome === "live" && plan.layout !== undefined;
    };
    const { live } = observed;
    const present = live?.memory ?? 0;
    const nodes = asked.target === "spread" ? (live?.cells.length ?? 1) : 1;
    const unit = live === undefined ? asked.alignment * nodes : Math.max(...units(asked, live)) * nodes;
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
    for (const cell of cells) expect([cell.memory >= 0, Number.isInteger(cell.memory)]).toEqual([true, true]);
    const isTiny = memory <= nextBoot.cells.length * MIB;
    const startsEmpty = nextBoot.machine === "pc-q35-5.0" || isTiny;
    if (!startsEmpty) for (const cell of cells) expect(cell.memory).toBeGreaterThan(0);
    const hasCeiling = asked.enabled && nextBoot.acpi && asked.maxMemory > asked.memory;
    expect(maxMemory).toEqual(hasCeiling ? { size: asked.maxMemory, slots: asked.slots } : undefined);
    const again = planMemory(asked, afterStep(observed, define)).steps;
    expect(again.filter(({ kind }) => kind === "define")).toEqual([]);
  });

  property.prop([anyCase, fc.boolean(), fc.boolean()], RUNS)(
    "no input is changed",
    (one, stopping, numaChanged) => {
      const { observed, asked } = one;
      const before = structuredClone({ observed, asked });
      planMemory(asked, observed);
      planMemory(asked, observed, { stopping, numaChanged });
      expect({ observed, asked }).toEqual(before);
    },
  );

  property.prop([anyCase, fc.boolean()], RUNS)(
    "an update that stops the domain attaches nothing",
    (one, numaChanged) => {
      const { outcome, steps } = planMemory(one.asked, one.observed, { stopping: true, numaChanged });
      expect(["none", "live", "refuse"]).toContain(outcome);
      expect(steps.filter(({ kind }) => kind !== "define" && kind !== "redefine")).toEqual([]);
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
