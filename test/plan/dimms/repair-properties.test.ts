import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import { afterStep } from "../../../provider/plan/after-step.ts";
import type { DesiredMemory } from "../../../provider/plan/desired.ts";
import { isManaged } from "../../../provider/plan/devices.ts";
import { dimmUnit, misaligned } from "../../../provider/plan/dimms/layout.ts";
import type { MemoryView, Observed, ObservedDevice } from "../../../provider/plan/observed.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { anyCase } from "../../support/arbitrary-domain.ts";
import { cases } from "../../support/properties.ts";
import { MIB } from "../../support/scene.ts";

/** One case in five repairs something. */
const RUNS = cases(300);

/** What a guest's agent reports of a DIMM: unaligned ones were rejected, and a few of the others. */
type Word = "true" | "silent" | "refused";

/** The same domain with all DIMMs placed one behind the other, and with the word of its guest. */
function heard(observed: Observed, block: number, words: Word[]): Observed {
  if (observed.live === undefined) return observed;
  let next = 0x1_0000_0000n;
  const placed = observed.live.devices.map((device): ObservedDevice => {
    const base = `0x${next.toString(16)}`;
    next += BigInt(device.size) * 1024n;
    return { ...device, base, ...(!isManaged(device) && { alias: `dimm${device.slot}` }) };
  });
  const live: MemoryView = { ...observed.live, devices: placed, guestBlock: block };
  const off = misaligned(live);
  const devices = placed.map((device, index): ObservedDevice => {
    const word = words[index] ?? "silent";
    if (word === "silent") return device;
    return { ...device, taken: word === "true" && !off.includes(device) };
  });
  return { ...observed, live: { ...live, devices } };
}

/** Sizes that can be reached with what the guest rejected, and such that can be reached only without it. */
const anyHeard: fc.Arbitrary<{ observed: Observed; desired: DesiredMemory }> = fc
  .record({
    one: anyCase.filter(({ observed }) => (observed.live?.devices.length ?? 0) > 0),
    block: fc.constantFrom(128 * MIB, 128 * MIB, 256 * MIB),
    words: fc.array(fc.constantFrom<Word>("true", "refused", "refused", "silent"), {
      minLength: 4,
      maxLength: 4,
    }),
    heal: fc.constantFrom(true, true, true, false),
    without: fc.constantFrom("nothing", "odd ones", "all refused"),
    blocks: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ one, block, words, heal, without, blocks }) => {
    const observed = heard(one.observed, block, words);
    const { shares: _, ...desired } = one.desired;
    const { devices = [], memory = 0, maxMemory } = observed.live ?? {};
    const less = devices.filter(
      ({ taken, size, alias }) =>
        taken === false &&
        without !== "nothing" &&
        (size % block !== 0 || (without === "all refused" && alias?.startsWith("dimm"))),
    );
    const wanted = less.reduce((left, { size }) => left - size, memory) + blocks * desired.alignment;
    const most = Math.max(wanted, maxMemory?.size ?? 0);
    return {
      observed,
      desired: {
        ...desired,
        allowUnplug: false,
        heal,
        memory: wanted,
        maxMemory: most,
        whenNotPossible: "error" as const,
      },
    };
  });

property.prop([anyHeard], RUNS)("only what the guest rejected is removed, and only for a repair", (one) => {
  const { observed, desired } = one;
  const devices = observed.live?.devices ?? [];
  for (const step of planMemory(desired, observed).steps) {
    if (step.kind !== "detach") continue;
    expect(desired.heal).toBe(true);
    expect(devices.find(({ alias }) => alias === step.dimm.alias)?.taken).toBe(false);
  }
});

property.prop([anyHeard], RUNS)(
  "repaired: exactly the desired size, none of ours rejected that could be plugged, and nothing left to do, killed anywhere or not",
  (one) => {
    const { observed, desired } = one;
    const { steps, outcome } = planMemory(desired, observed);
    if (!steps.some(({ kind }) => kind === "detach")) return;
    expect(["live", "nextBoot"]).toContain(outcome);
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    for (const killedAt of states) {
      const end = planMemory(desired, killedAt).steps.reduce((seen, step) => afterStep(seen, step), killedAt);
      expect(planMemory(desired, end)).toMatchObject({ outcome: "none", headline: "", steps: [] });
      const { live } = end;
      if (live === undefined) throw new Error("what was repaired is off");
      expect(live.memory).toBe(desired.memory);
      expect(end.nextBoot?.memory ?? desired.memory).toBe(desired.memory);
      // What isn't whole units, or leaves the nodes uneven, couldn't be plugged again.
      const unit = desired.target === "spread" ? Number.POSITIVE_INFINITY : dimmUnit(desired, live).size;
      const refused = misaligned(live).filter((device) => device.taken === false && isManaged(device));
      const whole = refused.filter(({ size }) => size % unit === 0);
      // A next run must be able to plug them all: one that is larger than DIMMs may be now takes more slots.
      const devices = live.devices.filter((device) => !refused.includes(device));
      const memory = live.memory - refused.reduce((sum, { size }) => sum + size, 0);
      const without = { ...end, live: { ...live, memory, devices } };
      const fit = planMemory({ ...desired, heal: false }, without).outcome === "live";
      if (fit) expect(whole).toEqual([]);
      const slots = live.devices.map(({ slot }) => slot);
      expect(new Set(slots).size).toBe(slots.length);
    }
  },
);

property.prop([anyHeard], RUNS)("what is plugged has an address that suits, behind all that stays", (one) => {
  const { observed, desired } = one;
  const { live } = observed;
  const { steps } = planMemory(desired, observed);
  const out = steps.flatMap((step) => (step.kind === "detach" ? step.dimm : []));
  const stay = (live?.devices ?? []).filter(({ alias }) => !out.some((dimm) => dimm.alias === alias));
  const end = stay.reduce((last, { base, size }) => {
    const after = BigInt(base ?? 0) + BigInt(size) * 1024n;
    return after > last ? after : last;
  }, 0n);
  for (const step of steps) {
    if (step.kind !== "attach") continue;
    const { base } = step.dimm;
    if (base === undefined) continue;
    expect(BigInt(base) % (BigInt(live?.guestBlock ?? 1) * 1024n)).toBe(0n);
    expect(BigInt(base)).toBeGreaterThanOrEqual(end);
  }
});
