import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { MemoryDevice } from "../../../provider/domain/state.ts";
import type { DesiredMemory } from "../../../provider/plan/desired.ts";
import { lagging } from "../../../provider/plan/devices.ts";
import { downwardSizes } from "../../../provider/plan/live-sizes/down.ts";
import { upwardSizes } from "../../../provider/plan/live-sizes/up.ts";
import { memoryView, type Observed } from "../../../provider/plan/observed.ts";
import type { Plan } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import type { ReasonCode } from "../../../provider/plan/reason-codes.ts";
import { cases } from "../../support/properties.ts";
import { ask, MIB, off, ours, paused, running, theirs, transient, view, vmem } from "../../support/scene.ts";
import { afterStep } from "../../support/simulate.ts";

const sum = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
const virtioMem = { device: "virtio-mem" } as const;

/** 1003 MiB of at most 8 GiB, and the device that such a domain is made with. */
const elastic = (requested = 0) => running({ devices: [vmem(0, 7168, requested)] });

function resizes({ steps }: Plan) {
  return steps.flatMap((step) => (step.kind === "resize" ? [step.device] : []));
}

function definitionOf({ steps }: Plan) {
  return steps.flatMap((step) => (step.kind === "define" ? [step.definition] : []))[0];
}

describe("a change of memory with virtio-mem", () => {
  test("up: what is above base memory is requested, and base memory stays", () => {
    const plan = planMemory(ask(1515, virtioMem), elastic());
    expect(plan).toMatchObject({ outcome: "live", reasons: [] });
    expect(plan.headline).toBe("live: 1003 → 1515 MiB, virtio-mem on node 0 at 512 of 7168 MiB, no restart");
    expect(resizes(plan)).toEqual([
      { alias: "ua-pulumi-vmem0", node: 0, size: 7168 * MIB, from: 0, requested: 512 * MIB },
    ]);
    expect(definitionOf(plan)).toMatchObject({
      memory: 1515 * MIB,
      cells: [{ id: 0, memory: 1003 * MIB }],
      virtioMem: [{ alias: "ua-pulumi-vmem0", size: 7168 * MIB, requested: 512 * MIB }],
      maxMemory: { size: 8192 * MIB, slots: 16 },
      removeAliases: [],
    });
    expect(plan.steps.map(({ sentence }) => sentence)).toEqual([
      "grow virtio-mem on node 0 by 512 MiB to 512 of 7168 MiB",
      "set the definition to 1003 MiB of base memory and 512 MiB of virtio-mem for the next boot",
    ]);
  });

  test("down, without hotplug.allowUnplug", () => {
    const plan = planMemory(ask(1259, virtioMem), elastic(512));
    expect(plan.headline).toBe("live: 1515 → 1259 MiB, virtio-mem on node 0 at 256 of 7168 MiB, no restart");
    expect(plan.details).toContain("the guest gives back what it can free");
    expect(resizes(plan)).toMatchObject([{ from: 512 * MIB, requested: 256 * MIB }]);
  });

  test("to all that the device holds", () => {
    expect(planMemory(ask(8171, virtioMem), elastic())).toMatchObject({ outcome: "live" });
  });

  test("what others hot-plugged counts as base", () => {
    const devices = [vmem(0, 6144, 512), theirs(0, 256)];
    const plan = planMemory(ask(2283, virtioMem), running({ devices }));
    expect(resizes(plan)).toMatchObject([{ requested: 1024 * MIB }]);
  });

  test("a device of somebody else is used as it is", () => {
    const { alias: _, ...foreign } = vmem(0, 4096, 512);
    const live = { devices: [{ ...foreign, alias: "virtiomem0" }] };
    const plan = planMemory(ask(2027, virtioMem), running(live, { devices: [foreign] }));
    expect(resizes(plan)).toMatchObject([{ alias: "virtiomem0", requested: 1024 * MIB }]);
    expect(definitionOf(plan)?.virtioMem).toEqual([
      { node: 0, size: 4096 * MIB, block: 2 * MIB, requested: 1024 * MIB },
    ]);
  });

  test("spread: all nodes come to the same", () => {
    const devices = [vmem(0, 3584), vmem(1, 3584)];
    const plan = planMemory(
      ask(1516, { ...virtioMem, target: "spread" }),
      running({ cells: [502, 502], devices }),
    );
    expect(resizes(plan)).toMatchObject([
      { node: 0, requested: 256 * MIB },
      { node: 1, requested: 256 * MIB },
    ]);
  });

  test("of a paused domain, and of a transient one, which has no definition", () => {
    expect(planMemory(ask(1515, virtioMem), paused(elastic())).details).toContain(
      "the domain is paused: the guest follows once it resumes",
    );
    const plan = planMemory(ask(1515, virtioMem), transient({ devices: [vmem(0, 7168)] }));
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["resize"]);
    expect(plan.details).toContain("the domain is transient: the new size is lost when it stops");
  });

  test("of a domain that is off", () => {
    const plan = planMemory(ask(1515, virtioMem), off({ devices: [vmem(0, 7168)] }));
    expect(plan).toMatchObject({ outcome: "live" });
    expect(definitionOf(plan)).toMatchObject({ virtioMem: [{ requested: 512 * MIB }] });
  });

  test("that waits for the next boot, since the program says so", () => {
    const plan = planMemory(ask(1515, { ...virtioMem, applyOn: "nextBoot" }), elastic());
    expect(plan.outcome).toBe("nextBoot");
    expect(definitionOf(plan)).toMatchObject({ virtioMem: [{ requested: 512 * MIB }] });
  });
});

