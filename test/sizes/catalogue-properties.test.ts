import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { FIELD_NAMES } from "../../provider/args/fields.ts";
import { checkCatalogue } from "../../provider/sizes/check-catalogue.ts";
import { inputsOf } from "../../provider/sizes/domain-arguments.ts";
import { afterPlan, planStep, startedWith } from "../../provider/sizes/walk.ts";
import type { CatalogueArgs, CatalogueEntry } from "../../sdk/catalogue-args.ts";
import { cases } from "../support/properties.ts";

const GIB = 1024;

/** Sizes in MiB. Some guests are so large that their memory blocks are larger than the step. */
const anyMemory = (step: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 24 }).map((count) => count * step) },
    { weight: 1, arbitrary: fc.integer({ min: 40, max: 80 }).map((count) => count * GIB) },
  );

const anyCatalogue: fc.Arbitrary<CatalogueArgs> = fc
  .constantFrom(128, 256, 384, 512, 640, GIB, 3 * GIB)
  .chain((step) =>
    fc
      .record({
        base: fc.constantFrom(0, 0, 1, 3, 1003),
        sizes: fc.array(fc.record({ memory: anyMemory(step), vcpus: fc.integer({ min: 1, max: 6 }) }), {
          minLength: 1,
          maxLength: 6,
        }),
        room: fc.constantFrom(0, 1, 16 * GIB),
        allowUnplug: fc.boolean(),
        memorySlots: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
        maxVcpus: fc.option(fc.integer({ min: 4, max: 12 }), { nil: undefined }),
        arch: fc.option(fc.constantFrom("x86_64", "aarch64", "ppc64le"), { nil: undefined, freq: 8 }),
      })
      .map(({ base, sizes, room, ...rest }) => {
        const all = sizes.map(({ memory, vcpus }) => ({ memory: memory + base, vcpus }));
        return {
          ...rest,
          step,
          ceiling: Math.max(...all.map(({ memory }) => memory)) + room,
          sizes: Object.fromEntries(all.map((size, index) => [`s${index}`, size])),
        } as CatalogueArgs;
      }),
  );

/** A size in one of the units that a file may have. */
const anyUnit = fc.constantFrom(
  (mib: number) => mib,
  (mib: number) => `${mib}MiB`,
  (mib: number) => `${mib * 1024} KiB`,
  (mib: number) => `${mib * 1024 * 1024}B`,
  (mib: number) => `${mib / 1024}G`,
);

const anyCpus = fc.record(
  {
    whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error"),
    machine: fc.constantFrom("q35", "pc"),
    firmware: fc.constantFrom("bios", "uefi"),
    cpu: fc.constantFrom("host-passthrough", "host-model", "qemu64"),
  },
  { requiredKeys: [] },
);

/** The same catalogue with another platform, and each size in its own unit, in any order. */
const anyWritten: fc.Arbitrary<CatalogueArgs> = fc
  .tuple(
    anyCatalogue,
    fc.option(anyCpus, { nil: {}, freq: 2 }),
    fc.array(anyUnit, { minLength: 1 }),
    fc.boolean(),
  )
  .map(([args, platform, units, isReversed]) => {
    const sizes = Object.entries(args.sizes).map(
      ([name, { memory, ...rest }], index): [string, CatalogueEntry] => [
        name,
        { ...rest, memory: units[index % units.length]?.(Number(memory)) ?? memory },
      ],
    );
    return {
      ...args,
      ...platform,
      sizes: Object.fromEntries(isReversed ? sizes.toReversed() : sizes),
    } as CatalogueArgs;
  });

function accepted(args: CatalogueArgs) {
  const checked = checkCatalogue(args);
  fc.pre(checked.failures.length === 0);
  if (checked.kind === "invalid") throw new Error("what is invalid has a failure");
  const sizes = checked.sizes.map(([name, size]) => ({ name, ...size, ...inputsOf(name, size) }));
  return { ...checked, sizes };
}

