import { test as forAll } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { domainUuid } from "../../provider/args/identity.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { explain } from "../../provider/explain/explanation.ts";
import { explanationJson } from "../../provider/explain/json.ts";
import { upwardSizes } from "../../provider/plan/live-sizes/up.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { anyObserved } from "../support/arbitrary-domain.ts";
import { at, observation, URI } from "../support/observations.ts";
import { ask, MIB, off, ours, paused, running, theirs, transient, view } from "../support/scene.ts";

const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/libvirt:Domain::web-1";

describe("the plan", () => {
  test("has the balloon target of a managed domain, and leaves that of others as they are", () => {
    const left = { currentMemory: 512 * MIB };
    const observed = { ...running(), live: { ...view(), ...left }, nextBoot: { ...view(), ...left } };
    const planOf = (said: Parameters<typeof observation>[1]) =>
      explain(URI, observation(observed, said), { memory: "1259MiB" }).plan;
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
    const question = { memory: "1280MiB", alignment: "128MiB", targetNode: "1", maxDimmSize: "128MiB" };
    expect(explain(URI, of, question).plan?.steps.map(({ sentence }) => sentence)).toEqual([
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
    /^the other nodes of the definition/,
  ],
])("why no size is live: %s", (_, observed, code, text) => {
  expect(explain(URI, observation(observed)).reachable).toEqual({
    reasons: [{ code, text: expect.stringMatching(text) }],
    down: [],
    reasonsDown: [{ code: "too-few-dimms", text: "there is no DIMM of this provider to remove" }],
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

describe("all options that are wrong are reported at once, in the messages of the arguments", () => {
  test.each([
    [{ memory: "1259" }, 'size "1259": has no unit; did you mean "1259MiB"?'],
    [{ memory: "0MiB" }, /^size "0MiB": must be greater than 0, e.g. /],
    [{ memory: "1.5MiB" }, 'size "1.5MiB": is not a whole number of MiB; use "1MiB" or "2MiB"'],
    [{ targetNode: "7" }, '--target-node "7": is not a node of the domain, which only has node 0'],
    [{ targetNode: "all" }, '--target-node "all": must be the number of a NUMA node (from 0) or "spread"'],
    [{ whenNotPossible: "wait" }, /^--when-not-possible "wait": must be one of "replace", "restart"/],
    [{ memory: "2GiB", maxMemory: "1GiB" }, /^size "2GiB": is 2048 MiB, above maxMemory \(1024 MiB\)/],
    [
      { memory: "much", alignment: "100MiB" },
      /^size "much": is not a valid size; .*\n--alignment "100MiB": is 100 MiB; it must be a power of two/,
    ],
  ])("%o", (question, message) => {
    expect(() => explain(URI, observation(running()), question)).toThrow(message);
  });

  test("a size that the domain has, and no program could have, is not an error", () => {
    const cap = DEFAULTS.maxMemory64Bit / MIB;
    const large = observation(running({ cells: [2 * cap], max: 4 * cap }));
    expect(explain(URI, large).reachable.up?.from).toBeGreaterThan(2 * cap * MIB);
    expect(() => explain(URI, large, { memory: `${3 * cap}MiB` })).toThrow("above the limit of");
  });
});

describe("as JSON", () => {
  const json = (...args: Parameters<typeof explain>) =>
    JSON.parse(JSON.stringify(explanationJson(explain(...args))));

  test("a domain that runs", () => {
    const devices = [at(0, ours(0, 256)), at(256, theirs(2, 100, "dimm2"))];
    const of = observation(running({ devices, max: 2048, slots: 4 }, { cells: [1259], max: 2048, slots: 4 }));
    expect(json(URI, of, { memory: "1615MiB" })).toEqual({
      format: 2,
      uri: URI,
      name: "web-1",
      uuid: "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01",
      state: "running",
      persistent: true,
      arch: "x86_64",
      machine: null,
      owner: null,
      live: {
        memory: "1359MiB",
        currentMemory: "1359MiB",
        maxMemory: "2048MiB",
        memorySlots: 4,
        freeSlots: [1, 3],
        guestBlock: "128MiB",
        baseMemory: "1003MiB",
        cells: [{ id: 0, memory: "1003MiB", cpus: null }],
        devices: [
          {
            ...{ model: "dimm", size: "256MiB", slot: 0, node: 0, base: "0x100000000" },
            ...{ alias: "ua-pulumi-dimm0", ours: true, misaligned: false, taken: null, blocks: null },
          },
          {
            ...{ model: "dimm", size: "100MiB", slot: 2, node: 0, base: "0x110000000" },
            ...{ alias: "dimm2", ours: false, misaligned: true, taken: null, blocks: null },
          },
        ],
      },
      guest: null,
      nextBoot: {
        memory: "1259MiB",
        currentMemory: "1259MiB",
        maxMemory: "2048MiB",
        memorySlots: 4,
        freeSlots: [0, 1, 2, 3],
        guestBlock: "128MiB",
        baseMemory: "1259MiB",
        cells: [{ id: 0, memory: "1259MiB", cpus: null }],
        devices: [],
      },
      pendingMemory: "1259MiB",
      reachable: {
        up: { from: "1615MiB", to: "1871MiB", step: "256MiB" },
        down: null,
        reasons: [],
        reasonsDown: [
          { code: "unplug-not-allowed", text: "hotplug.allowUnplug is false (if true: 1103 MiB)" },
        ],
      },
      plan: {
        memory: "1615MiB",
        outcome: "live",
        headline: "live: 1359 → 1615 MiB, one 256 MiB DIMM in slot 1 (1 of 4 free), no restart",
        details: [
          "maximum without a restart: 2 GiB",
          expect.stringMatching(/^the new memory starts at 0x118000000, since /),
        ],
        steps: [
          { kind: "attach", sentence: "attach a 256 MiB DIMM in slot 1, node 0, at 0x118000000" },
          { kind: "define", sentence: "set the definition to 1615 MiB of base memory for the next boot" },
        ],
        reasons: [],
        notes: ["planned as for a program that has adopted the domain (adopt: true)"],
      },
    });
  });

  test("smaller sizes that are live", () => {
    const of = observation(running({ devices: [ours(0, 256), ours(1, 512)] }, { cells: [1771] }));
    const { reachable, plan } = json(URI, of, { memory: "1003MiB", allowUnplug: true });
    expect(reachable).toMatchObject({
      down: [{ from: "1003MiB", to: "1515MiB", step: "256MiB" }],
      reasonsDown: [],
    });
    expect(plan).toMatchObject({
      outcome: "live",
      steps: [{ kind: "detach" }, { kind: "detach" }, { kind: "define" }],
    });
  });

  test("what is absent is null, and there is no plan without a size", () => {
    const never = { pendingMemory: null, owner: null };
    const gone = json(URI, observation(transient()));
    expect(gone).toMatchObject({ ...never, persistent: false, nextBoot: null, live: { memory: "1003MiB" } });
    const shut = json(URI, observation(off({ max: undefined })));
    expect(shut).toMatchObject({
      ...never,
      state: "shutoff",
      live: null,
      nextBoot: { maxMemory: null, memorySlots: 0, freeSlots: [] },
      reachable: {
        up: null,
        reasons: [{ code: "domain-off", text: expect.stringContaining("the domain is off") }],
      },
    });
    for (const one of [gone, shut]) expect(one).not.toHaveProperty("plan");
  });
});