describe("what virtio-mem can't do live takes the fallback", () => {
  const refused: [string, DesiredMemory, Observed, ReasonCode, headline: string][] = [
    [
      "less than base memory",
      ask(900, virtioMem),
      elastic(512),
      "boot-memory",
      "replace: 1515 → 900 MiB is less than 1003 MiB of boot memory (live: 1003 MiB)",
    ],
    [
      "not a multiple of the block",
      ask(1100, virtioMem),
      elastic(),
      "not-virtio-mem-block",
      "replace: 1003 → 1100 MiB is not 1003 MiB plus a multiple of 2 MiB (live: 1099 or 1101 MiB)",
    ],
    [
      "more than the device holds",
      ask(8192, virtioMem),
      elastic(),
      "beyond-virtio-mem-size",
      "replace: 1003 → 8192 MiB needs 7189 MiB of virtio-mem, which holds at most 7 GiB (live: 8171 MiB)",
    ],
    [
      "a domain that was started without room",
      ask(1515, virtioMem),
      running({ max: undefined }),
      "no-max-memory",
      "replace: 1003 → 1515 MiB needs maxMemory, which the domain was started without",
    ],
    [
      "a domain that was made for DIMMs",
      ask(1515, virtioMem),
      running(),
      "device-kind",
      "replace: 1003 → 1515 MiB needs a virtio-mem device, which the domain was started without",
    ],
    [
      "a platform without it",
      ask(1515, virtioMem),
      running({ arch: "ppc64le", devices: [vmem(0, 4096)] }),
      "virtio-mem-unsupported",
      "replace: 1003 → 1515 MiB needs virtio-mem, which isn't supported for this architecture",
    ],
    [
      "another node than the one that has the device",
      ask(2026, { ...virtioMem, target: 1 }),
      running({ cells: [1003, 511], devices: [vmem(0, 4096)] }),
      "no-virtio-mem-device",
      "replace: 1514 → 2026 MiB needs a virtio-mem device on node 1, which the domain was started without",
    ],
  ];
  test.each(refused)("%s", (_, desired, observed, code, headline) => {
    const plan = planMemory(desired, observed);
    expect([plan.outcome, plan.headline]).toEqual(["replace", headline]);
    expect(plan.reasons).toMatchObject([{ code }]);
  });

  test("then all of it is base memory, and the device is there for the way from there", () => {
    const desired = ask(1100, { ...virtioMem, whenNotPossible: "restart" });
    const plan = planMemory(desired, elastic(512));
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["define", "stop", "start"]);
    expect(definitionOf(plan)).toMatchObject({
      cells: [{ id: 0, memory: 1100 * MIB }],
      virtioMem: [{ requested: 0, size: 7040 * MIB }],
    });
  });
});