describe("for any catalogue that is accepted", () => {
  property.prop([anyWritten, fc.infiniteStream(fc.nat()), fc.nat()], cases(60))(
    "each step of any path is live, plan after plan, and a second up is empty",
    (args, choices, first) => {
      const { sizes } = accepted(args);
      const started = sizes[first % sizes.length];
      if (started === undefined) throw new Error("a catalogue has a size");
      const isAtLeast = (one: typeof started, other: typeof started) =>
        Number.parseInt(one.memory, 10) >= Number.parseInt(other.memory, 10) && one.vcpus >= other.vcpus;
      let place = startedWith(started.inputs);
      let present = started;
      for (let length = 0; length < 12; length += 1) {
        const promised = sizes.filter(
          (to) => to !== present && isAtLeast(to, args.allowUnplug ? started : present),
        );
        const { value } = choices.next();
        const to = promised[value % promised.length];
        if (to === undefined) return;
        const plan = planStep(place, to.inputs);
        expect(plan.outcome, `${started.name} … ${present.name} → ${to.name}: ${plan.headline}`).toBe("live");
        place = afterPlan(place, to.inputs, plan);
        expect(planStep(place, to.inputs).outcome).toBe("none");
        present = to;
      }
    },
  );

  property.prop([anyWritten], cases(30))(
    "a domain of each size passes the check of its arguments",
    (args) => {
      for (const { failures, maxMemory, vcpus, maxVcpus } of accepted(args).sizes) {
        expect(failures).toEqual([]);
        expect(maxMemory).toBe(`${args.ceiling}MiB`);
        expect(vcpus).toBeLessThanOrEqual(maxVcpus);
      }
    },
  );
});

property.prop([anyCatalogue], cases(60))("a catalogue is refused with reasons, or accepted", (args) => {
  const checked = checkCatalogue(args);
  const broken = checked.kind === "planned" && checked.steps.broken.length > 0;
  expect(checked.failures.length > 0).toBe(checked.kind === "invalid" || broken);
  for (const { property: path, reason } of checked.failures) {
    expect(path).toMatch(/^(sizes|memorySlots|maxVcpus|step|ceiling)/);
    expect(reason).toMatch(/^(is|equals|need|has) /);
  }
});

/** The keys of a catalogue, and of its sizes. */
const KEYS = [
  ...["sizes", "memory", "vcpus", "ceiling", "step", "allowUnplug", "whenNotPossible"],
  ...["memorySlots", "maxVcpus", "arch", "machine", "firmware", "cpu"],
];

/** The domain's arguments that a catalogue doesn't have. Some are English words as well. */
const ELSEWHERE = [...FIELD_NAMES, "maxDimmSize", "alignment", "targetNode", "awaitGuest"].filter(
  (name) => ![...KEYS, "boot", "name"].includes(name),
);

const anyPlatform = fc.record(
  {
    arch: fc.constantFrom("x86_64", "aarch64", "ppc64le"),
    machine: fc.constantFrom("q35", "pc", "virt", "pseries", "microvm", "isapc"),
    firmware: fc.constantFrom("bios", "uefi"),
    cpu: fc.constantFrom("host-passthrough", "qemu64"),
    whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error"),
    maxVcpus: fc.constantFrom(1, 8, 255, 300),
  },
  { requiredKeys: [] },
);

property.prop([anyCatalogue, anyPlatform, fc.constantFrom(1, 1, 64, 1024)], cases(150))(
  "a message names arguments that a catalogue has",
  (args, platform, factor) => {
    const larger = (size: unknown) => Number(size) * factor;
    const sizes = Object.entries(args.sizes).map(([name, size]) => [
      name,
      { ...size, memory: larger(size.memory) },
    ]);
    const ceiling = larger(args.ceiling);
    const whole = { ...args, ...platform, ceiling, sizes: Object.fromEntries(sizes) };
    for (const { property: path, reason } of checkCatalogue(whole).failures) {
      expect(KEYS).toContain(path.split(".")[0]);
      const named = ELSEWHERE.filter((name) => new RegExp(`(?<![-\\w])${name}(?![-\\w])`).test(reason));
      // A limit of the stack configuration has its prefix.
      expect(
        named.filter((name) => !reason.includes(`libvirt-${name}:`)),
        reason,
      ).toEqual([]);
    }
  },
);
