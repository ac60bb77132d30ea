import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { hidden, places, URN, validArguments, withUnknown } from "../support/arbitrary-inputs.ts";

/** The inputs that check makes of valid arguments. */
function checked(args: Record<string, unknown>, olds: Record<string, unknown> = {}): Partial<Inputs> {
  const { inputs, failures } = checkInputs(olds, { ...hidden, ...args });
  expect(failures).toEqual([]);
  return inputs;
}

describe("what check computes", () => {
  test("from memory only", () => {
    expect(checked({ memory: "1003MiB" })).toEqual({
      ...hidden,
      name: "web-1",
      uuid: "b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c",
      memory: "1003MiB",
      maxMemory: "4012MiB",
      memorySlots: 16,
    });
  });

  test.each([
    [{ memory: "1GiB" }, "4096MiB"],
    [{ memory: "128GiB" }, "524288MiB"],
    [{ memory: "129GiB" }, "524288MiB"],
    [{ memory: "512GiB" }, "524288MiB"],
    [{ memory: "2TiB", cpu: "host-passthrough" }, "2097152MiB"],
    [{ memory: "4TiB", cpu: "host-passthrough" }, "4194304MiB"],
    [{ memory: "1GiB", arch: "i686" }, "4096MiB"],
    [{ memory: "8GiB", arch: "i686" }, "20480MiB"],
    [{ memory: "8GiB", arch: "armv7l" }, "20480MiB"],
    [{ memory: "8GiB", arch: "aarch64" }, "32768MiB"],
    [{ memory: "8GiB", arch: UNKNOWN }, UNKNOWN],
    [{ memory: "8GiB", guestWidth: 32 }, "20480MiB"],
    [{ memory: "8GiB", guestWidth: 64, arch: "i686" }, "32768MiB"],
    [{ memory: "8GiB", guestWidth: UNKNOWN }, UNKNOWN],
    [{ numa: [{ memory: "1GiB" }, { memory: "2GiB" }] }, "12288MiB"],
    [{ numa: [{ memory: "1GiB" }, { memory: UNKNOWN }] }, UNKNOWN],
    [{ numa: UNKNOWN }, UNKNOWN],
    [{ memory: UNKNOWN }, UNKNOWN],
    [{ memory: UNKNOWN, arch: UNKNOWN }, UNKNOWN],
  ])(
    "the ceiling of %j is 4 × the memory within the cap and 512 GiB, where every host can start it: %s",
    (args, ceiling) => {
      expect(checked(args).maxMemory).toBe(ceiling);
    },
  );

  test.each([
    [{ memory: "1259MiB" }, "4012MiB"],
    [{ memory: "4012MiB" }, "4012MiB"],
    [{ memory: "4013MiB" }, "16052MiB"],
    [{ memory: "1259MiB", arch: UNKNOWN }, "4012MiB"],
    [{ memory: "4013MiB", arch: UNKNOWN }, UNKNOWN],
    [{ memory: UNKNOWN }, UNKNOWN],
    [{ memory: "1259MiB", maxMemory: "2GiB" }, "2048MiB"],
  ])(
    "a ceiling is kept until the memory outgrows it or the program names one: %j has %s",
    (args, ceiling) => {
      expect(checked(args, checked({ memory: "1003MiB" })).maxMemory).toBe(ceiling);
    },
  );

  test.each([
    [{ memory: "8GiB" }, { memorySlots: 32, maxMemory64Bit: 16_384 * 1024 }, "16384MiB", 32],
    [{ memory: "8GiB", arch: "i686" }, { maxMemory32Bit: 10_240 * 1024 }, "10240MiB", 16],
    [{ memory: "8GiB", memorySlots: 4 }, { memorySlots: 32 }, "32768MiB", 4],
  ])("of %j in a stack with %j: at most %s in %i slots", (args, stack, maxMemory, memorySlots) => {
    const { inputs, failures } = checkInputs({}, { ...hidden, ...args }, { ...DEFAULTS, ...stack });
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({ maxMemory, memorySlots });
  });

  test("the stack's configuration doesn't change what a resource has, except for a lower limit", () => {
    const before = checked({ memory: "1GiB" });
    const stack = { ...DEFAULTS, memorySlots: 32, maxMemory64Bit: 2 ** 40 };
    const args = { ...hidden, memory: "1GiB" };
    expect(checkInputs(before, args, stack).inputs).toEqual(before);
    const lowered = checkInputs(before, args, { ...stack, maxMemory64Bit: 2048 * 1024 });
    expect(lowered).toEqual({ failures: [], inputs: { ...before, maxMemory: "2048MiB" } });
  });

  test("memory is the sum of the nodes' shares where the program only sets those", () => {
    expect(checked({ numa: [{ memory: "1GiB" }, { memory: "512MiB" }, {}] })).toMatchObject({
      memory: "1536MiB",
      numa: [{ memory: "1024MiB" }, { memory: "512MiB" }, {}],
    });
  });

  test("name, UUID, MACs and slots are kept when an alias gives the resource another URN", () => {
    const before = checked({ memory: "1GiB", memorySlots: 4, interfaces: [{ user: true }] });
    const after = checked(
      { __urn: URN.replace("web-1", "front"), memory: "1GiB", interfaces: [{ user: true }, { user: true }] },
      before,
    );
    const { __urn: _, interfaces: macs = [], ...kept } = after;
    expect(before).toMatchObject(kept);
    expect(macs[0]).toEqual(before.interfaces?.[0]);
    expect(macs[1]?.mac).toMatch(/^52:54:00:/);
  });

  test("an interface without a MAC never gets one that the program gives to another", () => {
    const mac = "52:54:00:00:00:01";
    const before = checked({ memory: "1GiB", interfaces: [{ user: true, mac }] });
    const after = checked({ memory: "1GiB", interfaces: [{ user: true }, { user: true, mac }] }, before);
    expect(after.interfaces?.[1]?.mac).toBe(mac);
    expect(after.interfaces?.[0]?.mac).not.toBe(mac);
  });

  test("MACs differ between interfaces and between resources, and have QEMU's prefix", () => {
    const args = { memory: "1GiB", interfaces: [{ user: true }, { user: true }] };
    const macs = [checked(args), checked({ ...args, __urn: `${URN}x` })].flatMap((inputs) =>
      (inputs.interfaces ?? []).map(({ mac }) => mac),
    );
    expect(new Set(macs).size).toBe(4);
    for (const mac of macs) expect(mac).toMatch(/^52:54:00(:[0-9a-f]{2}){3}$/);
  });

  test("a hidden input that ignoreChanges brings back from the state is not an argument", () => {
    const found = { memoryPlan: "live: …", change: "live", memoryChange: "live" };
    const args = { memory: "1GiB", __adopted: true, __unsettled: true, ...found };
    expect(checked(args)).toEqual(checked({ memory: "1GiB" }));
  });

  test("a secret without a value arrives as null and counts as absent", () => {
    const args = {
      ...{ memory: "1GiB", maxMemory: null, memoryPlan: null, hotplug: { alignment: null } },
      ...{ disks: [{ file: "/a", bus: null }], interfaces: [{ user: true, network: null }] },
    };
    const present = { memory: "1GiB", disks: [{ file: "/a" }], interfaces: [{ user: true }] };
    expect(checked({ ...args, __secret: true })).toEqual({
      ...checked(present),
      hotplug: {},
      __secret: true,
    });
  });
});