describe("from one kind of device to the other", () => {
  const restart = { whenNotPossible: "restart" } as const;

  test("DIMMs to virtio-mem: the fallback, and DIMMs fold as ever", () => {
    const observed = running({ devices: [ours(0, 256)] }, { cells: [1259] });
    const plan = planMemory(ask(1259, { ...virtioMem, ...restart }), observed);
    expect(plan.outcome).toBe("restart");
    expect(plan.headline).toBe(
      "restart: hotplug.device needs a virtio-mem device, which the domain was started without",
    );
    expect(plan.reasons).toMatchObject([{ code: "device-kind" }]);
    expect(definitionOf(plan)).toMatchObject({
      cells: [{ memory: 1259 * MIB }],
      virtioMem: [{ alias: "ua-pulumi-vmem0", requested: 0, size: 6912 * MIB }],
    });
    const replaced = planMemory(ask(1259, virtioMem), observed);
    expect(replaced.steps).toMatchObject([{ kind: "replace", fields: ["hotplug"] }]);
  });

  test("virtio-mem to DIMMs: what was requested folds into the node", () => {
    const plan = planMemory(ask(1515, restart), elastic(512));
    expect(plan.outcome).toBe("restart");
    const definition = definitionOf(plan);
    expect(definition).toMatchObject({
      cells: [{ memory: 1515 * MIB }],
      removeAliases: ["ua-pulumi-vmem0"],
    });
    expect(definition?.virtioMem).toBeUndefined();
  });

  test("at the next boot, once: then it waits, and nothing is left to do", () => {
    for (const [desired, observed] of [
      [ask(1515, { whenNotPossible: "nextBoot" }), elastic(512)],
      [ask(1003, { ...virtioMem, whenNotPossible: "nextBoot" }), running()],
    ] as const) {
      const plan = planMemory(desired, observed);
      expect(plan.outcome).toBe("nextBoot");
      const after = plan.steps.reduce((seen, step) => afterStep(seen, step), observed);
      expect(planMemory(desired, after).outcome).toBe("none");
    }
  });

  test("with a higher maxMemory, where there was no room for a device: at the next boot alone", () => {
    const observed = running({ max: 1100 });
    const plan = planMemory(ask(1003, virtioMem), observed);
    expect(plan.outcome).toBe("nextBoot");
    expect(plan.headline).toBe(
      "next boot: a virtio-mem device of 7 GiB on node 0, after a shutdown and start",
    );
  });

  test("DIMMs beside a device of others: what it holds back counts against the maximum", () => {
    const foreign = { ...vmem(0, 7168, 512), alias: "ua-theirs" };
    const plan = planMemory(ask(1771, { max: 16384 }), running({ devices: [foreign] }));
    expect(plan.outcome).toBe("replace");
    expect(plan.headline).toBe(
      "replace: 1515 → 1771 MiB exceeds the maximum of 8 GiB, with 6656 MiB reserved by virtio-mem",
    );
    expect(plan.reasons).toMatchObject([{ code: "beyond-max-memory" }]);
  });
});

test("where nothing is plugged, a device of others stays in the definition, and counts", () => {
  const foreign = { ...vmem(0, 1024, 512), alias: "ua-theirs" };
  const desired = ask(1259, { ...virtioMem, enabled: false, whenNotPossible: "nextBoot" });
  const observed = running({ devices: [foreign] });
  const plan = planMemory(desired, observed);
  expect(definitionOf(plan)).toMatchObject({ memory: 1259 * MIB, cells: [{ memory: 747 * MIB }] });
  const after = plan.steps.reduce((seen, step) => afterStep(seen, step), observed);
  expect(after.nextBoot?.memory).toBe(1259 * MIB);
  expect(planMemory(desired, after).outcome).toBe("none");
});

test("a size with no room above it: its definition is that of the devices as they are resized", () => {
  const live = { cells: [512, 491], devices: [vmem(0, 1408, 1408), vmem(1, 1408, 1408)], max: 12011 };
  const observed = running(live, { ...live, devices: [vmem(1, 1408, 1408)] });
  const desired = ask(3565, { ...virtioMem, target: "spread", max: 3565 });
  const after = planMemory(desired, observed).steps.reduce((seen, step) => afterStep(seen, step), observed);
  expect(planMemory(desired, after)).toMatchObject({ outcome: "none", steps: [] });
});

