import { createHook } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { Domain, type DomainArgs } from "../../sdk/index.ts";
import { mockEngine, mocked, registered, sent, urnOf } from "./registered.ts";

mockEngine();

describe("names that last", () => {
  test("the type, and the one string of code that states hold", async () => {
    const { type, inputs } = await sent({ memory: "1GiB" });
    expect(type).toBe("pulumi-nodejs:dynamic/libvirt:Domain");
    expect(inputs.__provider).toBe(
      'exports.handler = () => require("pulumi-libvirt-hotplug/provider").provider',
    );
  });

  test("the URN, by which messages find the resource's row", async () => {
    const web = new Domain("web-1", { memory: "1GiB" });
    const urn = await urnOf(web);
    expect(urn).toBe("urn:pulumi:dev::shop::pulumi-nodejs:dynamic/libvirt:Domain::web-1");
    expect(registered.get("web-1")?.inputs.__urn).toBe(urn);
  });

  test("with the parent in it", async () => {
    const parent = new pulumi.ComponentResource("shop:web:Farm", "farm");
    const { inputs } = await sent({ memory: "1GiB" }, { parent });
    expect(inputs.__urn).toBe(
      "urn:pulumi:dev::shop::shop:web:Farm$pulumi-nodejs:dynamic/libvirt:Domain::web-1",
    );
  });
});

test("a stack that was moved to the plugin moves back by an alias, beside those of the program", async () => {
  const { aliases } = await sent({ memory: "1GiB" }, { aliases: [{ name: "old" }] });
  const moved = "libvirt-hotplug:index:Domain::";
  expect(aliases).toEqual(["::old", moved]);
  expect((await sent({ memory: "1GiB" })).aliases).toEqual([moved]);
});

describe("arguments", () => {
  test("reach check as the program gave them", async () => {
    const args: DomainArgs = {
      memory: 1003,
      maxMemory: "8GiB",
      vcpus: 2,
      hotplug: { alignment: "128MiB" },
      disks: [{ file: "/d" }],
      interfaces: [{ network: "default" }],
      serial: { file: "/log" },
      running: false,
      uri: "qemu:///session",
    };
    const { inputs } = await sent(args);
    const { __provider: _, __urn: __, ...visible } = inputs;
    expect(visible).toEqual(args);
    expect(checkInputs({}, inputs).failures).toEqual([]);
  });

  test("that TypeScript doesn't know reach check, which names them", async () => {
    const { inputs } = await sent(Object.assign({ memory: "1GiB" }, { memry: "2GiB" }));
    expect(checkInputs({}, inputs).failures).toEqual([
      { property: "memry", reason: 'is not an argument of Domain; did you mean "memory"?' },
    ]);
  });

  test("may not be the class's own", async () => {
    const own = {
      ...{ memory: "1GiB", __provider: "evil", __urn: "urn", __secret: true },
      ...{ memoryPlan: "free", change: "none", memoryChange: "none" },
    };
    const { inputs } = await sent(own);
    expect(inputs.__provider).toContain("pulumi-libvirt-hotplug/provider");
    expect(inputs.__urn).toContain("::web-1");
    for (const name of ["memoryPlan", "change", "memoryChange", "__secret"])
      expect(inputs).not.toHaveProperty(name);
  });

  test("outputs of other resources are waited for", async () => {
    const { inputs } = await sent({ memory: pulumi.output(Promise.resolve("1GiB")) });
    expect(inputs.memory).toBe("1GiB");
  });
});

