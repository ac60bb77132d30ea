import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource, URN } from "../support/one-resource.ts";
import { MIB } from "../support/scene.ts";
import { GROW, headlineOf, NOT_ALIGNED } from "../support/texts.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB" };
const grown = { ...args, memory: "1259MiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(() => {
  host = new FakeHypervisor();
  stack = new OneResource(host);
});

interface Shown {
  memoryPlan: unknown;
  change: unknown;
  memoryChange: unknown;
  /** The first line of what the reader sees: a message, or the error of a refusal. */
  row: string | undefined;
}

/** What a preview shows of a program: the computed inputs, which policies see before diff, and the resource's row. */
async function preview(program: Record<string, unknown>): Promise<Shown> {
  const inputs: Record<string, unknown>[] = [];
  const { check } = stack;
  stack.check = async (...given) => {
    const checked = await check.apply(stack, given);
    inputs.push(checked);
    return checked;
  };
  const error = await stack.preview(program).then(
    () => undefined,
    (caught: Error) => caught,
  );
  stack.check = check;
  const { memoryPlan, change, memoryChange } = inputs[0] ?? {};
  return { memoryPlan, change, memoryChange, row: headlineOf(error?.message ?? stack.run.said[0] ?? "") };
}

const outcome = async (program: Record<string, unknown>) => {
  const { change, memoryChange } = await preview(program);
  return [change, memoryChange];
};

/** A domain that was adopted: made by another resource, or by this one before its state was lost. */
async function adopt(by: string): Promise<void> {
  await new OneResource(host, by).up({ ...args, name: "web-1" });
  const { uuid, inactive = "", live = "" } = host.only;
  const unowned = (xml: string) => xml.replace(/<metadata>.*<\/metadata>/s, "");
  host.change(uuid, { inactive: unowned(inactive), live: unowned(live) });
  await stack.up({ ...args, adopt: true });
}

describe("memoryPlan is the headline of the resource's row", () => {
  test("of a balloon target for a balloon device that the same update adds", async () => {
    await stack.up({ ...args, balloon: false });
    const shown = await preview({ ...args, balloon: true, currentMemory: "512MiB" });
    expect(shown.memoryPlan).toBe("next boot: balloon target 1003 → 512 MiB, after a shutdown and start");
    expect(shown.memoryPlan).toBe(shown.row);
  });

  test.each([URN, URN.replace("web-1", "web-0")])(
    "of a size that %s refuses, since it was adopted",
    async (by) => {
      await adopt(by);
      const shown = await preview({ ...args, adopt: true, memory: "1300MiB" });
      expect(shown).toMatchObject({ change: "refuse", memoryChange: "refuse" });
      expect(shown.memoryPlan).toMatch(/^refused: 1003 → 1300 MiB .* adopted domains are never replaced/);
      expect(shown.memoryPlan).toBe(shown.row);
    },
  );

  test("of another device for new memory", async () => {
    await stack.up(args);
    const shown = await preview({ ...args, hotplug: { device: "virtio-mem", whenNotPossible: "nextBoot" } });
    expect(shown.memoryPlan).toBe("next boot: hotplug.device, after a shutdown and start");
    expect(shown.memoryPlan).toBe(shown.row);
  });
});

