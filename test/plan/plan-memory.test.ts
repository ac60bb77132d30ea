import { describe, expect, test } from "vitest";
import { afterStep } from "../../provider/plan/after-step.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import { noChange, type Outcome } from "../../provider/plan/plan.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import type { ReasonCode } from "../../provider/plan/reason-codes.ts";
import { planned } from "../support/planned.ts";
import { ask, MIB, off, ours, running, theirs, transient } from "../support/scene.ts";
import { keptByRestart, maximum, nextBoot, replaceCosts } from "./outcomes/row.ts";

/** What isn't a row of docs/outcomes.md: test/plan/outcomes has those. */
interface Row {
  name: string;
  from: Observed;
  desired: DesiredMemory;
  outcome: Outcome;
  headline: string;
  details?: string[];
  codes?: ReasonCode[];
}

const live: Row[] = [
  {
    name: "several blocks at once",
    from: running(),
    desired: ask(3051),
    outcome: "live",
    headline: "live: 1003 → 3051 MiB, one 2 GiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum],
  },
  {
    name: "up to maxMemory with the last slot",
    from: running({ max: 1259, slots: 1 }),
    desired: ask(1259, { max: 1259, slots: 1 }),
    outcome: "live",
    headline: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (0 of 1 free), no restart",
    details: [
      "maximum without a restart: 1259 MiB",
      "memory reaches maxMemory: the next boot has no headroom unless maxMemory is raised",
    ],
  },
  {
    name: "up to the old maximum, and a higher one",
    from: running({ max: 1259 }),
    desired: ask(1259, { max: 8192 }),
    outcome: "live",
    headline: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: ["maximum without a restart: 1259 MiB", "the maximum of 8 GiB takes effect at the next boot"],
  },
  {
    name: "up to a lowered maximum",
    from: running(),
    desired: ask(1259, { max: 1259 }),
    outcome: "live",
    headline: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum, "memory reaches maxMemory: the next boot has no headroom unless maxMemory is raised"],
  },
  {
    name: "transient, up to maxMemory",
    from: transient({ max: 1259 }),
    desired: ask(1259, { max: 1259 }),
    outcome: "live",
    headline: "live: 1003 → 1259 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [
      "maximum without a restart: 1259 MiB",
      "the domain is transient: the new size is lost when it stops",
    ],
  },
  {
    name: "a smaller alignment",
    from: running(),
    desired: ask(1131, { alignment: 128 }),
    outcome: "live",
    headline: "live: 1003 → 1131 MiB, one 128 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum],
  },
  {
    name: "DIMMs not managed here in slots with gaps, with and without aliases, only in the running domain",
    from: running({ devices: [theirs(0, 100), theirs(2, 256, "ua-hers")] }, { cells: [1003] }),
    desired: ask(1615),
    outcome: "live",
    headline: "live: 1359 → 1615 MiB, one 256 MiB DIMM in slot 1 (13 of 16 free), no restart",
    details: [maximum],
  },
  {
    name: "the same in both definitions",
    from: running({ devices: [theirs(0, 256, "ua-hers"), theirs(1, 256)] }),
    desired: ask(1771),
    outcome: "live",
    headline: "live: 1515 → 1771 MiB, one 256 MiB DIMM in slot 2 (13 of 16 free), no restart",
    details: [maximum],
  },
  {
    name: "a DIMM without a slot counts in the lowest free one",
    from: running({ devices: [theirs(undefined, 256), theirs(1, 256)] }),
    desired: ask(1771),
    outcome: "live",
    headline: "live: 1515 → 1771 MiB, one 256 MiB DIMM in slot 2 (13 of 16 free), no restart",
    details: [maximum],
  },
  {
    name: "virtio-mem uses no slot",
    from: running({ devices: [{ model: "virtio-mem", size: 262_144, requested: 262_144, node: 0 }] }),
    desired: ask(1515),
    outcome: "live",
    headline: "live: 1259 → 1515 MiB, one 256 MiB DIMM in slot 0 (15 of 16 free), no restart",
    details: [maximum],
  },
  {
    name: "a definition that someone changed",
    from: running({}, { cells: [2048] }),
    desired: ask(1003),
    outcome: "live",
    headline: "live: 2048 → 1003 MiB in the definition (the running domain already has it)",
  },
  {
    name: "only the maximum, while the domain is off",
    from: off(),
    desired: ask(1003, { max: 16384, slots: 32 }),
    outcome: "live",
    headline: "live: maxMemory 16 GiB in 32 slots in the definition (the domain is off)",
  },
  {
    name: "no headroom, while the domain is off",
    from: off(),
    desired: ask(1003, { max: 1003 }),
    outcome: "live",
    headline: "live: no headroom above 1003 MiB in the definition (the domain is off)",
  },
];

const later: Row[] = [
  {
    name: "a maximum equal to the memory",
    from: running(),
    desired: ask(1003, { max: 1003 }),
    outcome: "nextBoot",
    headline: "next boot: no headroom above 1003 MiB, after a shutdown and start",
    details: [nextBoot],
  },
  {
    name: "a DIMM of ours in the definition",
    from: running({ devices: [ours(0, 256)] }),
    desired: ask(1259),
    outcome: "nextBoot",
    headline: "next boot: 1259 MiB of base memory, after a shutdown and start",
    details: [nextBoot],
  },
];

