import { createHook } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor, type MockResourceArgs } from "@pulumi/pulumi/runtime/mocks.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { outputs } from "../../provider/outputs.ts";
import { Domain, type DomainArgs } from "../../sdk/index.ts";

interface Sent {
  type: string;
  /** As they go over the wire, secrets in their wrapping. */
  inputs: Record<string, unknown>;
  secretOutputs: string[];
  /** The other names and types that it may have in the state. */
  aliases: string[];
}

/** What was registered, by name. */
let registered: Map<string, Sent>;

beforeEach(async () => {
  registered = new Map();
  await mocked({ preview: false });
});

afterEach(() => {
  vi.restoreAllMocks();
});

async function mocked({ preview }: { preview: boolean }): Promise<void> {
  const mocks = {
    newResource: ({ inputs }: MockResourceArgs) => ({ id: "id", state: inputs }),
    call: () => ({}),
  };
  await pulumi.runtime.setMocks(mocks, "shop", "dev", preview);
  vi.restoreAllMocks();
  // The mocks only get the inputs, not which outputs are to be secret.
  const register = MockMonitor.prototype.registerResource;
  vi.spyOn(MockMonitor.prototype, "registerResource").mockImplementation(function (
    this: MockMonitor,
    request: RegisterResourceRequest,
    callback,
  ) {
    registered.set(request.getName(), {
      type: request.getType(),
      inputs: request.getObject()?.toJavaScript() ?? {},
      secretOutputs: request.getAdditionalsecretoutputsList(),
      aliases: request
        .getAliasesList()
        .map((alias) => `${alias.getSpec()?.getType()}::${alias.getSpec()?.getName()}`),
    });
    return register.call(this, request, callback);
  });
}

function urnOf(resource: pulumi.Resource): Promise<string> {
  return new Promise((resolve) => resource.urn.apply(resolve));
}

/** What the engine gets of a Domain with these arguments. */
async function sent(args: DomainArgs, opts?: pulumi.CustomResourceOptions): Promise<Sent> {
  await urnOf(new Domain("web-1", args, opts));
  const found = registered.get("web-1");
  if (found === undefined) throw new Error("nothing was registered");
  return found;
}

/** Pulumi's wrapping of a secret (sdk/nodejs/runtime/rpc.ts). */
const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

const derived = [
  "liveMemory",
  "nextBootMemory",
  "pendingMemory",
  "savedMemory",
  "memoryDevices",
  "reachable",
  "guestMemory",
  "__observed",
  "__drift",
  "__guest",
  "__detaching",
];

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
    ...["memoryDevices", "reachable", "guestMemory", "guestMemoryFrom", "uri"],
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

