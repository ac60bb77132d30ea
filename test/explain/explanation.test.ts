import { test as forAll } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { domainUuid } from "../../provider/args/identity.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { explain } from "../../provider/explain/explanation.ts";
import { upwardSizes } from "../../provider/plan/live-sizes/up.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { anyObserved } from "../support/arbitrary-domain.ts";
import { URN } from "../support/arbitrary-inputs.ts";
import { observation, URI } from "../support/observations.ts";
import { ask, MIB, ours, paused, running, theirs, view } from "../support/scene.ts";

describe("the plan", () => {
  test("has the balloon target of a managed domain, and keeps that of an unmanaged one", () => {
    const left = { currentMemory: 512 * MIB };
    const observed = { ...running(), live: { ...view(), ...left }, nextBoot: { ...view(), ...left } };
    const planOf = (managed: Parameters<typeof observation>[1]) =>
      explain(URI, observation(observed, managed), { memory: "1259MiB" }).plan;
    const ours = planOf({ urn: URN });
    expect(ours?.steps.map(({ kind }) => kind)).toEqual(["attach", "define", "balloon"]);
    expect(ours?.notes).toEqual([
      "assumes that the program has currentMemory 512 MiB, as the definition does",
    ]);
    expect(planOf({})?.steps.map(({ kind }) => kind)).toEqual(["attach", "define"]);
  });

  test("is the planner's, for a program with the defaults that carries ceiling and slots over", () => {
    const observed = running({ max: 4096, slots: 4 });
    const adopted = true;
    for (const mib of [1003, 1259, 1300, 4000, 9000]) {
      const max = mib > 4096 ? 4 * mib : 4096;
      const { plan } = explain(URI, observation(observed), { memory: `${mib}MiB` });
      const { layout: _, ...planned } = planMemory(ask(mib, { max, slots: 4, adopted }), observed);
      expect(plan).toEqual({
        ...planned,
        memory: mib * MIB,
        notes: [expect.stringContaining("adopt: true")],
      });
    }
    expect(ask(1).alignment).toBe(DEFAULTS.alignment);
  });

  test("follows the options", () => {
    const of = observation(running({ cells: [512, 512] }));
    const options = { memory: "1280MiB", alignment: "128MiB", targetNode: "1", maxDimmSize: "128MiB" };
    expect(explain(URI, of, options).plan?.steps.map(({ sentence }) => sentence)).toEqual([
      "attach a 128 MiB DIMM in slot 0, node 1",
      "attach a 128 MiB DIMM in slot 1, node 1",
      "set the definition to 1280 MiB of base memory for the next boot",
    ]);
    expect(explain(URI, of, { memory: "1100MiB", whenNotPossible: "error" }).plan?.outcome).toBe("refuse");
    expect(explain(URI, of, { memory: "1100MiB", whenNotPossible: "restart" }).plan?.outcome).toBe("restart");
  });

  test("replaces what this provider made, and never what it adopted", () => {
    const outcome = (uuid: string) =>
      explain(URI, observation(running(), { urn: URN, uuid }), { memory: "1100MiB" }).plan?.outcome;
    expect(outcome(domainUuid(URN))).toBe("replace");
    expect(outcome("5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01")).toBe("refuse");
  });
});

forAll.prop([anyObserved])(
  "the live sizes are those of the planner, and where there are none, there is a reason",
  (observed) => {
    const { reachable } = explain(URI, observation(observed));
    const view = observed.nextBoot ?? observed.live;
    const { size, slots = 16 } = view?.maxMemory ?? { size: view?.memory ?? 0 };
    const desired = {
      ...ask(1, { slots, adopted: true }),
      maxMemory: size,
      memory: observed.live?.memory ?? 0,
    };
    expect(reachable.up).toEqual(upwardSizes(desired, observed));
    expect(reachable.reasons.length > 0).toBe(reachable.up === undefined);
  },
);

test.each([
  ["no room", running({ max: 1100 }), "beyond-max-memory", /^1259 MiB exceeds 1100 MiB, the maximum/],
  [
    "no slot",
    running({ devices: [theirs(0, 256)], slots: 1 }),
    "slots-exhausted",
    /^the only memory slot is in use/,
  ],
  [
    "a full definition",
    running({ cells: [512, 512] }, { cells: [512, 8192] }),
    "definition-beyond-max-memory",
    /^the definition's other nodes/,
  ],
])("why no size is live: %s", (_, observed, code, text) => {
  expect(explain(URI, observation(observed)).reachable).toEqual({
    reasons: [{ code, text: expect.stringMatching(text) }],
    down: [],
    reasonsDown: [{ code: "too-few-dimms", text: "the domain has no DIMM managed by this provider" }],
  });
});

test.each<[string, Parameters<typeof explain>[1]["observed"], string, RegExp]>([
  [
    "not allowed",
    running({ devices: [ours(0, 256)] }),
    "unplug-not-allowed",
    /allowUnplug is false \(if true: 1003 MiB\)$/,
  ],
  ["a paused guest", paused(running({ devices: [ours(0, 256)] })), "domain-paused", /^the domain is paused/],
])("why no smaller size is live: %s", (_, observed, code, text) => {
  const { down, reasonsDown } = explain(URI, observation(observed)).reachable;
  expect([down, reasonsDown]).toEqual([[], [{ code, text: expect.stringMatching(text) }]]);
});

const anyOptions = fc.record(
  {
    alignment: fc.constantFrom("128MiB", "512MiB"),
    targetNode: fc.constantFrom("0", "spread"),
    maxDimmSize: fc.constantFrom("512MiB", "1GiB"),
    allowUnplug: fc.boolean(),
  },
  { requiredKeys: [] },
);

forAll.prop([anyObserved, anyOptions])(
  "a size that is listed as live is planned as live",
  (observed, options) => {
    const of = observation(observed);
    // An alignment above the ceiling is an error of its own.
    fc.pre((of.definition.maxMemory?.size ?? of.definition.memory) >= 512 * MIB);
    const { up, down, reasonsDown } = explain(URI, of, options).reachable;
    expect(reasonsDown.length > 0).toBe(down.length === 0);
    for (const size of [...(up ? [up] : []), ...down].flatMap(({ from, to }) => [from, to])) {
      const { plan } = explain(URI, of, { ...options, memory: `${size / MIB}MiB` });
      expect(plan?.outcome, plan?.headline).toBe("live");
    }
  },
);