describe("change and memoryChange", () => {
  test.each<[string, Record<string, unknown>, [change: string, memoryChange: string]]>([
    ["nothing", {}, ["none", "none"]],
    ["a setting", { shutdownTimeout: 5 }, ["none", "none"]],
    ["a size that can be hot-plugged", { memory: "1259MiB" }, ["live", "live"]],
    ["a size that can't", { memory: "1300MiB" }, ["replace", "replace"]],
    [
      "a size that can't, with another fallback",
      { memory: "1300MiB", hotplug: { whenNotPossible: "restart" } },
      ["restart", "restart"],
    ],
    ["a deferred size", { memory: "1300MiB", hotplug: { applyOn: "nextBoot" } }, ["nextBoot", "nextBoot"]],
    ["a refused size", { memory: "1300MiB", hotplug: { whenNotPossible: "error" } }, ["refuse", "refuse"]],
    ["a size that isn't known yet", { memory: UNKNOWN }, ["unknown", "unknown"]],
    ["the name", { name: "front" }, ["replace", "none"]],
    ["arch", { arch: "aarch64" }, ["replace", "none"]],
    ["firmware and a size", { firmware: "uefi", memory: "1259MiB" }, ["replace", "live"]],
    [
      "the name, with a size that isn't known yet",
      { name: "front", memory: UNKNOWN },
      ["replace", "unknown"],
    ],
    ["vCPUs", { vcpus: 3 }, ["live", "none"]],
    ["vCPUs and a size", { vcpus: 3, memory: "1259MiB" }, ["live", "live"]],
    ["the CPU and a size", { cpu: "Nehalem", memory: "1259MiB" }, ["nextBoot", "live"]],
    ["autostart", { autostart: true }, ["live", "none"]],
    ["running: false", { running: false }, ["restart", "none"]],
  ])("of a change of %s", async (_, change, expected) => {
    await stack.up(args);
    expect(await outcome({ ...args, ...change })).toEqual(expected);
  });

  test.each<[string, Record<string, unknown>, [change: string, memoryChange: string]]>([
    ["nothing", {}, ["none", "none"]],
    ["vCPUs", { vcpus: 3 }, ["unknown", "none"]],
    ["the CPU", { cpu: "Nehalem" }, ["nextBoot", "none"]],
    ["the name", { name: "front" }, ["replace", "none"]],
    ["running: false", { running: false }, ["restart", "none"]],
    ["a size", { memory: "1259MiB" }, ["unknown", "unknown"]],
    ["the name and a size", { name: "front", memory: "1259MiB" }, ["replace", "unknown"]],
    ["how to plug", { hotplug: { device: "virtio-mem" } }, ["unknown", "unknown"]],
  ])("without a route to the host, of %s: what follows from the inputs", async (_, change, expected) => {
    await stack.up(args);
    stack.hosts = { "qemu:///system": new ConnectionError("nobody answers") };
    expect(await outcome({ ...args, ...change })).toEqual(expected);
  });

  test("of a new domain: nothing that exists is disturbed", async () => {
    expect(await outcome(args)).toEqual(["none", "none"]);
  });

  test("of an adoption: what the update of the adopted domain does", async () => {
    await new OneResource(host, URN.replace("web-1", "web-0")).up({ ...args, name: "web-1" });
    const { uuid, inactive = "" } = host.only;
    host.change(uuid, { inactive: inactive.replace(/<metadata>.*<\/metadata>/s, "") });
    expect(await outcome({ ...args, adopt: true })).toEqual(["none", "none"]);
    expect(await outcome({ ...grown, adopt: true })).toEqual(["live", "live"]);
    stack.hosts = { "qemu:///system": new ConnectionError("nobody answers") };
    expect(await outcome({ ...args, adopt: true })).toEqual(["unknown", "unknown"]);
  });

  test("of a domain that is off", async () => {
    await stack.up({ ...args, running: false });
    expect(await outcome({ ...grown, running: false })).toEqual(["live", "live"]);
    expect(await outcome(args)).toEqual(["live", "none"]);
  });

  test("of a size that is pending, which another setting makes possible live", async () => {
    const deferred = { ...args, memory: "1131MiB", hotplug: { whenNotPossible: "nextBoot" } };
    await stack.up(args);
    await stack.up(deferred);
    expect(await outcome(deferred)).toEqual(["none", "none"]);
    const shown = await preview({ ...deferred, hotplug: { ...deferred.hotplug, alignment: "128MiB" } });
    expect(shown).toMatchObject({ change: "live", memoryChange: "live" });
    expect(shown.memoryPlan).toBe(shown.row);
  });

  test("of a domain that a refresh found in need of a change, although no argument differs", async () => {
    await stack.up(args);
    const { uuid, inactive = "" } = host.only;
    host.change(uuid, { inactive: inactive.replace(/<maxMemory.*<\/maxMemory>/, "") });
    await stack.refresh();
    const shown = await preview(args);
    expect(shown).toMatchObject({ change: "nextBoot", memoryChange: "nextBoot" });
    expect(shown.memoryPlan).toBe(shown.row);
    await stack.up(args);
    expect(await outcome(args)).toEqual(["none", "none"]);
  });
});

