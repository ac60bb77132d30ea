import * as pulumi from "@pulumi/pulumi";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { outputs } from "../../provider/outputs.ts";
import type { DomainArgs } from "../../sdk/index.ts";
import { mockEngine, secret, sent } from "./registered.ts";

mockEngine();

const hidden = [
  ...["__awaitedAddresses", "__observed", "__drift", "__guest", "__guestVcpus", "__detaching"],
  "__made",
];
const ofSizes = [
  "liveMemory",
  "nextBootMemory",
  "pendingMemory",
  "savedMemory",
  "memoryDevices",
  "liveMemorySlots",
  "reachable",
  "guestMemory",
  "reachableVcpus",
  "guestVcpus",
];
/** The arguments that network cards, and so addresses, follow from. */
const WITH_CARDS = /^(interfaces|xml)/;

const derived = (paths: string[], areSizes = true) => [
  ...(areSizes ? ofSizes : []),
  ...(paths.some((path) => WITH_CARDS.test(path)) ? ["addresses"] : []),
  ...hidden,
];

describe("secrets", () => {
  test.each([
    { secretKeys: ["libvirt:uri"], isSecret: true },
    { secretKeys: ["libvirt:other"], isSecret: false },
    { secretKeys: ["libvirt-hotplug:uri"], own: "qemu+ssh://own/system", isSecret: true },
    { secretKeys: ["libvirt:uri"], own: "qemu+ssh://own/system", isSecret: false },
    { secretKeys: ["libvirt:uri"], uri: "qemu:///session", isSecret: false },
  ])("the URI of the configuration stays secret: %o", async ({ secretKeys, own, uri, isSecret }) => {
    onTestFinished(() => pulumi.runtime.setAllConfig({}, []));
    pulumi.runtime.setAllConfig(
      { "libvirt:uri": "qemu+ssh://host/system", ...(own && { "libvirt-hotplug:uri": own }) },
      secretKeys,
    );
    const { secretOutputs } = await sent({ memory: "1GiB", ...(uri && { uri }) });
    expect(secretOutputs).toEqual(isSecret ? ["uri"] : []);
  });

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
      expect(secretOutputs).toEqual(["state", ...derived([name])]);
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
    [{ memory, interfaces: [{ network: text }] }, ["interfaces[0].network"], false],
    [{ memory, name: text, uri: text, description: text }, ["name", "uri", "description"], false],
    [{ memory, disks: [{ file: text }], boot: { kernel: text } }, ["disks[0].file", "boot.kernel"], false],
  ])("%j: the paths of the secrets, and what is derived from them", async (args, paths, areSizes) => {
    const { inputs, secretOutputs } = await sent(args);
    expect((inputs.__secrets as string[]).toSorted()).toEqual(paths.toSorted());
    expect(inputs.__secret).toBe(areSizes || undefined);
    expect(secretOutputs.toSorted()).toEqual(derived(paths, areSizes).toSorted());
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

  test.each<[string, NonNullable<DomainArgs["graphics"]>, string, unknown]>([
    [
      "a plain string",
      { type: "vnc", password: "hunter2" },
      "graphics.password",
      { type: "vnc", password: secret("hunter2") },
    ],
    [
      "a secret",
      { type: "vnc", password: text },
      "graphics.password",
      { type: "vnc", password: secret("hunter2") },
    ],
    [
      "an output",
      { type: "vnc", password: pulumi.output("hunter2") },
      "graphics.password",
      { type: "vnc", password: secret("hunter2") },
    ],
    [
      "in an output",
      pulumi.output({ type: "vnc" as const, password: "hunter2" }),
      "graphics",
      secret({ type: "vnc", password: "hunter2" }),
    ],
    [
      "in a promise",
      Promise.resolve({ type: "vnc" as const, password: "hunter2" }),
      "graphics",
      secret({ type: "vnc", password: "hunter2" }),
    ],
  ])("a password is a secret: %s", async (_, graphics, path, marked) => {
    const { inputs, secretOutputs } = await sent({ memory, graphics });
    expect(inputs.graphics).toEqual(marked);
    expect(inputs.__secrets).toEqual([path]);
    expect(inputs.__secret).toBeUndefined();
    expect(secretOutputs.toSorted()).toEqual(hidden.toSorted());
  });

  test.each<[string, NonNullable<DomainArgs["graphics"]>]>([
    ["plain", { type: "vnc" }],
    ["an output", pulumi.output({ type: "vnc" as const })],
  ])("graphics without a password are no secret: %s", async (_, graphics) => {
    const { inputs, secretOutputs } = await sent({ memory, graphics });
    expect([inputs.graphics, secretOutputs]).toEqual([{ type: "vnc" }, []]);
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
      holdsSize
        .map(([name]) => name)
        .filter((name) => ![...ofSizes, ...hidden, ...secretInputs].includes(name)),
    ).toEqual([]);
  });
});
