import { describe, expect, test } from "vitest";
import { checkInputs } from "../../../provider/args/check-inputs.ts";
import { RULES } from "../../../provider/args/rules.ts";
import { DEFAULTS, type Defaults } from "../../../provider/args/settings.ts";
import { UNKNOWN } from "../../../provider/args/unknown.ts";
import { KIB_PER_GIB } from "../../../provider/units/kib.ts";
import { hidden } from "../../support/arbitrary-inputs.ts";
import { DEVICES } from "./devices.ts";
import { HARDWARE } from "./hardware.ts";
import { MEMORY } from "./memory.ts";
import { MEMORY_BACKING } from "./memory-backing.ts";
import { NUMA } from "./numa.ts";
import { memory, type Row, virtioMem } from "./row.ts";
import { VCPUS } from "./vcpus.ts";
import { VIRTIO_MEM } from "./virtio-mem.ts";

const rows: Record<string, Row[]> = {
  ...MEMORY,
  ...DEVICES,
  ...NUMA,
  ...VCPUS,
  ...VIRTIO_MEM,
  ...HARDWARE,
  ...MEMORY_BACKING,
};

describe.each(Object.entries(rows))("%s", (rule, refused) => {
  test.each(refused)("refuses %s", (_, args, property, reason, stack = {}) => {
    const defaults = { ...DEFAULTS, ...stack };
    const { inputs, failures } = checkInputs({}, { ...hidden, ...args }, defaults);
    expect(failures).toEqual([{ property, reason }]);
    expect(RULES[rule]?.(inputs, defaults)).toEqual(failures);
  });
});

// Unless the wrong value is what the rule is about.
describe("the rules are asked also where another value is wrong", () => {
  const all = Object.values(rows).flat();
  const within = (argument: "hotplug" | "numa") =>
    all.filter(([, args]) => typeof args[argument] === "object");

  test.each(within("hotplug"))("of hotplug: %s", (_, args, property, reason, stack = {}) => {
    const hotplug = { ...(args.hotplug as object), nonsense: 1, heal: "yes" };
    const { failures } = checkInputs({}, { ...hidden, ...args, hotplug }, { ...DEFAULTS, ...stack });
    expect(failures).toContainEqual({ property, reason });
    const wrong = ["hotplug.nonsense", "hotplug.heal"];
    expect(failures.map((failure) => failure.property)).toEqual([...wrong, property]);
  });

  test.each(all)("of another argument: %s", (_, args, property, reason, stack = {}) => {
    const wrong = { disks: [{ file: "a", bus: "virtio" }], boot: { nonsense: 1 }, ...args, autostart: "on" };
    const { failures } = checkInputs({}, { ...hidden, ...wrong }, { ...DEFAULTS, ...stack });
    expect(failures).toContainEqual({ property, reason });
  });

  test.each(within("numa"))(
    "of a node, which has an unknown field: %s",
    (_, args, property, reason, stack = {}) => {
      const numa = (args.numa as object[]).map((node) => ({ ...node, nonsense: 1 }));
      const { failures } = checkInputs({}, { ...hidden, ...args, numa }, { ...DEFAULTS, ...stack });
      expect(failures).toContainEqual({ property, reason });
    },
  );

  test("but a wrong value is no reason for another failure", () => {
    const args = {
      memory: "1 mile",
      numa: [{ memory: "2GiB" }, { memory: "x" }],
      maxMemory: "1GiB",
      vcpus: "2",
    };
    const { failures } = checkInputs({}, { ...hidden, ...args });
    expect(failures.map(({ property }) => property)).toEqual(["memory", "vcpus", "numa[1].memory"]);
  });
});

test("every rule has its rows", () => {
  expect(Object.keys(rows).sort()).toEqual(Object.keys(RULES).sort());
});