test("DIMMs are offered to no domain that has virtio-mem of ours: it can't change while it runs", () => {
  const observed = running({ devices: [vmem(0, 4096), ours(0, 256)] });
  const desired = ask(1515, { allowUnplug: true, whenNotPossible: "error" });
  const plan = planMemory(desired, observed);
  const sizes = [upwardSizes(desired, observed), downwardSizes(desired, observed)];
  expect([plan.outcome, ...sizes]).toEqual(["refuse", undefined, []]);
  expect(plan.details).toContain("no other size works without a restart");
});

test("a definition that a device of others would take beyond maxMemory is refused before anything", () => {
  const foreign = { ...vmem(0, 6144, 512), alias: "ua-theirs" };
  const desired = ask(2571, { whenNotPossible: "restart", max: 8192 });
  const plan = planMemory(desired, running({ devices: [foreign], max: 7200 }));
  expect(plan).toMatchObject({ outcome: "refuse", reasons: [{ code: "definition-beyond-max-memory" }] });
  expect(plan.details).toContain("raise maxMemory to at least 8203 MiB");
});

describe("what is read of a domain with virtio-mem", () => {
  const device: MemoryDevice = { ...vmem(0, 4096, 512), current: 384 * MIB };
  const read = (memory: number, currentMemory: number) =>
    memoryView({
      ...view({ devices: [device] }),
      ...{ type: "qemu", name: "web-1", uuid: "", pinned: false },
      memory: memory * MIB,
      currentMemory: currentMemory * MIB,
    });

  test("memory is what is requested, not what the device could hold", () => {
    expect(read(1003 + 4096, 1003 + 384)).toMatchObject({ memory: 1515 * MIB });
  });

  test("what the guest has not taken yet is no balloon", () => {
    expect(read(1003 + 4096, 1003 + 384).currentMemory).toBe(1515 * MIB);
    expect(read(1003 + 4096, 903 + 384).currentMemory).toBe(1415 * MIB);
  });

  test("the guest lags behind while it has more or less than is requested", () => {
    expect(lagging({ devices: [device, ours(0, 256)] })).toEqual([device]);
    expect(lagging({ devices: [vmem(0, 4096, 512), { ...device, current: 512 * MIB }] })).toEqual([]);
    expect(lagging(undefined)).toEqual([]);
  });
});

/** A domain that was made with virtio-mem devices, resized since, whose definition may not have followed. */
const anyElastic = fc
  .record({
    cells: fc.array(fc.integer({ min: 64, max: 2048 }), { minLength: 1, maxLength: 3 }),
    room: fc.integer({ min: 0, max: 40 }),
    requested: fc.array(fc.nat(64), { minLength: 3, maxLength: 3 }),
    target: fc.oneof(fc.nat(2), fc.constant("spread" as const)),
    power: fc.constantFrom("running", "running", "paused", "off", "transient"),
    followed: fc.boolean(),
    dimm: fc.option(fc.integer({ min: 1, max: 4 }), { freq: 4 }),
    desired: fc.oneof(
      fc.record({ blocks: fc.integer({ min: -64, max: 2600 }) }),
      fc.record({ mib: fc.integer({ min: 64, max: 8192 }) }),
    ),
    more: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2048) }),
    whenNotPossible: fc.constantFrom("restart", "nextBoot", "error"),
    applyOn: fc.constantFrom("now", "now", "now", "nextBoot"),
    device: fc.constantFrom("virtio-mem", "virtio-mem", "virtio-mem", "virtio-mem", "dimm"),
  })
  .map(({ cells, room, requested, target, power, followed, dimm, desired, more, ...how }) => {
    const nodes = target === "spread" ? cells.map((_, node) => node) : [target % cells.length];
    const each = Math.floor(room / nodes.length) * 128;
    const devices = nodes
      .filter(() => each > 0)
      .map((node) => vmem(node, each, Math.min(each, (requested[node] ?? 0) * 2)));
    const others = dimm === null ? [] : [theirs(0, dimm * 128)];
    const base = sum(cells);
    const plugged = sum(others.map(({ size }) => size / MIB));
    const max = base + plugged + room * 128 + 1;
    const live = { cells, devices: [...devices, ...others], max };
    const before = { ...live, devices: [...devices.map((one) => ({ ...one, requested: 0 })), ...others] };
    const observed: Observed =
      power === "off"
        ? off(live)
        : power === "transient"
          ? transient(live)
          : running(live, followed ? live : before);
    const present = base + plugged;
    const memory = Math.max(64, "mib" in desired ? desired.mib : present + desired.blocks * 2);
    const goal = ask(memory, {
      ...how,
      max: Math.max(memory, max + more),
      target: target === "spread" ? target : target % cells.length,
    });
    return { observed: power === "paused" ? paused(observed) : observed, desired: goal };
  });