const replaced: Row[] = [
  {
    name: "less than one block",
    from: running({ cells: [1259] }),
    desired: ask(1300),
    outcome: "replace",
    headline: "replace: 1259 → 1300 MiB is not a multiple of 256 MiB (live: 1515 MiB)",
    details: [
      "sizes that work without a restart: 1259 MiB (current), 1515 MiB; range 1515–8171 MiB, step 256 MiB",
      replaceCosts,
      keptByRestart,
    ],
    codes: ["not-aligned"],
  },
  {
    name: "several reasons at once",
    from: running({ acpi: false, max: 1200 }),
    desired: ask(1300),
    outcome: "replace",
    headline: "replace: 1003 → 1300 MiB needs ACPI, which the domain doesn't have",
    details: ["no other size works without a restart", replaceCosts, keptByRestart],
    codes: ["no-acpi", "not-aligned", "beyond-max-memory"],
  },
  {
    name: "another tool's size, in KiB",
    from: running({ devices: [theirs(0, 0.5)] }),
    desired: ask(1259),
    outcome: "replace",
    headline: "replace: 1027584 KiB → 1259 MiB is not a multiple of 256 MiB (live: 1289728 KiB)",
    details: [
      "sizes that work without a restart: 1027584 KiB (current), 1289728 KiB; range 1289728 KiB–8367616 KiB, step 256 MiB",
      replaceCosts,
      keptByRestart,
    ],
    codes: ["not-aligned"],
  },
];

const refused: Row[] = [
  {
    name: "a target node that only a look at the domain shows to be missing",
    from: running({ cells: [512, 512] }),
    desired: ask(1280, { target: 2 }),
    outcome: "refuse",
    headline: "refused: hotplug.targetNode is 2, but the domain only has nodes 0 and 1",
    details: ["set hotplug.targetNode to a node of the domain"],
    codes: ["target-node-missing"],
  },
  {
    name: "the same, while nothing runs",
    from: off(),
    desired: ask(1259, { target: 1 }),
    outcome: "refuse",
    headline: "refused: hotplug.targetNode is 1, but the domain only has node 0",
    details: ["set hotplug.targetNode to a node of the domain"],
    codes: ["target-node-missing"],
  },
  {
    name: "too little beside devices not managed here, while the domain is off",
    from: off({ devices: [theirs(0, 2048)] }),
    desired: ask(2048),
    outcome: "refuse",
    headline: "refused: 2048 MiB can't be defined: other nodes and devices use 2048 MiB",
    details: ["set memory to more than 2048 MiB, or remove those devices from the definition"],
    codes: ["definition-too-small"],
  },
];

const nothing: [name: string, from: Observed, desired: DesiredMemory][] = [
  ["running as desired", running(), ask(1003)],
  ["grown, with the definition", running({ devices: [ours(0, 256)] }, { cells: [1259] }), ask(1259)],
  [
    "grown to maxMemory",
    running({ max: 1259, devices: [ours(0, 256)] }, { cells: [1259], max: undefined }),
    ask(1259, { max: 1259 }),
  ],
  ["off as desired", off(), ask(1003)],
  [
    "transient as desired, with applyOn nextBoot, though it has no next boot",
    transient(),
    ask(1003, { applyOn: "nextBoot" }),
  ],
  ["transient as desired", transient(), ask(1003, { max: 16384 })],
  ["an empty cell 0 that is desired", off({ cells: [0, 1003] }), ask(1003)],
];

test("a domain without any node gets one with its first maximum, which needs it, and then nothing is left", () => {
  const observed = running({ cells: [], max: undefined });
  const desired = ask(1259, { whenNotPossible: "nextBoot" });
  const { steps } = planMemory(desired, observed);
  expect(steps).toMatchObject([
    { kind: "define", definition: { cells: [{ id: 0, memory: 1259 * MIB }], maxMemory: { slots: 16 } } },
  ]);
  expect(
    planMemory(
      desired,
      steps.reduce((before, step) => afterStep(before, step), observed),
    ).steps,
  ).toEqual([]);
});

test("a domain without any node is left without one where nothing can be plugged", () => {
  const observed = running({ cells: [], max: undefined, acpi: false });
  const { steps } = planMemory(ask(1259, { whenNotPossible: "nextBoot" }), observed);
  expect(steps).toMatchObject([{ kind: "define", definition: { memory: 1259 * MIB, cells: [] } }]);
});

test("spread beside a DIMM not managed here that is pending for the next boot, killed after any step, it is settled", () => {
  const cells = [768, 768, 2048];
  const observed = running({ cells }, { cells, devices: [theirs(0, 160)] });
  const desired = ask(4352, { shares: cells, target: "spread" });
  const { steps } = planMemory(desired, observed);
  expect(steps.map(({ kind }) => kind)).toEqual(["attach", "attach", "attach", "define"]);
  for (const count of steps.keys()) {
    const killedAt = steps.slice(0, count).reduce((before, step) => afterStep(before, step), observed);
    const rest = planMemory(desired, killedAt).steps;
    const end = rest.reduce((before, step) => afterStep(before, step), killedAt);
    expect(planMemory(desired, end)).toMatchObject({ outcome: "none", steps: [] });
    expect(end.nextBoot?.memory).toBe(4352 * MIB);
  }
});

describe.each([
  ["live", live],
  ["at the next boot", later],
  ["by a replace", replaced],
  ["refused", refused],
])("%s", (_, rows) => {
  test.each(rows)("$name", ({ from, desired, outcome, headline, details = [], codes = [] }) => {
    const before = structuredClone(from);
    expect(planned(planMemory(desired, from))).toEqual({ outcome, headline, details, codes });
    expect(from).toEqual(before);
  });
});

test.each(nothing)("nothing to do: %s", (_, from, desired) => {
  expect(planMemory(desired, from)).toEqual(noChange());
});
