import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { FIELD_NAMES, type FieldName } from "../../provider/args/fields.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import type { Outcome, Plan } from "../../provider/plan/plan.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { planUpdate } from "../../provider/plan/plan-update.ts";
import { permittedPlan, previewedPlan } from "../../provider/plan/preview-contract.ts";
import { anyCase } from "../support/arbitrary-domain.ts";
import { anyWholeCase } from "../support/arbitrary-whole.ts";
import { cases } from "../support/properties.ts";
import { ask, checkedInputs, MIB, off, ours, running, theirs, vmem } from "../support/scene.ts";

const PREFIXES: Record<Exclude<Outcome, "none">, string> = {
  live: "live: ",
  nextBoot: "next boot: ",
  restart: "restart: ",
  replace: "replace: ",
  refuse: "refused: ",
  unknown: "unknown: ",
};

function expectHeadline({ outcome, headline, details, steps }: Plan, hasSettings = false): void {
  if (outcome === "none") {
    if (hasSettings) expect(headline).toMatch(/^setting only: /);
    else expect(headline).toBe("");
  } else expect(headline.startsWith(PREFIXES[outcome])).toBe(true);
  expect(headline.length, headline).toBeLessThanOrEqual(120);
  const sentences = steps.map(({ sentence }) => sentence);
  for (const line of [headline, ...details, ...sentences])
    expect(line).not.toMatch(/\n|undefined|NaN|\d\.\d|: $|[;,] ?$| {2}/);
  for (const line of [...details, ...sentences]) expect(line).not.toBe("");
  expect(new Set(details).size).toBe(details.length);
}

const SIZES: ReadonlySet<string> = new Set([
  ...["memory", "size", "currentMemory", "requested", "current", "block", "maxMemory", "alignment"],
  ...["maxDimmSize", "pageSize", "guestBlock", "pending", "told"],
]);

/** The same with every size so many times as large: the figures of a headline get longer. */
function scaled<T>(value: T, factor: number): T {
  const scale = (key: string, one: unknown): unknown => {
    if (typeof one === "number") return SIZES.has(key) ? one * factor : one;
    if (Array.isArray(one)) return one.map((item) => scale(key, item));
    if (typeof one !== "object" || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, scale(name, inner)]));
  };
  return scale("", value) as T;
}

/** Up to figures of 16 digits, in KiB where they aren't whole MiB. */
const factor = fc.constantFrom(1, 2 ** 20, 1_048_573);

