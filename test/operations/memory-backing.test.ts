import { describe, expect, it } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";

const MIB = 1024;

async function started(program: Record<string, unknown>) {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up(program);
  return { host, stack };
}

const huge = (hugePages: string) => ({ memoryBacking: { hugePages } });

describe("huge pages", () => {
  const program = { memory: "1GiB", maxMemory: "8GiB", ...huge("1GiB") };

  it("make a DIMM a multiple of them", async () => {
    const { host, stack } = await started(program);
    host.pages.set("1048576 -1", 8);
    await stack.up({ ...program, memory: "2GiB" });
    expect(stack.run.rows).toContain(
      "live: 1024 → 2048 MiB, one 1 GiB DIMM in slot 0 (15 of 16 free), no restart",
    );
    expect(readDomain(host.only.inactive ?? "").backing?.hugePages).toEqual([{ size: 1024 * MIB }]);
    // Before any host is asked.
    const failed = stack.preview({ ...program, memory: "2304MiB" });
    await expect(failed).rejects.toThrow("is not a multiple of 1024 MiB (memoryBacking.hugePages)");
  });

  it("that the host doesn't have: refused before anything is attached", async () => {
    const { host, stack } = await started(program);
    host.pages.set("1048576 -1", 0);
    host.calls.length = 0;
    await expect(stack.up({ ...program, memory: "2GiB" })).rejects.toThrow(/free pages of 1024 MiB/);
    expect(host.calls).not.toContain("attachDevice");
  });

  it.each([
    ["1GiB", 1024 * MIB],
    ["2MiB", 2 * MIB],
    ["64KiB", 2 * MIB],
  ])("of %s: the block of virtio-mem is at least that", async (hugePages, block) => {
    const { host } = await started({ ...program, ...huge(hugePages), hotplug: { device: "virtio-mem" } });
    const { devices } = readDomain(host.only.inactive ?? "");
    expect(devices).toMatchObject([{ model: "virtio-mem", block }]);
  });

  it("that come later count for the next boot", async () => {
    const virtioMem = {
      memory: "1GiB",
      maxMemory: "8GiB",
      hotplug: { device: "virtio-mem", enabled: false },
    };
    const { host, stack } = await started(virtioMem);
    await stack.up({ ...virtioMem, hotplug: { device: "virtio-mem" }, ...huge("1GiB") });
    const { devices } = readDomain(host.only.inactive ?? "");
    expect(devices).toMatchObject([{ model: "virtio-mem", block: 1024 * MIB }]);
  });
});

describe("locked memory", () => {
  const warning = /^memoryBacking.locked without <memtune><hard_limit> lets QEMU lock/;
  const locked = { memory: "1GiB", memoryBacking: { locked: true } };

  it("of a new domain without a hard limit is warned of in the preview", async () => {
    const stack = new OneResource(new FakeHypervisor());
    await stack.preview(locked);
    expect(stack.run.said).toEqual([expect.stringMatching(warning)]);
    expect(stack.run.messages.map(({ severity }) => severity)).toEqual(["warning"]);
  });

  it("with a hard limit in xml isn't", async () => {
    const stack = new OneResource(new FakeHypervisor());
    const xml = "<domain><memtune><hard_limit unit='GiB'>4</hard_limit></memtune></domain>";
    await stack.preview({ ...locked, xml });
    expect(stack.run.said).toEqual([]);
  });

  it("needs the host's memory for a DIMM", async () => {
    const { host, stack } = await started({ ...locked, maxMemory: "8GiB" });
    host.memory = { total: 2 ** 30, free: 100 * MIB, buffers: 0, cached: 0 };
    await expect(stack.up({ ...locked, maxMemory: "8GiB", memory: "2GiB" })).rejects.toThrow();
    expect(host.calls).not.toContain("attachDevice");
  });
});
