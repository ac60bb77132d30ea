import { beforeEach, describe, expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

/** The first line of the only message, or of the error, of the last operation. */
const row = (error?: Error) => (error?.message ?? stack.run.said.join("\n--\n")).split("\n")[0];

/** What a preview shows of a change: the computed input, and the resource's row. */
async function preview(program: Record<string, unknown>) {
  let error: Error | undefined;
  const { check } = stack;
  let memoryPlan: unknown;
  stack.check = async (olds, news) => {
    const inputs = await check.call(stack, olds, news);
    memoryPlan = inputs.memoryPlan;
    return inputs;
  };
  await stack.preview(program).catch((caught: Error) => {
    error = caught;
  });
  stack.check = check;
  return { memoryPlan, row: row(error) };
}

describe("memoryPlan is the headline of the resource's row", () => {
  test("of a balloon target for a balloon device that the same update adds", async () => {
    await stack.up({ ...args, balloon: false });
    const shown = await preview({ ...args, balloon: true, currentMemory: "512MiB" });
    expect(shown.memoryPlan).toBe(shown.row);
  });

  test("of a refused size of an adopted domain", async () => {
    await stack.up(args);
    const { uuid } = host.only;
    host.change(uuid, { inactive: host.only.inactive?.replace(/<metadata>.*<\/metadata>/s, "") ?? "" });
    stack.state = undefined;
    await stack.up({ ...args, adopt: true });
    const shown = await preview({ ...args, adopt: true, memory: "1300MiB" });
    expect(shown.memoryPlan).toBe(shown.row);
  });

  test("of another device for new memory", async () => {
    await stack.up(args);
    const before = stack.recorded.inputs.memoryPlan;
    const shown = await preview({ ...args, hotplug: { device: "virtio-mem", whenNotPossible: "nextBoot" } });
    expect(shown.memoryPlan).toBe(shown.row);
    expect(shown.memoryPlan).not.toBe(before);
  });
});