describe("an outcome is that of its run", () => {
  const recorded = (key: string) => [stack.recorded.inputs[key], stack.recorded.outputs[key]];

  test("once the run is over, nothing is left to do", async () => {
    await stack.up(args);
    await stack.up(grown);
    expect([recorded("change"), recorded("memoryChange")]).toEqual([
      ["live", "none"],
      ["live", "none"],
    ]);
    expect(recorded("memoryPlan")).toEqual([GROW, GROW]);
  });

  test("an approved replace doesn't stay in the state as one", async () => {
    await stack.up(args);
    const unaligned = { ...args, memory: "1300MiB" };
    expect(await stack.up(unaligned)).toBe("replace");
    // The second check of a replace repeats what diff chose.
    expect(stack.recorded.inputs).toMatchObject({
      ...{ memoryPlan: NOT_ALIGNED, change: "replace", memoryChange: "replace" },
    });
    const { kind, inputs } = await stack.preview(unaligned);
    expect([kind, inputs.change, inputs.memoryChange]).toEqual(["same", "none", "none"]);
    expect(inputs.memoryPlan).toBe(NOT_ALIGNED);
    expect(recorded("change")[1]).toBe("none");
  });

  test("a replace by name changes no memory, in its second check too", async () => {
    await stack.up(args);
    expect(await stack.up({ ...args, name: "front" })).toBe("replace");
    expect(stack.recorded.inputs).toMatchObject({ change: "replace", memoryChange: "none" });
  });

  test("it makes no difference by itself, and a refresh none either", async () => {
    await stack.up(args);
    await stack.up(grown);
    host.calls.length = 0;
    expect(await stack.up(grown)).toBe("same");
    expect(host.calls).toEqual([]);
    const before = structuredClone(stack.recorded);
    await stack.refresh();
    expect(stack.recorded).toEqual(before);
  });

  test("an update that fails in the middle leaves none", async () => {
    await stack.up(args);
    host.refuses.set(`define ${host.only.uuid}`, new Error("no") as never);
    await expect(stack.up(grown)).rejects.toThrow("no");
    expect(recorded("change")).toEqual(["none", "none"]);
    host.refuses.clear();
    expect(await outcome(grown)).toEqual(["live", "live"]);
  });
});

describe("a program that takes over what a refresh found", () => {
  const DIMM =
    "<memory model='dimm'><target><size unit='MiB'>256</size><node>0</node></target><alias name='ua-theirs'/></memory>";
  const sizes = (xml: string, mib: number) => xml.replaceAll(String(1003 * MIB), String(mib * MIB));

  test.each<[string, (host: FakeHypervisor) => unknown, Record<string, unknown>]>([
    [
      "a DIMM that somebody plugged",
      (host) => {
        const { name, uuid } = host.only;
        return host.attachDevice({ name, uuid, id: 1 }, DIMM, { live: true });
      },
      { memory: "1259MiB" },
    ],
    [
      "a size for the next boot",
      (host) => host.change(host.only.uuid, { inactive: sizes(host.only.inactive ?? "", 1259) }),
      { memory: "1259MiB" },
    ],
    [
      "a ceiling for the next boot",
      (host) => {
        const inactive = (host.only.inactive ?? "").replace(String(8192 * MIB), String(4096 * MIB));
        host.change(host.only.uuid, { inactive });
      },
      { maxMemory: "4GiB" },
    ],
  ])("of %s: check says what diff announces", async (_, byHand, taken) => {
    await stack.up(args);
    await byHand(host);
    await stack.refresh();
    const { change, memoryChange, memoryPlan, row } = await preview({ ...args, ...taken });
    expect(memoryPlan).toBe(row || "1003 MiB: nothing to do");
    const outcome = row === "" ? "none" : "live";
    expect([change, memoryChange]).toEqual([outcome, outcome]);
  });
});
