import { expect, test } from "vitest";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";

const args = { memory: "1GiB", maxMemory: "4GiB", memorySlots: 1, vcpus: 1, maxVcpus: 1, shutdownTimeout: 0 };
const grown = { ...args, memory: "1280MiB" };
const waiting = { hotplug: { whenNotPossible: "nextBoot" } };

test("one slot, DIMM or vCPU is named in the singular, in every change of a domain that has one", async () => {
  const stack = new OneResource(new FakeHypervisor());
  const said: string[] = [];
  const up = async (program: object) => {
    await stack.preview({ ...program });
    said.push(...stack.run.said);
    await stack.up({ ...program });
    said.push(...stack.run.said, String(stack.recorded.outputs.memoryPlan));
  };
  for (const program of [
    args,
    grown,
    { ...grown, maxMemory: "8GiB", ...waiting },
    { ...grown, memory: "2GiB", ...waiting },
    { ...grown, memorySlots: 2, maxVcpus: 4, ...waiting },
    { ...args, memory: "1300MiB", maxMemory: "8GiB", ...waiting },
  ])
    await up(program);

  const all = said.join("\n");
  expect(all).toContain("room for 1 DIMM, up to");
  expect(all).toContain("maxMemory 8 GiB in 1 slot, after");
  expect(said.filter((text) => /\b1 (slots|DIMMs|vCPUs|disks|interfaces|nodes)\b/.test(text))).toEqual([]);
});