describe("canonical forms make no difference", () => {
  property.prop([validArguments])("a second check of the same program changes nothing", (args) => {
    const once = checked(args);
    expect(checked(args, once)).toEqual(once);
  });

  property.prop([validArguments])("nor one of what check answered", (args) => {
    const once = checked(args);
    const { uuid: _, ...asArguments } = once;
    expect(checked(asArguments, once)).toEqual(once);
    expect(checked(asArguments)).toEqual(once);
  });

  property.prop([validArguments])("what it answers fits Pulumi's wire format", (args) => {
    expect(JSON.parse(JSON.stringify(checked(args)))).toStrictEqual(checked(args));
  });

  test("MACs are written in lower case", () => {
    const args = { memory: "1GiB", interfaces: [{ user: true, mac: "52:54:00:AB:CD:EF" }] };
    expect(checked(args).interfaces?.[0]?.mac).toBe("52:54:00:ab:cd:ef");
  });
});

describe("what isn't known yet in a preview", () => {
  const withOneUnknown = validArguments.chain((args) =>
    fc
      .constantFrom(...places(args))
      .map((place) => ({ place, known: args, args: withUnknown(args, place) as Record<string, unknown> })),
  );

  property.prop([withOneUnknown, validArguments])(
    "passes at any depth of any argument, on create and afterwards",
    ({ place, args }, before) => {
      for (const olds of [{}, checked(before)]) {
        const inputs = checked(args, olds);
        let found: unknown = inputs;
        for (const step of place) found = Reflect.get(Object(found), step);
        expect(found).toBe(UNKNOWN);
        if (args.memory === UNKNOWN && args.maxMemory === undefined) expect(inputs.maxMemory).toBe(UNKNOWN);
      }
    },
  );

  property.prop([withOneUnknown])("leaves every other argument as it is", ({ place, args, known }) => {
    // Whether there is a password is only known with the graphics.
    const touched = new Set([place[0], "maxMemory", ...(place[0] === "graphics" ? ["__secrets"] : [])]);
    const untouched = Object.entries(checked(known)).filter(([name]) => !touched.has(name));
    expect(checked(args)).toMatchObject(Object.fromEntries(untouched));
  });

  test.each([
    [{ network: UNKNOWN, bridge: UNKNOWN }],
    [{ network: "default", user: UNKNOWN }],
    [{ user: UNKNOWN }],
  ])("an interface may turn out right: %j", (one) => {
    checked({ memory: "1GiB", interfaces: [one] });
  });
});

