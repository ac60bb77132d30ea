import { status } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, it } from "vitest";
import { SIGNATURE } from "../../provider/args/secret-mark.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { STATE_VERSION } from "../../provider/outputs.ts";
import { sent } from "../../provider/plugin/values.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { configured, PLUGIN_URN } from "../support/plugin-in-process.ts";
import { PluginStack } from "../support/plugin-stack.ts";

const AWAIT_NOTHING = { hotplug: { awaitGuest: false } };

describe("check", () => {
  it("reports every wrong argument at its path, at once", async () => {
    const plugin = await configured();
    const { failures } = await plugin.check(
      {},
      {
        memry: 1,
        vcpus: "two",
        disks: [{ file: 1 }],
        boot: { kernel: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17" } },
      },
    );
    expect(failures.map(({ property }) => property).toSorted()).toEqual([
      ...["boot.kernel", "disks[0].file", "memory", "memry", "vcpus"],
    ]);
    expect(failures).toContainEqual({
      property: "memry",
      reason: 'is not an argument of Domain; did you mean "memory"?',
    });
  });

  it.each([0, 1] as const)("takes the name that the stack's autonaming proposes (mode %d)", async (mode) => {
    const plugin = await configured();
    const autonaming = { proposedName: "web-1-7f3a", mode };
    const { inputs } = await plugin.check({}, { memory: "1GiB" }, { autonaming });
    expect(inputs.name).toBe("web-1-7f3a");
    const again = await plugin.check(inputs, { memory: "1GiB" }, { autonaming: { proposedName: "x", mode } });
    expect(again.inputs.name).toBe("web-1-7f3a");
    const set = await plugin.check({}, { memory: "1GiB", name: "mine" }, { autonaming });
    expect(set.inputs.name).toBe("mine");
  });

  it("keeps the name of its domain in a replace, and after a create that was killed", async () => {
    const host = new FakeHypervisor();
    const plugin = await configured({}, host);
    const program = { memory: "1GiB" };
    const proposed = (name: string) => ({ autonaming: { proposedName: name, mode: 0 as const } });
    const { inputs } = await plugin.check({}, program, proposed("web-1-aa"));
    await plugin.create(inputs);
    const next = await configured({}, host);
    expect((await next.check({}, program, proposed("web-1-bb"))).inputs.name).toBe("web-1-aa");
    const replacing = await configured({}, host);
    await replacing.check(inputs, { memory: "1025MiB" }, proposed("web-1-cc"));
    const again = await replacing.check({}, { memory: "1025MiB" }, proposed("web-1-dd"));
    expect(again.inputs.name).toBe("web-1-aa");
  });

  it("wants a name where the stack disables automatic names", async () => {
    const plugin = await configured();
    const { failures } = await plugin.check(
      {},
      { memory: "1GiB" },
      { autonaming: { proposedName: "", mode: 2 } },
    );
    expect(failures).toEqual([
      { property: "name", reason: "is required: pulumi:autonaming disables automatic names" },
    ]);
  });

  it.each([["memory"], 5, "memory", true, { a: 1 }, [1]])(
    "takes no mark of secrets from the program, only from its values: %j",
    async (noted) => {
      const plugin = await configured();
      const marks = { __secrets: noted, __secret: true, __hosts: noted };
      const { inputs, failures } = await plugin.check({}, { memory: "1GiB", ...marks });
      expect(failures).toEqual([]);
      expect(inputs).toMatchObject({ memory: "1024MiB" });
      expect(Object.keys(inputs)).not.toContain("__secrets");
      expect(Object.keys(inputs)).not.toContain("__secret");
      const read = plugin.read("web-1", { properties: { __secrets: noted } });
      await expect(read).rejects.toMatchObject({ details: expect.stringMatching(/^there is no domain/) });
    },
  );

  it("takes what an import read, its UUID included, but no other UUID", async () => {
    const plugin = await configured();
    const read = { name: "old-1", memory: "1024MiB", uuid: "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01" };
    expect((await plugin.check(read, read)).failures).toEqual([]);
    const { failures } = await plugin.check(read, { ...read, uuid: "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b02" });
    expect(failures.map(({ property }) => property)).toEqual(["uuid"]);
  });
});

describe("a stack on the plugin", () => {
  it("is created, grown, unchanged, refreshed and destroyed", async () => {
    const host = new FakeHypervisor();
    const stack = new PluginStack(host);
    const program = { memory: "1GiB", maxMemory: "4GiB", shutdownTimeout: 0, ...AWAIT_NOTHING };
    expect(await stack.up(program)).toBe("create");
    expect(await stack.up(program)).toBe("same");
    expect(stack.run.said).toEqual([]);
    const grown = { ...program, memory: "1280MiB" };
    const { kind, outputs } = await stack.preview(grown);
    expect([kind, outputs.liveMemory]).toEqual(["update", "1280MiB"]);
    expect(await stack.up(grown)).toBe("update");
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "1280MiB", nextBootMemory: "1280MiB" });
    await stack.refresh();
    expect(await stack.up(grown)).toBe("same");
    await stack.destroy();
    expect(host.domains.size).toBe(0);
  });

  it("has what the dynamic provider's host needs to delete and read it", async () => {
    const stack = new PluginStack(new FakeHypervisor());
    await stack.up({ memory: "1GiB" });
    expect(stack.recorded.outputs).toMatchObject({
      __provider: 'exports.handler = () => require("pulumi-libvirt-hotplug/provider").provider',
      __urn: PLUGIN_URN,
    });
  });

  it("refuses a state that a later version wrote", async () => {
    const stack = new PluginStack(new FakeHypervisor());
    await stack.up({ memory: "1GiB" });
    const later = { ...stack.recorded.outputs, __stateVersion: STATE_VERSION + 1 };
    stack.state = { ...stack.recorded, outputs: later };
    const text =
      "the state of domain web-1 has format 4, but this version of libvirt-hotplug reads formats up to 3: a later version wrote it; install that version or a later one";
    await expect(stack.up({ memory: "2GiB" })).rejects.toMatchObject({ details: text });
    await expect(stack.refresh()).rejects.toMatchObject({ details: text });
    await expect(stack.destroy()).rejects.toMatchObject({ details: text });
  });

  it.each([
    ...[
      "name",
      "uuid",
      "uri",
      "memory",
      "maxMemory",
      "__observed",
      "__stateVersion",
      "liveMemory",
      "nextBootMemory",
    ],
    ...["numa", "disks", "interfaces", "hotplug", "currentMemory", "__guest", "__detaching", "__drift"],
  ])("refuses a state whose %s has another form, and leaves the domain unchanged", async (property) => {
    const host = new FakeHypervisor();
    const stack = new PluginStack(host);
    await stack.up({ memory: "1GiB" });
    const { recorded } = stack;
    const before = structuredClone(host.only);
    for (const value of [null, true]) {
      stack.state = { ...recorded, outputs: { ...recorded.outputs, [property]: value } };
      const error = {
        details: expect.stringMatching(`^the state of .* has no valid ${property}, as every version`),
      };
      await expect(stack.up({ memory: "2GiB" })).rejects.toMatchObject(error);
      await expect(stack.destroy()).rejects.toMatchObject(error);
      await expect(stack.refresh()).rejects.toMatchObject(error);
    }
    expect(host.only).toEqual(before);
  });

  it.each(["maxMemory", "memorySlots", "liveMemory", "nextBootMemory", "memoryDevices"])(
    "refuses a state whose %s, from which the observation follows, was removed or is not what the provider wrote",
    async (property) => {
      const host = new FakeHypervisor();
      const stack = new PluginStack(host);
      await stack.up({ memory: "1GiB" });
      const { recorded } = stack;
      for (const value of [undefined, null, "much", [{ size: 7 }]]) {
        stack.state = { ...recorded, outputs: { ...recorded.outputs, [property]: value } };
        const error = { details: expect.stringMatching(` has no valid ${property}, as every`) };
        await expect(stack.up({ memory: "2GiB" })).rejects.toMatchObject(error);
        await expect(stack.refresh()).rejects.toMatchObject(error);
      }
    },
  );

  it("has an error without a stack where a host can't be reached, also in an import", async () => {
    const plugin = await configured({ uri: "qemu:///session" });
    await expect(plugin.read("web-1")).rejects.toMatchObject({
      details: "nobody answers at qemu:///session",
    });
    await expect(plugin.stream("list", new pb.ListRequest())).rejects.toMatchObject({
      details: "nobody answers at qemu:///session",
    });
  });

  it("lists the domains of a host", async () => {
    const host = new FakeHypervisor();
    const stack = new PluginStack(host);
    await stack.up({ memory: "1GiB", name: "a" });
    const answers = await stack.run.stream<pb.ListResponse>("list", new pb.ListRequest());
    expect(answers.map((answer) => answer.getResult()?.toObject())).toMatchObject([
      { id: stack.recorded.id, name: "a" },
    ]);
  });

  it("lists no domains by a filter that it doesn't have", async () => {
    const stack = new PluginStack(new FakeHypervisor());
    await stack.up({ memory: "1GiB" });
    for (const query of [
      { name: "x" },
      { uri: 5 },
      { uri: ["qemu:///system"] },
      { uri: UNKNOWN, state: 1 },
    ]) {
      const request = new pb.ListRequest();
      request.setQuery(sent(query));
      const error = { code: status.INVALID_ARGUMENT, details: expect.stringContaining(" ") };
      await expect(stack.run.stream("list", request)).rejects.toMatchObject(error);
    }
    const request = new pb.ListRequest();
    request.setQuery(sent({ uri: "qemu:///system" }));
    expect(await stack.run.stream("list", request)).toHaveLength(1);
  });

  it("shares nothing with the next run in the same process", async () => {
    const host = new FakeHypervisor();
    const stack = new PluginStack(host);
    await stack.up({ memory: "1GiB", maxMemory: "4GiB", ...AWAIT_NOTHING });
    const { id, inputs, outputs } = stack.recorded;
    const plugin = await configured({}, host);
    for (const memory of ["1280MiB", "1536MiB"]) {
      await plugin.call("handshake", new pb.ProviderHandshakeRequest());
      await plugin.configure();
      const checked = await plugin.check(inputs, { memory, maxMemory: "4GiB", ...AWAIT_NOTHING });
      expect(checked.inputs.memoryPlan).toContain("live: 1024");
      await plugin.diff(id, outputs, checked.inputs, { oldInputs: inputs });
      await plugin.call("cancel", new empty.Empty());
    }
    expect(plugin.said.map((text) => text.split(",")[0])).toEqual([
      "live: 1024 → 1280 MiB",
      "live: 1024 → 1536 MiB",
    ]);
  });
});