describe("what Pulumi's SDK makes for each domain", () => {
  const args = { memory: "1GiB", disks: [{ file: "/d" }], interfaces: [{ network: "default" }] };
  /** The outputs that the class declares. */
  const declared = [
    ...["name", "uuid", "memory", "maxMemory", "memorySlots", "state", "stateReason"],
    ...[
      "memoryPlan",
      "change",
      "memoryChange",
      "liveMemory",
      "nextBootMemory",
      "pendingMemory",
      "savedMemory",
    ],
    ...[
      "memoryDevices",
      "liveMemorySlots",
      "reachable",
      "guestMemory",
      "guestMemoryFrom",
      "addresses",
      "uri",
    ],
    ...["maxVcpus", "reachableVcpus", "guestVcpus"],
  ];
  const hidden = { __provider: "code", __urn: "urn" };

  class Plain extends pulumi.CustomResource {
    constructor(name: string) {
      const outputs = Object.fromEntries(declared.map((output) => [output, undefined]));
      super("a:b:Plain", name, { ...outputs, ...args, ...hidden }, { aliases: [{ type: "a:b:Old" }] });
    }
  }

  const outputsOf = (resource: pulumi.Resource) =>
    Object.entries(resource).flatMap(([name, value]) => (pulumi.Output.isInstance(value) ? [name] : []));

  async function promisesOf(make: () => pulumi.Resource): Promise<number> {
    let count = 0;
    const hook = createHook({ init: (_, type) => void (type === "PROMISE" && count++) }).enable();
    try {
      await urnOf(make());
    } finally {
      hook.disable();
    }
    return count;
  }

  test("is an output for each declared one and each input, without those for secrets where there are none", async () => {
    const web = new Domain("web-1", args);
    await urnOf(web);
    const found = outputsOf(web);
    const needed = ["id", "urn", ...declared, "disks", "interfaces", "__provider", "__urn", "__hosts"];
    expect(found.toSorted()).toEqual(needed.toSorted());
  });

  test("is hardly more promises than for a resource that does nothing and has the same outputs", async () => {
    for (const name of ["warm", "up"])
      await Promise.all([urnOf(new Plain(`${name}-plain`)), urnOf(new Domain(`${name}-web`, args))]);
    const counted = new Plain("counted");
    await urnOf(counted);
    const plain = await promisesOf(() => new Plain("plain"));
    const web = await promisesOf(() => new Domain("web-1", args));
    // The list of hosts is an input of its own.
    const forHosts = 3 * (plain / outputsOf(counted).length);
    expect(web - plain).toBeLessThan(forHosts);
  });
});

describe("an existing domain can't be taken over by a resource option of Pulumi", () => {
  test.each([
    ["import", { import: "b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c" }],
    ["id", { id: "b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c" }],
  ])("%s is refused without a stack trace, and the way out is named", (option, opts) => {
    const make = () => new Domain("web-1", { memory: "1GiB" }, opts);
    // Pulumi shows the message of a RunError alone.
    expect(make).toThrow(pulumi.RunError);
    expect(make).toThrow(
      `Domain doesn't support the resource option ${option}; to take over an existing domain, set the argument adopt: true`,
    );
    expect(registered.size).toBe(0);
  });
});

describe("the order of a replace", () => {
  test("deleteBeforeReplace: false is refused without a stack trace", () => {
    const make = () => new Domain("web-1", { memory: "1GiB" }, { deleteBeforeReplace: false });
    expect(make).toThrow(pulumi.RunError);
    expect(make).toThrow("Domain doesn't support the resource option deleteBeforeReplace: false");
    expect(registered.size).toBe(0);
  });
});

describe("the URIs of all domains", () => {
  /** What each Domain of a program passes on, by name. */
  async function hosts(program: Record<string, pulumi.Input<string> | undefined>) {
    vi.spyOn(pulumi.runtime, "getStackResource").mockReturnValue(
      new pulumi.ComponentResource("pulumi:pulumi:Stack", "stack") as never,
    );
    const made = Object.entries(program).map(
      ([name, uri]) => new Domain(name, { memory: "1GiB", ...(uri !== undefined && { uri }) }),
    );
    await Promise.all(made.map(urnOf));
    return Object.keys(program).map((name) => registered.get(name)?.inputs.__hosts);
  }

  test("reach check with each of them, also of those that the program makes later", async () => {
    const all = ["qemu+ssh://a/system", "", "qemu+ssh://b/system"];
    const found = await hosts({ a: all[0], default: undefined, b: all[2], again: all[0] });
    expect(found).toEqual([all, all, all, all]);
  });

  test("are left out for a single host", async () => {
    expect(await hosts({ a: "qemu:///session", b: "qemu:///session" })).toEqual([undefined, undefined]);
  });

  test("leave out what is secret or an output", async () => {
    const found = await hosts({
      a: pulumi.secret("qemu+ssh://a/system"),
      b: undefined,
      c: "qemu:///session",
    });
    expect(found[0]).toEqual(["", "qemu:///session"]);
  });

  test("are not kept as an input", () => {
    const checked = checkInputs(
      {},
      { memory: "1GiB", __urn: "urn:a::b::c::d", __hosts: ["", "qemu:///session"] },
    );
    expect(checked.failures).toEqual([]);
    expect(checked.inputs).not.toHaveProperty("__hosts");
  });
});

describe("in a preview", () => {
  const unknown = pulumi.output(Promise.resolve("1GiB")).apply((): string => pulumi.unknown as never);

  test("a size that isn't known yet makes the ceiling and the sentence unknown, and stays out of the messages' way", async () => {
    await mocked({ preview: true });
    const { inputs } = await sent({ memory: unknown });
    expect([inputs.memory, inputs.maxMemory, inputs.memoryPlan]).toEqual([UNKNOWN, UNKNOWN, UNKNOWN]);
    expect(checkInputs({}, inputs)).toMatchObject({ failures: [], inputs: { maxMemory: UNKNOWN } });
  });
});