const ARGUMENTS =
  "name, memory, maxMemory, memorySlots, vcpus, maxVcpus, cpuTopology, hotplug, numa, currentMemory, guestWidth, cpu, arch, machine, firmware, boot, disks, interfaces, reportAddresses, hotplugPorts, serial, agent, balloon, graphics, video, rng, tpm, watchdog, memoryBacking, description, running, discardSavedState, autostart, shutdownTimeout, forceOff, adopt, onDelete, uri, xml";

describe("what check refuses", () => {
  const memory = "1003MiB";

  test.each([
    ["uuid", "is computed from the resource's URN and can't be set"],
    ["memry", 'is not an argument of Domain; did you mean "memory"?'],
    ["MAXMEMORY", 'is not an argument of Domain; did you mean "maxMemory"?'],
    ["zebra", `is not an argument of Domain; expected one of ${ARGUMENTS}`],
    ["constructor", `is not an argument of Domain; expected one of ${ARGUMENTS}`],
  ])("%s %s", (name, reason) => {
    expect(checkInputs({}, { ...hidden, memory, [name]: 1 }).failures).toEqual([{ property: name, reason }]);
  });

  test("a program without memory", () => {
    const reason = 'is required, e.g. "4GiB"';
    expect(checkInputs({}, hidden).failures).toEqual([{ property: "memory", reason }]);
  });

  test("comes all at once, in the order of the arguments", () => {
    const args = {
      memory: "4GB",
      maxMemory: 0,
      vcpus: 0,
      hotplug: { alignment: "3MiB", targetNode: 1 },
      onDelete: "destroy",
      memorySlot: 3,
      currentMemory: true,
      disks: [{ file: "a" }, { file: "/b", bus: "x" }],
    };
    expect(checkInputs({}, { ...hidden, ...args }).failures.map(({ property }) => property)).toEqual([
      "memorySlot",
      "memory",
      "maxMemory",
      "vcpus",
      "currentMemory",
      "disks[0].file",
      "disks[1].bus",
      "onDelete",
      "hotplug.alignment",
      "hotplug.targetNode",
    ]);
  });

  test("includes a resource's name that can't be a domain's, unless the program sets a name", () => {
    const urn = `${hidden.__urn}/x`;
    const reason = "must be 1 to 200 letters, digits and _ . + : @ -, starting with a letter, a digit or _";
    expect(checkInputs({}, { ...hidden, __urn: urn, memory }).failures).toEqual([
      { property: "name", reason },
    ]);
    expect(checkInputs({}, { ...hidden, __urn: urn, memory, name: "web" }).failures).toEqual([]);
  });

  test("shows no figures of a secret size", () => {
    const args = { memory: "9217MiB", maxMemory: "8GiB", vcpus: -7 };
    const reasons = JSON.stringify(checkInputs({}, { ...hidden, ...args, __secret: true }).failures);
    expect(reasons).toContain("above maxMemory");
    expect(reasons).not.toMatch(/\d/);
  });
});
