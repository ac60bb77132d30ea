import { describe, expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource, Run, URN, wire } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };

/** Whose call each one was, neighbours of one domain as one. */
function turns(about: string[]): string[] {
  return about.filter((uuid, index) => uuid !== about[index - 1]);
}

describe("operations of one run", () => {
  test("on one domain run one after the other", async () => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    await stack.up(args);
    const { id, outputs, inputs } = stack.recorded;
    const { provider } = new Run(stack.hosts);
    const grow = (memory: string) => provider.update?.(id, wire(outputs), { ...inputs, memory });
    host.calls.length = 0;
    for (const memory of ["1259MiB", "1515MiB"]) await grow(memory);
    const inTurn = [...host.calls];

    const other = new FakeHypervisor();
    const twice = new OneResource(other);
    await twice.up(args);
    const run = new Run(twice.hosts);
    other.calls.length = 0;
    const both = ["1259MiB", "1515MiB"].map((memory) =>
      run.provider.update?.(id, wire(twice.recorded.outputs), { ...twice.recorded.inputs, memory }),
    );
    await Promise.all(both);
    expect(other.calls).toEqual(inTurn);
    expect((await both[1])?.outs).toMatchObject({ liveMemory: "1515MiB", nextBootMemory: "1515MiB" });
  });

  test("on two domains don't wait for each other", async () => {
    const host = new FakeHypervisor();
    const stacks = ["web-1", "web-2"].map((name) => new OneResource(host, URN.replace("web-1", name)));
    for (const stack of stacks) await stack.up(args);
    const run = new Run({ "qemu:///system": host });
    host.about.length = 0;
    await Promise.all(
      stacks.map(({ recorded: { id, outputs, inputs } }) =>
        run.provider.update?.(id, wire(outputs), { ...inputs, memory: "1259MiB" }),
      ),
    );
    expect(turns(host.about).length).toBeGreaterThan(10);
    expect(run.connections).toEqual(["qemu:///system"]);
  });

  test("on a domain that never answers don't delay others", async () => {
    const host = new FakeHypervisor();
    const stacks = ["web-1", "web-2"].map((name) => new OneResource(host, URN.replace("web-1", name)));
    for (const stack of stacks) await stack.up(args);
    host.sick.add(stacks[0]?.recorded.id ?? "");
    const run = new Run({ "qemu:///system": host });
    const [sick, healthy] = stacks.map(({ recorded: { id, outputs, inputs } }) =>
      run.provider.update?.(id, wire(outputs), { ...inputs, memory: "1259MiB" }),
    );
    expect((await healthy)?.outs).toMatchObject({ liveMemory: "1259MiB" });
    expect(await Promise.race([sick, "still waiting"])).toBe("still waiting");
  });

  test("one that fails is followed by the next", async () => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    await stack.up(args);
    const { id, outputs, inputs } = stack.recorded;
    const { provider } = new Run(stack.hosts);
    const grow = (memory: string) => provider.update?.(id, wire(outputs), { ...inputs, memory });
    const [first, second] = [grow("1300MiB"), grow("1259MiB")];
    await expect(first).rejects.toMatchObject({ code: "not-previewed" });
    expect((await second)?.outs).toMatchObject({ liveMemory: "1259MiB" });
  });
});
