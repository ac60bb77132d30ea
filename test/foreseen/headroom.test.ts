import { describe, expect, test } from "vitest";
import { SECRET, SIGNATURE } from "../../provider/args/secret-mark.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";

const base = { memory: "1GiB", maxMemory: "8GiB", vcpus: 1, maxVcpus: 4 };

/** A running domain of 1 GiB. */
async function running(): Promise<OneResource> {
  const stack = new OneResource(new FakeHypervisor());
  await stack.up(base);
  return stack;
}

const room = (from: string, slots: number, to = "8192MiB") => ({
  slots,
  memory: [{ from, to, step: "256MiB" }],
  vcpus: [{ from: 2, to: 4, step: 1 }],
});

describe("headroom in the inputs of the dynamic class", () => {
  test("is what a new domain can do live", async () => {
    const { inputs } = await new OneResource(new FakeHypervisor()).preview(base);
    expect(inputs.headroom).toEqual(room("1280MiB", 16));
  });

  test("is what the domain can do live after the change", async () => {
    const stack = await running();
    const { inputs } = await stack.preview({ ...base, memory: "2GiB" });
    expect(inputs.headroom).toEqual(room("2304MiB", 15));
    const { inputs: both } = await stack.preview({ ...base, memory: "1280MiB", vcpus: 3 });
    expect(both.headroom).toEqual({ ...room("1536MiB", 15), vcpus: [{ from: 4, to: 4, step: 1 }] });
  });

  test("has the slots of the running domain, until it is started with those of the arguments", async () => {
    const stack = await running();
    const raised = { ...base, memory: "1280MiB", memorySlots: 32 };
    const pending = { ...room("1536MiB", 15), liveMemorySlots: 16 };
    expect((await stack.preview(raised)).inputs.headroom).toEqual(pending);
    await stack.up(raised);
    expect(stack.recorded.outputs.liveMemorySlots).toBe(16);
    const setting = await stack.preview({ ...raised, shutdownTimeout: 7 });
    expect([setting.kind, setting.inputs.headroom]).toEqual(["update", pending]);
    const restart = { ...raised, memory: "1500MiB", hotplug: { whenNotPossible: "restart" } };
    expect((await stack.preview(restart)).inputs.headroom).toMatchObject({ slots: 32 });
    await stack.up(restart);
    expect(stack.recorded.inputs.headroom).not.toHaveProperty("liveMemorySlots");
    expect(stack.recorded.outputs).not.toHaveProperty("liveMemorySlots");
    await stack.up({ ...restart, memorySlots: 2, shutdownTimeout: 7 });
    expect(stack.recorded.inputs.headroom).toMatchObject({ slots: 32, liveMemorySlots: 32 });
  });

  test("tells a domain that is off from one that can't grow", async () => {
    const stack = await running();
    const off = { ...base, running: false };
    const headroom = { running: false, slots: 16, memory: [], vcpus: [] };
    expect((await stack.preview(off)).inputs.headroom).toEqual(headroom);
    await stack.up(off);
    expect((await stack.preview({ ...off, memory: "1300MiB" })).inputs.headroom).toEqual(headroom);
    expect((await stack.preview({ ...off, shutdownTimeout: 7 })).inputs.headroom).toEqual(headroom);
    const full = await stack.preview({ ...base, memory: "8GiB" });
    expect(full.inputs.headroom).not.toHaveProperty("running");
  });

  test("is that of the new domain in a replace", async () => {
    const { kind, inputs } = await (await running()).preview({ ...base, memory: "1300MiB" });
    expect([kind, inputs.headroom]).toEqual(["replace", room("1556MiB", 16, "7956MiB")]);
  });

  test("makes no difference, and isn't in the outputs, which say the same", async () => {
    const stack = await running();
    await stack.up({ ...base, memory: "2GiB" });
    const { inputs, outputs } = stack.recorded;
    expect(inputs.headroom).toEqual(room("2304MiB", 15));
    expect(outputs).not.toHaveProperty("headroom");
    expect(outputs.reachable).toEqual(room("2304MiB", 15).memory);
    const again = await stack.preview({ ...base, memory: "2GiB" });
    expect([again.kind, again.inputs.headroom]).toEqual(["same", room("2304MiB", 15)]);
    // The state of a version that has no headroom, and the other way round.
    delete stack.recorded.inputs.headroom;
    expect((await stack.preview({ ...base, memory: "2GiB" })).kind).toBe("same");
  });

  test("is kept where only a setting changes, without a look at the domain", async () => {
    const stack = await running();
    stack.hosts = { "qemu:///system": new Error("no route") };
    const { kind, inputs } = await stack.preview({ ...base, shutdownTimeout: 7 });
    expect([kind, inputs.headroom, stack.run.connections]).toEqual(["update", room("1280MiB", 16), []]);
    // An earlier version's state has none.
    delete stack.recorded.inputs.headroom;
    expect((await stack.preview({ ...base, shutdownTimeout: 7 })).inputs.headroom).toBeUndefined();
  });

  const [up] = room("1280MiB", 16).memory;
  test.for([
    [{ alignment: "512MiB" }, [{ from: "1536MiB", to: "8192MiB", step: "512MiB" }]],
    [{ maxDimmSize: "512MiB" }, [up]],
    [{ applyOn: "nextBoot" }, []],
    [{ whenNotPossible: "nextBoot" }, [up]],
  ] as const)("has the sizes that are live with %j, where only that changes", async ([hotplug, memory]) => {
    const stack = await running();
    const { kind, inputs } = await stack.preview({ ...base, hotplug });
    expect([kind, inputs.headroom]).toEqual(["update", expect.objectContaining({ slots: 16, memory })]);
    await stack.up({ ...base, hotplug });
    expect(stack.recorded.outputs.reachable).toEqual(memory);
  });

  test("keeps only the slots where such a setting changes and the domain can't be asked", async () => {
    const stack = await running();
    stack.hosts = { "qemu:///system": new Error("no route") };
    for (const hotplug of [{ alignment: "512MiB" }, { allowUnplug: true }]) {
      const { kind, inputs } = await stack.preview({ ...base, hotplug });
      expect([kind, inputs.headroom]).toEqual(["update", { slots: 16 }]);
    }
  });

  test.for([{ awaitGuest: false }, { online: "guest" }, { before: { command: ["/bin/true"] } }])(
    "is kept where only %j changes, which decides nothing about sizes",
    async (hotplug) => {
      const stack = await running();
      stack.hosts = { "qemu:///system": new Error("no route") };
      const { kind, inputs } = await stack.preview({ ...base, hotplug });
      expect([kind, inputs.headroom, stack.run.connections]).toEqual(["update", room("1280MiB", 16), []]);
    },
  );

  test("isn't kept by a refresh that finds another one", async () => {
    const stack = await running();
    await stack.refresh();
    expect(stack.recorded.inputs.headroom).toEqual(room("1280MiB", 16));
    const { only } = stack.hosts["qemu:///system"] as FakeHypervisor;
    // Somebody has started it with a lower maximum and the same memory.
    only.live = (only.live ?? "").replace(/(<maxMemory [^>]*)>\d+/, "$1>6291456");
    await stack.refresh();
    expect(stack.recorded.inputs).not.toHaveProperty("headroom");
  });

  test("is left out where the domain can't be asked, or a value isn't known", async () => {
    const stack = await running();
    const headroomOf = async (args: object) => (await stack.preview({ ...base, ...args })).inputs.headroom;
    expect(await headroomOf({ memory: UNKNOWN })).toBeUndefined();
    stack.hosts = { "qemu:///system": new Error("no route") };
    expect(await headroomOf({ memory: "2GiB" })).toBeUndefined();
    expect(await headroomOf({ vcpus: 2 })).toBeUndefined();
    const { inputs } = await new OneResource(new Error("no route")).preview(base);
    expect(inputs).not.toHaveProperty("headroom");
  });

  test("says nothing of a secret size", async () => {
    const stack = new OneResource(new FakeHypervisor());
    const secret = { [SIGNATURE]: SECRET, value: "1GiB" };
    const { inputs } = await stack.preview({
      ...base,
      memory: secret,
      __secret: true,
      __secrets: ["memory"],
    });
    expect(inputs).not.toHaveProperty("headroom");
  });
});