describe("secrets", () => {
  test.each<[string, DomainArgs]>([
    ["memory", { memory: pulumi.secret("1GiB") }],
    ["maxMemory", { memory: "1GiB", maxMemory: pulumi.secret("8GiB") }],
    ["xml", { memory: "1GiB", xml: pulumi.secret("<domain/>") }],
  ])(
    "%s: what is derived from it is secret too, and messages are to leave figures out",
    async (name, args) => {
      const { inputs, secretOutputs } = await sent(args, { additionalSecretOutputs: ["state"] });
      expect(inputs[name]).toEqual(secret(expect.anything()));
      expect(inputs.__secret).toBe(true);
      expect(secretOutputs).toEqual(["state", ...derived]);
    },
  );

  test.each<[string, DomainArgs]>([
    ["memory", { memory: pulumi.secret("1GiB") }],
    ["maxMemory", { memory: "1GiB", maxMemory: pulumi.secret("8GiB") }],
  ])("%s: what check computes from it are secret inputs without a value", async (_, args) => {
    const { inputs } = await sent(args);
    for (const name of ["memoryPlan", "change", "memoryChange"]) expect(inputs[name]).toEqual(secret(null));
    expect(inputs.maxMemory).toEqual(secret(args.maxMemory === undefined ? null : "8GiB"));
  });

  const hidden = ["__observed", "__drift", "__guest", "__detaching"];
  const size = pulumi.secret("1GiB");
  const text = pulumi.secret("hunter2");
  const memory = "1GiB";

  test.each<[args: DomainArgs, paths: string[], areSizes: boolean]>([
    [{ memory: size, maxMemory: size }, ["memory", "maxMemory"], true],
    [{ numa: [{ memory }, { memory: size }] }, ["numa[1].memory"], true],
    [{ numa: pulumi.output([{ memory: size }]) }, ["numa"], true],
    [{ numa: [pulumi.secret({ memory }), { cpus: text }] }, ["numa[0]", "numa[1].cpus"], true],
    [{ memory, memorySlots: pulumi.secret(4) }, ["memorySlots"], true],
    [{ memory, currentMemory: size }, ["currentMemory"], true],
    [{ memory, vcpus: pulumi.secret(4) }, ["vcpus"], true],
    [{ memory, machine: text }, ["machine"], true],
    [{ memory, hotplug: { alignment: size } }, ["hotplug.alignment"], true],
    [{ memory, hotplug: { source: { pageSize: size } } }, ["hotplug.source.pageSize"], true],
    [{ memory, hotplug: Promise.resolve({ maxDimmSize: size }) }, ["hotplug"], true],
    [{ memory, hotplug: pulumi.output({}).apply(() => ({ maxDimmSize: size })) }, ["hotplug"], true],
    [
      { memory, hotplug: { before: { command: ["x", text], timeout: pulumi.secret(9) } } },
      ["hotplug.before.command[1]", "hotplug.before.timeout"],
      false,
    ],
    [{ memory, hotplug: { after: pulumi.secret({ command: ["x"] }) } }, ["hotplug.after"], false],
    [{ memory, xml: text }, ["xml"], true],
    [{ memory, name: text, uri: text, description: text }, ["name", "uri", "description"], false],
    [{ memory, disks: [{ file: text }], boot: { kernel: text } }, ["disks[0].file", "boot.kernel"], false],
  ])("%j: the paths of the secrets, and what is derived from them", async (args, paths, areSizes) => {
    const { inputs, secretOutputs } = await sent(args);
    expect((inputs.__secrets as string[]).toSorted()).toEqual(paths.toSorted());
    expect(inputs.__secret).toBe(areSizes || undefined);
    expect(secretOutputs.toSorted()).toEqual((areSizes ? derived : hidden).toSorted());
    for (const name of ["memoryPlan", "change", "memoryChange"])
      expect(inputs[name]).toEqual(areSizes ? secret(null) : undefined);
  });

  test.each<[args: DomainArgs, names: string[]]>([
    [{ numa: [{ memory: size }] }, ["memory", "maxMemory"]],
    [{ memory, xml: text }, ["maxMemory", "memorySlots"]],
    [{ memory: size }, ["maxMemory"]],
    [{ memory, vcpus: pulumi.secret(2) }, []],
  ])("%j: what check fills in from a secret is a secret input without a value", async (args, names) => {
    const { inputs } = await sent(args);
    const computed = ["memory", "maxMemory", "memorySlots"].filter((name) => !(name in args));
    expect(computed.filter((name) => inputs[name] !== undefined)).toEqual(names);
    for (const name of names) expect(inputs[name]).toEqual(secret(null));
  });

  test("no secret, no mark", async () => {
    const { inputs, secretOutputs } = await sent({ memory: pulumi.output("1GiB") });
    expect([inputs.memory, secretOutputs]).toEqual(["1GiB", []]);
    expect(inputs).not.toHaveProperty("__secret");
    expect(inputs).not.toHaveProperty("__secrets");
    expect(inputs).not.toHaveProperty("memoryPlan");
  });

  test("every output that holds a size is among the derived ones, or an input that is secret itself", () => {
    const view = {
      memory: 2_097_152,
      currentMemory: 2_097_152,
      cells: [{ id: 0, memory: 1_048_576 }],
      devices: [{ model: "dimm" as const, size: 1_048_576 }],
      maxMemory: { size: 8_388_608, slots: 4 },
      vcpus: 2,
      acpi: true,
      uefi: false,
    };
    const observed = {
      power: "running" as const,
      persistent: true,
      live: view,
      nextBoot: { ...view, memory: 3_145_728 },
    };
    const args = {
      __urn: "urn",
      name: "a",
      uuid: "u",
      memory: "2048MiB",
      maxMemory: "8192MiB",
      memorySlots: 4,
    };
    const definition = { ...view, type: "kvm", name: "a", uuid: "u", pinned: false };
    const power = "running" as const;
    const observation = { observed, power, autostart: false, agentConnected: true, definition };
    const guest = { domainId: 1, speaker: "agent" as const, memory: 2048 * 1024 };
    const made = outputs(args, {
      uri: "qemu:///system",
      observation,
      defaults: DEFAULTS,
      adopted: false,
      guest,
    });
    const holdsSize = Object.entries(made).filter(([, value]) => /\d{4}/.test(JSON.stringify(value)));
    const secretInputs = ["memory", "maxMemory"];
    expect(
      holdsSize.map(([name]) => name).filter((name) => ![...derived, ...secretInputs].includes(name)),
    ).toEqual([]);
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
