import { describe, expect, test } from "vitest";
import type { MemoryDevice } from "../../../provider/domain/state.ts";
import { afterStep } from "../../../provider/plan/after-step.ts";
import type { DesiredMemory } from "../../../provider/plan/desired.ts";
import { lagging } from "../../../provider/plan/devices.ts";
import { downwardSizes } from "../../../provider/plan/live-sizes/down.ts";
import { upwardSizes } from "../../../provider/plan/live-sizes/up.ts";
import { memoryView, type Observed } from "../../../provider/plan/observed.ts";
import type { Plan } from "../../../provider/plan/plan.ts";
import { planMemory } from "../../../provider/plan/plan-memory.ts";
import type { ReasonCode } from "../../../provider/plan/reason-codes.ts";
import { ask, MIB, off, ours, paused, running, theirs, transient, view, vmem } from "../../support/scene.ts";

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
    expect(plan.details).toContain("the guest releases only what it can free");
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

  test("a device not managed by this provider is resized, and stays otherwise", () => {
    const { alias: _, ...foreign } = vmem(0, 4096, 512);
    const live = { devices: [{ ...foreign, alias: "virtiomem0" }] };
    const plan = planMemory(ask(2027, virtioMem), running(live, { devices: [foreign] }));
    expect(resizes(plan)).toMatchObject([{ alias: "virtiomem0", requested: 1024 * MIB }]);
    expect(definitionOf(plan)?.virtioMem).toEqual([
      { node: 0, size: 4096 * MIB, block: 2 * MIB, requested: 1024 * MIB },
    ]);
  });

  test("spread: all nodes get the same", () => {
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
      "the domain is paused: the guest's driver reacts once the domain resumes",
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

  test("that the program defers to the next boot", () => {
    const plan = planMemory(ask(1515, { ...virtioMem, applyOn: "nextBoot" }), elastic());
    expect(plan.outcome).toBe("nextBoot");
    expect(definitionOf(plan)).toMatchObject({ virtioMem: [{ requested: 512 * MIB }] });
  });
});

describe("what virtio-mem can't do live follows the fallback", () => {
  const refused: [string, DesiredMemory, Observed, ReasonCode, headline: string][] = [
    [
      "less than base memory",
      ask(900, virtioMem),
      elastic(512),
      "boot-memory",
      "replace: 1515 → 900 MiB goes below the 1003 MiB of boot memory (live: 1003 MiB)",
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
    expect(plan.steps.map(({ kind }) => kind)).toEqual(["stop", "define", "start"]);
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

  test("with a higher maxMemory, where there was no room for a device: only at the next boot", () => {
    const observed = running({ max: 1100 });
    const plan = planMemory(ask(1003, virtioMem), observed);
    expect(plan.outcome).toBe("nextBoot");
    expect(plan.headline).toBe(
      "next boot: a virtio-mem device of 7 GiB on node 0, after a shutdown and start",
    );
  });

  test("DIMMs beside a device not managed here: what it reserves counts against the maximum", () => {
    const foreign = { ...vmem(0, 7168, 512), alias: "ua-theirs" };
    const plan = planMemory(ask(1771, { max: 16384 }), running({ devices: [foreign] }));
    expect(plan.outcome).toBe("replace");
    expect(plan.headline).toBe(
      "replace: 1515 → 1771 MiB exceeds the maximum of 8 GiB, with 6656 MiB reserved by virtio-mem",
    );
    expect(plan.reasons).toMatchObject([{ code: "beyond-max-memory" }]);
  });
});

test("with hot-plug disabled, a device not managed here stays in the definition, and counts", () => {
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

test("a domain with virtio-mem of ours has no live sizes for DIMMs: the device stays until a restart", () => {
  const observed = running({ devices: [vmem(0, 4096), ours(0, 256)] });
  const desired = ask(1515, { allowUnplug: true, whenNotPossible: "error" });
  const plan = planMemory(desired, observed);
  const sizes = [upwardSizes(desired, observed), downwardSizes(desired, observed)];
  expect([plan.outcome, ...sizes]).toEqual(["refuse", undefined, []]);
  expect(plan.details).toContain("no other size works without a restart");
});

test("a definition that a device not managed here would take above maxMemory is refused before anything else", () => {
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
      ...{ type: "qemu", name: "web-1", uuid: "", pinned: false, disks: [], cards: [], freePorts: 0 },
      memory: memory * MIB,
      currentMemory: currentMemory * MIB,
    });

  test("memory is what is requested, not what the device could hold", () => {
    expect(read(1003 + 4096, 1003 + 384)).toMatchObject({ memory: 1515 * MIB });
  });

  test("what the guest has not taken yet isn't ballooned", () => {
    expect(read(1003 + 4096, 1003 + 384).currentMemory).toBe(1515 * MIB);
    expect(read(1003 + 4096, 903 + 384).currentMemory).toBe(1415 * MIB);
  });

  test("the guest lags behind while it has more or less than is requested", () => {
    expect(lagging({ devices: [device, ours(0, 256)] })).toEqual([device]);
    expect(lagging({ devices: [vmem(0, 4096, 512), { ...device, current: 512 * MIB }] })).toEqual([]);
    expect(lagging(undefined)).toEqual([]);
  });
});