describe("a headline is one line of at most 120 characters that begins with the outcome", () => {
  property.prop([fc.oneof(anyCase, anyWholeCase), factor, fc.boolean(), fc.boolean()], cases(600))(
    "of the memory",
    (one, times, stopping, balloonReleased) => {
      const { observed, desired } = scaled<{ observed: Observed; desired: DesiredMemory }>(one, times);
      expectHeadline(planMemory(desired, observed));
      expectHeadline(planMemory(desired, observed, { stopping, balloonReleased, numaChanged: true }));
      expectHeadline(planMemory(desired, observed, { recorded: observed.live?.memory ?? 0 }));
    },
  );

  const before = checkedInputs;
  const memories = fc.record({
    memory: fc.constantFrom("1003MiB", "1259MiB", "1300MiB", "747MiB", "8192MiB"),
    hotplug: fc.record({
      whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error"),
      applyOn: fc.constantFrom("now", "nextBoot"),
    }),
    running: fc.boolean(),
    currentMemory: fc.constantFrom(undefined, "512MiB"),
  });
  const others = FIELD_NAMES.filter(
    (name) => !(name in before) && !["hotplug", "numa", "currentMemory", "guestWidth"].includes(name),
  );
  const lists: Record<string, object[]> = {
    disks: [{ file: `/${"long/".repeat(30)}` }, { name: "data", file: "/data", bus: "sata" }],
    interfaces: [{ name: "x".repeat(32), network: "n".repeat(64), mac: "52:54:00:00:00:01" }],
  };
  const NUMBERS: Partial<Record<FieldName, unknown>> = {
    ...{ vcpus: 3, maxVcpus: 8 },
    cpuTopology: { sockets: 2, cores: 3 },
  };
  const anyUpdate = fc
    .record({
      memories,
      changed: fc.oneof(fc.subarray(others), fc.constant(others)),
      named: fc.boolean(),
      observed: fc.constantFrom<Observed>(
        running(),
        off(),
        running({ devices: [ours(0, 256)] }, { cells: [1259] }),
        withPorts(0),
        withPorts(8),
      ),
      adopted: fc.boolean(),
    })
    .map(({ memories: { currentMemory, ...memory }, changed, named, observed, adopted }) => {
      const change = Object.fromEntries(
        changed.map((name) => [name, lists[name] ?? NUMBERS[name] ?? `other ${name}`]),
      );
      const inputs = {
        ...before,
        ...change,
        guestWidth: 64,
        ...memory,
        ...(named && { name: "front" }),
        ...(currentMemory !== undefined && { currentMemory }),
      } as Inputs;
      const recorded = observed.nextBoot?.memory;
      return planUpdate({ inputs, before, observed, recorded, defaults: DEFAULTS, adopted });
    });

  property.prop([anyUpdate, anyUpdate], cases(600))("of a whole update", (first, second) => {
    for (const plan of [
      first,
      previewedPlan(first, second),
      permittedPlan(first, second),
      permittedPlan(undefined, second),
    ])
      expectHeadline(plan, plan.settings.length > 0);
  });

  const many = Array.from({ length: 64 }, (_, node) => node);
  const huge = 2 ** 42;

  test.each<[name: string, DesiredMemory, Observed]>([
    [
      "200 DIMMs",
      ask(52_203, { max: 99_999, slots: 256, maxDimmSize: 256 }),
      running({ max: 99_999, slots: 256 }),
    ],
    [
      "DIMMs in every other slot",
      ask(1003 + 256 * 20, { slots: 256, maxDimmSize: 256 }),
      running({ slots: 256, devices: many.slice(0, 9).map((slot) => theirs(slot * 2, 128)) }),
    ],
    [
      "64 nodes",
      ask(64 * 1280, { max: 999_999, slots: 256, target: "spread" }),
      running({ cells: many.map(() => 1024), max: 999_999, slots: 256 }),
    ],
    [
      "64 virtio-mem devices",
      ask(64 * 1280, { max: 999_999, target: "spread", device: "virtio-mem" }),
      running({ cells: many.map(() => 1024), devices: many.map((node) => vmem(node, 4096)), max: 999_999 }),
    ],
    [
      "64 DIMMs to remove",
      ask(64 * 1024, { max: 999_999, target: "spread", allowUnplug: true }),
      running({
        cells: many.map(() => 1024),
        devices: many.map((node) => ours(node, 256, node)),
        slots: 256,
      }),
    ],
    ["huge sizes", ask(huge * 2, { max: huge * 2 }), running({ cells: [huge], max: huge * 2 })],
    [
      "huge sizes that aren't aligned",
      ask(huge + 1, { max: huge * 2 }),
      running({ cells: [huge], max: huge * 2 }),
    ],
    [
      "no such node of 64",
      ask(99_999, { target: 99, max: 999_999 }),
      running({ cells: many.map(() => 1024) }),
    ],
    [
      "a machine type with a long name",
      ask(1259),
      running({ arch: "aarch64", machine: `raspi${"-and-more".repeat(30)}` }),
    ],
    [
      "an architecture with a long name",
      ask(1259, { device: "virtio-mem" }),
      running({ arch: "arch".repeat(50), devices: [vmem(0, 4096)] }),
    ],
  ])("with %s", (_, desired, observed) => {
    const plan = planMemory(desired, observed);
    expect(plan.outcome).not.toBe("none");
    expectHeadline(plan);
    expectHeadline(planMemory({ ...desired, currentMemory: 512 * MIB }, observed));
  });
});

function withPorts(freePorts: number): Observed {
  const { live, ...domain } = running();
  return { ...domain, ...(live && { live: { ...live, freePorts } }) };
}
