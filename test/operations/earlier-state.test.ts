import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";

const MIB = 1024;

const STATES = join(import.meta.dirname, "states");

/**
 * A domain that was grown from 1003 to 1259 MiB, and its state, as earlier versions of the provider wrote it. They must never be
 * written again. grown-by-agent: before the provider knew of balloons, virtio-mem, repairs and requests to release DIMMs.
 * grown-in-format-2: the last one of that format.
 */
const earlier = readdirSync(STATES).map((file) => ({
  file,
  ...JSON.parse(readFileSync(join(STATES, file), "utf8")),
}));

let host: FakeHypervisor;
let stack: OneResource;

const live = () => readDomain(host.only.live ?? "");

describe.each(earlier)("a state that an earlier version wrote: $file", ({ program, domain, state }) => {
  beforeEach(() => {
    host = new FakeHypervisor();
    host.domains.set(domain.uuid, { ...domain });
    host.agent = ({ execute }) => {
      if (execute === "guest-get-memory-block-info") return { size: 128 * MIB * MIB };
      const { memory } = readDomain(host.only.live ?? "");
      const blocks = Math.ceil(memory / (128 * MIB));
      return Array.from({ length: blocks }, (_, index) => ({ "phys-index": index, online: true }));
    };
    stack = new OneResource(host);
    stack.state = structuredClone({ ...state, isPartial: false });
  });

  test("makes no difference, and costs no call", async () => {
    expect(await stack.up(program)).toBe("same");
    expect(host.calls).toEqual([]);
    expect(stack.run.said).toEqual([]);
  });

  test("keeps its memoryPlan, whatever a plan is called now, and has no outcome to repeat", async () => {
    const { inputs } = await stack.preview(program);
    expect(inputs).toEqual({
      ...{ ...state.inputs, __provider: inputs.__provider },
      ...{ change: "none", memoryChange: "none" },
    });
  });

  test("is the same after a refresh", async () => {
    await stack.refresh();
    expect(stack.recorded).toEqual({ ...state, isPartial: false });
    expect(await stack.up(program)).toBe("same");
  });

  test("can be grown from", async () => {
    expect(await stack.up({ ...program, memory: "1515MiB" })).toBe("update");
    expect(live()).toMatchObject({
      memory: 1515 * MIB,
      devices: [{ alias: "ua-pulumi-dimm0" }, { alias: "ua-pulumi-dimm1" }],
    });
    expect(await stack.up({ ...program, memory: "1515MiB" })).toBe("same");
  });

  test("can be shrunk from", async () => {
    host.guestGivesUp.add("ua-pulumi-dimm0");
    const shrunk = { ...program, memory: "1003MiB", hotplug: { ...program.hotplug, allowUnplug: true } };
    expect(await stack.up(shrunk)).toBe("update");
    expect(live()).toMatchObject({ memory: 1003 * MIB, devices: [] });
    expect(await stack.up(shrunk)).toBe("same");
  });
});
