import { describe, expect, test } from "vitest";
import type { Observed } from "../../provider/plan/observed.ts";
import type { Outcome } from "../../provider/plan/plan.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { ask, MIB, off, ours, paused, running, theirs, transient } from "../support/scene.ts";
import { afterStep } from "../support/simulate.ts";

const replaceCosts =
  'the domain is shut down, deleted and created anew: disk files are kept; NVRAM, TPM state, snapshots and changes made by hand are not; hotplug.whenNotPossible "restart" would keep them';
const nextBoot =
  "takes effect when the domain is next shut down and started; a reboot inside the guest isn't enough";
const cantShrink = (less: string) =>
  `memory that a running domain was started with can't be taken away (${less} less is asked)`;

/** What is there, what is asked, what follows, and what the preview says. */
type Row = [name: string, from: Observed, desired: ReturnType<typeof ask>, Outcome, string];

const live: Row[] = [
  [
    "hot-pluggable",
    running(),
    ask(1259),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart",
  ],
  [
    "several blocks at once",
    running(),
    ask(3051),
    "live",
    "hot-plug 2 GiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 3051 MiB of at most 8 GiB; no restart",
  ],
  [
    "counted from what is plugged already",
    running({ devices: [ours(0, 256)] }, { cells: [1259] }),
    ask(1515),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 1 (14 of 16 free after), node 0; 1259 → 1515 MiB of at most 8 GiB; no restart",
  ],
  [
    "the last slot",
    running({ slots: 1 }),
    ask(1259, { slots: 1 }),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (0 of 1 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the last slot goes: the next increase needs the domain shut down and started first",
  ],
  [
    "right up to the ceiling",
    running({ max: 1259 }),
    ask(1259, { max: 1259 }),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 1259 MiB; no restart; the ceiling is reached: the next boot has no headroom unless maxMemory is raised",
  ],
  [
    "right up to the ceiling with the last slot",
    running({ max: 1259, slots: 1 }),
    ask(1259, { max: 1259, slots: 1 }),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (0 of 1 free after), node 0; 1003 → 1259 MiB of at most 1259 MiB; no restart; the ceiling is reached: the next boot has no headroom unless maxMemory is raised",
  ],
  [
    "growth and a higher ceiling",
    running(),
    ask(1259, { max: 16384 }),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the maximum of 16 GiB takes effect at the next boot",
  ],
  [
    "growth right up to the old ceiling and a higher one",
    running({ max: 1259 }),
    ask(1259, { max: 8192 }),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 1259 MiB; no restart; the maximum of 8 GiB takes effect at the next boot",
  ],
  [
    "growth right up to a lowered ceiling",
    running(),
    ask(1259, { max: 1259 }),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the ceiling is reached: the next boot has no headroom unless maxMemory is raised",
  ],
  [
    "paused",
    paused(running()),
    ask(1259),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the domain is paused: the guest sees the memory, and can confirm it, when it resumes",
  ],
  [
    "transient",
    transient(),
    ask(1259),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 8 GiB; no restart; the domain is transient, so the new size ends with it",
  ],
  [
    "transient, right up to the ceiling",
    transient({ max: 1259 }),
    ask(1259, { max: 1259 }),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1259 MiB of at most 1259 MiB; no restart; the domain is transient, so the new size ends with it",
  ],
  [
    "a smaller alignment",
    running(),
    ask(1131, { alignment: 128 }),
    "live",
    "hot-plug 128 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1003 → 1131 MiB of at most 8 GiB; no restart",
  ],
  [
    "other people's DIMMs in slots with gaps, aliases or not, in the running domain alone",
    running({ devices: [theirs(0, 100), theirs(2, 256, "ua-hers")] }, { cells: [1003] }),
    ask(1615),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 1 (13 of 16 free after), node 0; 1359 → 1615 MiB of at most 8 GiB; no restart",
  ],
  [
    "the same in both definitions",
    running({ devices: [theirs(0, 256, "ua-hers"), theirs(1, 256)] }),
    ask(1771),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 2 (13 of 16 free after), node 0; 1515 → 1771 MiB of at most 8 GiB; no restart",
  ],
  [
    "a DIMM whose slot isn't said takes the lowest free one",
    running({ devices: [theirs(undefined, 256), theirs(1, 256)] }),
    ask(1771),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 2 (13 of 16 free after), node 0; 1515 → 1771 MiB of at most 8 GiB; no restart",
  ],
  [
    "virtio-mem takes no slot",
    running({ devices: [{ model: "virtio-mem", size: 262_144, requested: 262_144, node: 0 }] }),
    ask(1515),
    "live",
    "hot-plug 256 MiB as 1 DIMM into slot 0 (15 of 16 free after), node 0; 1259 → 1515 MiB of at most 8 GiB; no restart",
  ],
  [
    "a fold that was interrupted",
    running({ devices: [ours(0, 256)] }, {}),
    ask(1259),
    "live",
    "the running domain has 1259 MiB; its definition goes 1003 → 1259 MiB; no restart",
  ],
  [
    "a definition that somebody changed",
    running({}, { cells: [2048] }),
    ask(1003),
    "live",
    "the running domain has 1003 MiB; its definition goes 2048 → 1003 MiB; no restart",
  ],
  [
    "growth while the domain is off",
    off(),
    ask(1300),
    "live",
    "the domain is off: its definition goes 1003 → 1300 MiB of at most 8 GiB",
  ],
  [
    "a decrease while the domain is off",
    off(),
    ask(500),
    "live",
    "the domain is off: its definition goes 1003 → 500 MiB of at most 8 GiB",
  ],
  [
    "the ceiling alone while the domain is off",
    off(),
    ask(1003, { max: 16384, slots: 32 }),
    "live",
    "the domain is off: its definition gets at most 16 GiB in 32 slots",
  ],
  [
    "no headroom while the domain is off",
    off(),
    ask(1003, { max: 1003 }),
    "live",
    "the domain is off: its definition gets no headroom above 1003 MiB",
  ],
];

const later: Row[] = [
  [
    "the ceiling alone",
    running(),
    ask(1003, { max: 16384 }),
    "nextBoot",
    `at most 16 GiB in 16 slots: ${nextBoot}`,
  ],
  ["slots alone", running(), ask(1003, { slots: 32 }), "nextBoot", `at most 8 GiB in 32 slots: ${nextBoot}`],
  [
    "a ceiling that is the memory",
    running(),
    ask(1003, { max: 1003 }),
    "nextBoot",
    `no headroom above 1003 MiB: ${nextBoot}`,
  ],
  [
    "a DIMM of ours in the definition",
    running({ devices: [ours(0, 256)] }),
    ask(1259),
    "nextBoot",
    `1259 MiB as base memory: ${nextBoot}`,
  ],
];

const replaced: Row[] = [
  [
    "unaligned",
    running(),
    ask(1300),
    "replace",
    `replace: 1003 → 1300 MiB can't be hot-plugged: the increase of 297 MiB is no multiple of 256 MiB; live from here: 1259 MiB; 1515 MiB (1259 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  ],
  [
    "less than one block",
    running({ cells: [1259] }),
    ask(1300),
    "replace",
    `replace: 1259 → 1300 MiB can't be hot-plugged: the increase of 41 MiB is no multiple of 256 MiB; live from here: 1259 MiB, which it has; 1515 MiB (1515 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  ],
  [
    "beyond the ceiling that the domain was started with",
    running({ max: 2048 }),
    ask(2283, { max: 4096 }),
    "replace",
    `replace: 1003 → 2283 MiB can't be hot-plugged: 2283 MiB is beyond 2 GiB, the maximum that the running domain was started with; live from here: 2027 MiB (1259 MiB to 2027 MiB in steps of 256 MiB); ${replaceCosts}`,
  ],
  [
    "no ceiling",
    running({ max: undefined }),
    ask(1259),
    "replace",
    `replace: 1003 → 1259 MiB can't be hot-plugged: the running domain was started without maxMemory, so it has neither slots nor room for DIMMs; no other size is live from 1003 MiB; ${replaceCosts}; with it come 16 slots and room up to 8 GiB, so that later increases are live`,
  ],
  [
    "slots used up",
    running({ slots: 1, devices: [ours(0, 256)] }, { cells: [1259], slots: 1 }),
    ask(1515, { slots: 1 }),
    "replace",
    `replace: 1259 → 1515 MiB can't be hot-plugged: all 1 memory slots are used; they are free again when the domain has been shut down and started; no other size is live from 1259 MiB; ${replaceCosts}`,
  ],
  [
    "a ceiling without slots",
    running({ slots: undefined }),
    ask(1259),
    "replace",
    `replace: 1003 → 1259 MiB can't be hot-plugged: the running domain was started without memory slots; no other size is live from 1003 MiB; ${replaceCosts}`,
  ],
  [
    "no ACPI",
    running({ acpi: false }),
    ask(1259),
    "replace",
    `replace: 1003 → 1259 MiB can't be hot-plugged: the domain has no ACPI, by which the guest learns of new memory; no other size is live from 1003 MiB; ${replaceCosts}`,
  ],
  [
    "no cell",
    running({ cells: [] }),
    ask(1259),
    "replace",
    `replace: 1003 → 1259 MiB can't be hot-plugged: the running domain has no NUMA node 0 to plug into; no other size is live from 1003 MiB; ${replaceCosts}`,
  ],
  [
    "several reasons at once",
    running({ acpi: false, max: 1200 }),
    ask(1300),
    "replace",
    `replace: 1003 → 1300 MiB can't be hot-plugged: the domain has no ACPI, by which the guest learns of new memory; the increase of 297 MiB is no multiple of 256 MiB; 1300 MiB is beyond 1200 MiB, the maximum that the running domain was started with; no other size is live from 1003 MiB; ${replaceCosts}`,
  ],
  [
    "a decrease",
    running(),
    ask(747),
    "replace",
    `replace: 1003 → 747 MiB can't be hot-unplugged: ${cantShrink("256 MiB")}; live from here: 1003 MiB, which it has (1259 MiB to 8171 MiB in steps of 256 MiB); ${replaceCosts}`,
  ],
  [
    "another tool's size, in KiB",
    running({ devices: [theirs(0, 0.5)] }),
    ask(1259),
    "replace",
    `replace: 1027584 KiB → 1259 MiB can't be hot-plugged: the increase of 261632 KiB is no multiple of 256 MiB; live from here: 1027584 KiB, which it has; 1289728 KiB (1289728 KiB to 8367616 KiB in steps of 256 MiB); ${replaceCosts}`,
  ],
];

const refused: Row[] = [
  [
    "unaligned, and the program wants an error",
    running(),
    ask(1300, { whenNotPossible: "error" }),
    "refuse",
    `1003 → 1300 MiB can't be hot-plugged: the increase of 297 MiB is no multiple of 256 MiB; live from here: 1259 MiB; 1515 MiB (1259 MiB to 8171 MiB in steps of 256 MiB); hotplug.whenNotPossible is "error", so nothing is done`,
  ],
  [
    "devices of others in the definition leave nothing for the node",
    running({}, { devices: [theirs(0, 2048)] }),
    ask(1259),
    "refuse",
    "1259 MiB can't be defined: the definition has 2048 MiB in devices that others put there and in other nodes, which leaves nothing for node 0; take those devices out, or ask for more than 2048 MiB",
  ],
  [
    "a target node that only a look at the domain shows to be missing",
    running({ cells: [512, 512] }),
    ask(1280, { target: 2 }),
    "refuse",
    "hotplug.targetNode is 2, and the domain has nodes 0, 1; name one of them",
  ],
  [
    "the same while nothing runs",
    off(),
    ask(1259, { target: 1 }),
    "refuse",
    "hotplug.targetNode is 1, and the domain has node 0; name one of them",
  ],
  [
    "too little beside devices of others, while the domain is off",
    off({ devices: [theirs(0, 2048)] }),
    ask(2048),
    "refuse",
    "2048 MiB can't be defined: the definition has 2048 MiB in devices that others put there and in other nodes, which leaves nothing for node 0; take those devices out, or ask for more than 2048 MiB",
  ],
];

const nothing: Row[] = [
  ["running as asked", running(), ask(1003), "none", ""],
  ["grown and folded", running({ devices: [ours(0, 256)] }, { cells: [1259] }), ask(1259), "none", ""],
  [
    "grown to the ceiling",
    running({ max: 1259, devices: [ours(0, 256)] }, { cells: [1259], max: undefined }),
    ask(1259, { max: 1259 }),
    "none",
    "",
  ],
  ["off as asked", off(), ask(1003), "none", ""],
  [
    "transient, applied at the next boot that it has not, and as asked",
    transient(),
    ask(1003, { applyOn: "nextBoot" }),
    "none",
    "",
  ],
  ["transient as asked", transient(), ask(1003, { max: 16384 }), "none", ""],
  ["an empty cell 0 that is asked", off({ cells: [0, 1003] }), ask(1003), "none", ""],
];

test("a domain without any node gets one with its first ceiling, which needs it, and then nothing is left", () => {
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

test("spread beside a DIMM of others that waits for the next boot, killed after any step, it is settled", () => {
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
  ["nothing to do", nothing],
])("%s", (_, rows) => {
  test.each(rows)("%s", (_name, observed, desired, outcome, sentence) => {
    const before = structuredClone(observed);
    const plan = planMemory(desired, observed);
    expect({ outcome: plan.outcome, sentence: plan.headline }).toEqual({ outcome, sentence });
    expect(plan.reasons.length > 0).toBe(outcome === "replace" || outcome === "refuse");
    expect(observed).toEqual(before);
  });
});