describe("of whatever an elastic domain is like, and whatever is asked", () => {
  const RUNS = cases(500);

  property.prop([anyElastic], RUNS)("devices are asked for whole blocks within their size", (one) => {
    const { observed, desired } = one;
    const plan = planMemory(desired, observed);
    const devices = resizes(plan);
    for (const { requested, size } of devices) {
      expect([requested >= 0, requested <= size, requested % (2 * MIB)]).toEqual([true, true, 0]);
    }
    if (devices.length === 0) return;
    const change = sum(devices.map(({ requested, from }) => requested - from));
    expect(change).toBe(desired.memory - (observed.live?.memory ?? 0));
    const directions = new Set(devices.map(({ requested, from }) => Math.sign(requested - from)));
    expect(directions.size).toBe(1);
  });

  property.prop([anyElastic], RUNS)("a definition has what is asked, and fits below its ceiling", (one) => {
    const definition = definitionOf(planMemory(one.desired, one.observed));
    const { nextBoot } = one.observed;
    if (definition === undefined || nextBoot === undefined) return;
    const after = afterStep(one.observed, { kind: "define", definition, sentence: "" }).nextBoot;
    expect(after?.memory).toBe(one.desired.memory);
    const whole = sum([
      ...definition.cells.map(({ memory }) => memory),
      ...(after?.devices ?? []).map(({ size }) => size),
    ]);
    if (definition.maxMemory) expect(whole).toBeLessThanOrEqual(definition.maxMemory.size);
    for (const { size, requested } of definition.virtioMem ?? [])
      expect([size % (128 * MIB), requested <= size, requested % (2 * MIB)]).toEqual([0, true, 0]);
  });

  property.prop([anyElastic], RUNS)("carried out, and killed anywhere, it comes to the same", (one) => {
    const { observed, desired } = one;
    const { steps, outcome } = planMemory(desired, observed);
    if (outcome === "refuse" || outcome === "replace") return;
    const states = [observed];
    for (const step of steps) states.push(afterStep(states.at(-1) ?? observed, step));
    const last = states.at(-1) ?? observed;
    expect(planMemory(desired, last)).toMatchObject({ outcome: "none", steps: [] });
    expect(last.nextBoot?.memory ?? desired.memory).toBe(desired.memory);
    for (const killed of states.slice(0, -1)) {
      if (killed.power === "off" && observed.power !== "off") continue;
      const end = planMemory(desired, killed).steps.reduce(afterStep, killed);
      expect(end).toEqual(last);
    }
  });

  property.prop([anyElastic], RUNS)("every reachable size is live, and none beside them", (one) => {
    const { observed, desired } = one;
    const { live } = observed;
    const reachable = upwardSizes(desired, observed);
    const reachableDown = downwardSizes(desired, observed);
    if (desired.device === "dimm" || live === undefined) return;
    const isLive = (memory: number) => {
      const plan = planMemory(
        { ...desired, memory, maxMemory: Math.max(memory, desired.maxMemory) },
        observed,
      );
      return plan.outcome === "live" && resizes(plan).length > 0;
    };
    const present = live.memory;
    const ranges = [...reachableDown, ...(reachable ? [reachable] : [])];
    for (const { from, to, step } of ranges) {
      for (const size of [from, from + step, to - step, to].filter((size) => size >= from && size <= to)) {
        expect([size === present, isLive(size), isLive(size + MIB)]).toEqual([false, true, false]);
      }
    }
    const [lowest, highest] = [ranges[0]?.from ?? present, ranges.at(-1)?.to ?? present];
    expect(isLive(Math.max(present, highest) + 2 * MIB)).toBe(false);
    const below = Math.min(present, lowest) - 2 * MIB;
    if (below > 0) expect(isLive(below)).toBe(false);
  });
});