describe("the rules accept", () => {
  test.each<[Record<string, unknown>, Partial<Defaults>]>([
    [{ memory: "3GiB" }, { maxMemory32Bit: 2 * KIB_PER_GIB }],
    [{ memory: "4GiB", currentMemory: "192MiB" }, {}],
    [{ memory: "64MiB", currentMemory: "64MiB" }, {}],
    [{ memory, currentMemory: memory, hotplug: virtioMem }, {}],
    [{ memory, hotplug: { device: "dimm", maxDimmSize: "256MiB" } }, { device: "virtio-mem" }],
    [{ memory, numa: [{ cpus: "0-7" }], xml: "<domain/>" }, {}],
    [{ memory, numa: [{ cpus: "0-7" }], adopt: true }, {}],
    [{ memory, graphics: { type: "spice", port: 80, clipboard: false, password: "p".repeat(60) } }, {}],
    [{ memory, graphics: { type: "vnc", port: 5900, password: "pässwor" } }, {}],
    [{ memory, video: { model: "qxl", heads: 4 }, rng: { bytes: 1, period: 1 } }, {}],
    [{ memory, tpm: { version: "1.2" }, watchdog: { model: "itco" } }, {}],
    [{ memory, machine: "pc-q35-7.2", watchdog: { model: "itco" } }, {}],
    [{ memory: "1004MiB", memoryBacking: { hugePages: "2MiB", locked: true } }, {}],
    [{ memory, memoryBacking: { hugePages: "64KiB" } }, {}],
  ])("%j in a stack with %j", (args, stack) => {
    expect(checkInputs({}, { ...hidden, ...args }, { ...DEFAULTS, ...stack }).failures).toEqual([]);
  });
});

describe("the rules find nothing while a value isn't known", () => {
  test.each([
    { memory: UNKNOWN, numa: [{ memory: "1GiB" }, { memory: "1GiB" }] },
    { memory, numa: [{ memory: UNKNOWN }, {}, {}], hotplug: { targetNode: 1 } },
    { memory, numa: UNKNOWN },
    { memory, numa: [UNKNOWN, { memory: "1MiB" }] },
    { memory, vcpus: UNKNOWN, numa: [{ cpus: "0-7" }] },
    { memory, numa: [{ cpus: UNKNOWN }] },
    { memory, hotplug: { alignment: UNKNOWN, maxDimmSize: "300MiB" } },
    { memory, hotplug: { maxDimmSize: UNKNOWN } },
    { memory, hotplug: { source: UNKNOWN, maxDimmSize: "512MiB" } },
    { memory, hotplug: { source: { pageSize: UNKNOWN, nodeset: UNKNOWN } } },
    { memory, hotplug: { targetNode: UNKNOWN } },
    { memory, hotplug: { before: UNKNOWN, after: { command: UNKNOWN, timeout: UNKNOWN } } },
    { memory, hotplug: { before: { command: [UNKNOWN, UNKNOWN] } } },
    { memory: "30GiB", guestWidth: UNKNOWN },
    { memory, graphics: UNKNOWN },
    { memory, graphics: { type: UNKNOWN, password: "p".repeat(80), port: 80, clipboard: true } },
    { memory, graphics: { type: "vnc", password: UNKNOWN, port: UNKNOWN } },
    { memory, video: { model: UNKNOWN, heads: 16 }, rng: { bytes: UNKNOWN, period: 1 } },
    { memory, tpm: { model: UNKNOWN, version: "1.2" }, arch: UNKNOWN, watchdog: { model: "ib700" } },
    { memory, watchdog: { model: "itco" }, machine: UNKNOWN },
    { memory, memoryBacking: { hugePages: UNKNOWN, locked: UNKNOWN } },
    { memory, memoryBacking: UNKNOWN, hotplug: virtioMem },
    { memory, adopt: UNKNOWN, onDelete: UNKNOWN, forceOff: UNKNOWN },
  ])("%j", (args) => {
    expect(checkInputs({}, { ...hidden, ...args }).failures).toEqual([]);
  });
});
