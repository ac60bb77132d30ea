import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { type CheckFailed, created, OneResource } from "../support/one-resource.ts";

const MIB = 1024;

const args = { memory: "1GiB", maxMemory: "8GiB", hotplug: { device: "virtio-mem", awaitGuest: 5 } };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
});

const up = (memory: string, hotplug: object = {}) =>
  stack.up({ ...args, memory, hotplug: { ...args.hotplug, ...hotplug } });
const devices = (xml: string | undefined) => readDomain(xml ?? "").devices;

describe("a domain with virtio-mem", () => {
  test("is defined with a device as large as its headroom", () => {
    expect(readDomain(host.only.inactive ?? "")).toMatchObject({
      memory: 8192 * MIB,
      maxMemory: { size: 8192 * MIB, slots: 16 },
      cells: [{ memory: 1024 * MIB }],
      devices: [{ alias: "ua-pulumi-vmem0", size: 7168 * MIB, requested: 0, block: 2 * MIB, node: 0 }],
    });
    expect(stack.recorded.inputs.memoryPlan).toBe(
      "starts with 1 GiB; a virtio-mem device of 7 GiB on node 0 to grow into, in steps of 2 MiB",
    );
    expect(stack.recorded.outputs).toMatchObject({
      liveMemory: "1024MiB",
      memoryDevices: [{ model: "virtio-mem", size: "7168MiB", requested: "0MiB", current: "0MiB" }],
      reachable: [{ from: "1026MiB", to: "8192MiB", step: "2MiB" }],
    });
  });

  test("grows and shrinks live, and its definition follows", async () => {
    expect(await up("1538MiB")).toBe("update");
    expect(devices(host.only.live)).toMatchObject([{ requested: 514 * MIB, current: 514 * MIB }]);
    expect(devices(host.only.inactive)).toMatchObject([{ requested: 514 * MIB, size: 7168 * MIB }]);
    expect(readDomain(host.only.inactive ?? "").currentMemory).toBe(1538 * MIB);
    expect(stack.run.said.at(-1)).toBe("guest resized");
    expect(await up("1538MiB")).toBe("same");

    expect(await up("1026MiB")).toBe("update");
    expect(devices(host.only.live)).toMatchObject([{ requested: 2 * MIB, current: 2 * MIB }]);
    expect(host.calls).not.toContain("detachDevice");
    await stack.refresh();
    expect(await up("1026MiB")).toBe("same");
  });

  test("keeps its device when all of it is requested", async () => {
    await up("8GiB");
    expect(readDomain(host.only.inactive ?? "")).toMatchObject({
      maxMemory: { size: 8192 * MIB },
      devices: [{ requested: 7168 * MIB }],
    });
    expect(await up("8GiB")).toBe("same");
  });

  test("shows a size that someone else requested as drift, and up requests its own again", async () => {
    const { uuid, live = "" } = host.only;
    host.change(uuid, { live: live.replace(/(<requested unit='KiB'>)0</, `$1${256 * MIB}<`) });
    host.follow(uuid);
    await stack.refresh();
    expect(stack.recorded.inputs).toMatchObject({ memory: "1280MiB" });
    expect(await up("1GiB")).toBe("update");
    expect(devices(host.only.live)).toMatchObject([{ requested: 0, current: 0 }]);
  });

  test("isn't waited for while it is paused: it follows later", async () => {
    host.change(host.only.uuid, { power: "paused" });
    host.virtioMem.most = 0;
    await up("1280MiB");
    expect(stack.run.said.at(-1)).toBe(
      "the domain is paused: not waiting for the guest, whose memory changes when the domain resumes",
    );
  });
});

describe("a guest that doesn't follow", () => {
  test("without a driver fails the update, which says what to check, and the next one waits again", async () => {
    host.virtioMem.most = 0;
    await expect(up("1280MiB")).rejects.toThrow(
      "Domain web-1 was not resized completely: after 5 s (hotplug.awaitGuest) virtio-mem on node 0 is at 0 MiB, requested 256 MiB: the guest took no memory; it needs the virtio_mem driver (CONFIG_VIRTIO_MEM; modprobe virtio_mem), and its kernel log shows what the driver did; the requested size stays set, and the next update waits again",
    );
    expect(stack.recorded).toMatchObject({
      isPartial: true,
      outputs: { liveMemory: "1280MiB", nextBootMemory: "1280MiB", memoryDevices: [{ current: "0MiB" }] },
    });
    await stack.refresh();
    expect((await stack.preview({ ...args, memory: "1280MiB" })).kind).toBe("update");
    expect(stack.run.said).toEqual([
      "waiting again for the guest: its virtio-mem size still differs from the requested size",
    ]);
    host.virtioMem.most = 2 ** 40;
    host.follow(host.only.uuid);
    host.calls.length = 0;
    expect(await up("1280MiB")).toBe("update");
    expect(host.calls).not.toContain("updateDevice");
    expect(stack.recorded.isPartial).toBe(false);
    expect(await up("1280MiB")).toBe("same");
  });

  test("that gives back less fails the update with both figures", async () => {
    await up("2GiB");
    host.virtioMem.least = 300 * MIB;
    await expect(up("1GiB")).rejects.toThrow(
      "virtio-mem on node 0 is at 300 MiB, requested 0 MiB: the guest released 724 MiB of 1 GiB; it uses the rest or can't move what is in it, but its driver keeps trying",
    );
    expect(stack.recorded.outputs).toMatchObject({ liveMemory: "1024MiB" });
    // A size that it can have ends the wait, with no restart.
    expect(await up("1324MiB")).toBe("update");
    expect(await up("1324MiB")).toBe("same");
  });

  test("that takes no more", async () => {
    await up("1280MiB");
    host.virtioMem.most = 0;
    await expect(up("2GiB")).rejects.toThrow(
      "requested 1 GiB: the guest took no more memory; its driver may",
    );
  });

  test("that has less available memory than is to be removed isn't asked", async () => {
    await up("2GiB");
    host.balloon = { available: 2000 * MIB, usable: 300 * MIB, lastUpdate: 1 };
    host.calls.length = 0;
    await expect(up("1GiB")).rejects.toThrow(
      "the guest has only 300 MiB available (MemAvailable), less than the 1024 MiB to remove",
    );
    expect(host.calls).not.toContain("updateDevice");
    expect(await up("1748MiB")).toBe("update");
  });

  test("isn't waited for with awaitGuest: false", async () => {
    host.virtioMem.most = 0;
    expect(await up("1280MiB", { awaitGuest: false })).toBe("update");
    expect(await up("1280MiB", { awaitGuest: false })).toBe("same");
  });

  test("is shown on the row while it is waited for", async () => {
    host.virtioMem.most = 128 * MIB;
    const update = up("1280MiB");
    await expect(update).rejects.toThrow("the guest took only part of it");
    expect(stack.run.messages.filter(({ severity }) => severity === "status").at(-1)?.text).toBe(
      "virtio-mem on node 0: 128 MiB, requested 256 MiB",
    );
  });
});

describe("what libvirt refuses", () => {
  const virtioMem = { hotplug: { device: "virtio-mem" } };

  test("a new domain, if libvirt is too old", async () => {
    const old = new FakeHypervisor();
    old.libvirtVersion = 7_000_000;
    const other = new OneResource(old);
    await expect(other.up({ ...args, ...virtioMem })).rejects.toThrow(
      'Unable to create domain web-1: hotplug.device "virtio-mem" needs libvirt 7.9 and QEMU 6.0, but qemu:///fake has libvirt 7.0; set hotplug.device to "dimm"',
    );
    expect(old.domains.size).toBe(0);
  });

  test("a replace, if libvirt is too old: before the old domain is deleted", async () => {
    const old = new FakeHypervisor();
    old.libvirtVersion = 7_000_000;
    const other = new OneResource(old);
    await other.up({ memory: "1GiB", maxMemory: "8GiB" });
    await expect(other.up({ memory: "1GiB", maxMemory: "8GiB", ...virtioMem })).rejects.toMatchObject({
      code: "unsupported-by-host",
      message: expect.stringMatching(/ is left unchanged\nhotplug.device "virtio-mem" needs libvirt 7.9 /),
    });
    expect(old.only.power).toBe("running");
  });

  test("a size: nothing counts as done", async () => {
    host.refuses.set(
      "updateDevice",
      libvirtError(67, "modify of memory device of model 'virtio-mem' is not supported"),
    );
    await expect(up("1280MiB")).rejects.toThrow(
      "Unable to grow virtio-mem on node 0 by 256 MiB to 256 of 7168 MiB (domain web-1): modify of memory",
    );
    expect(stack.recorded).toMatchObject({ isPartial: false, outputs: { liveMemory: "1024MiB" } });
  });
});

describe("arguments that make no sense with virtio-mem", () => {
  const check = (said: object) =>
    stack.preview({ ...args, ...said }).catch((error: CheckFailed) => error.failures);
  const device = "virtio-mem";

  test.each(["before", "after"])("the hook hotplug.%s", async (name) => {
    expect(await check({ hotplug: { device, [name]: { command: ["true"] } } })).toMatchObject([
      { property: `hotplug.${name}`, reason: expect.stringContaining("instead of attaching one") },
    ]);
  });

  test("hotplug.maxDimmSize", async () => {
    expect(await check({ hotplug: { device, maxDimmSize: "1GiB" } })).toMatchObject([
      { property: "hotplug.maxDimmSize" },
    ]);
  });

  test("a balloon target below the memory", async () => {
    expect(await check({ currentMemory: "512MiB" })).toMatchObject([
      { property: "currentMemory", reason: expect.stringContaining("is 512 MiB, below memory (1024 MiB)") },
    ]);
    expect(await check({ currentMemory: "1GiB" })).toMatchObject({ kind: "update" });
  });

  test("fewer slots than devices", async () => {
    const numa = [{ memory: "512MiB" }, { memory: "512MiB" }];
    expect(await check({ numa, memorySlots: 1, hotplug: { device, targetNode: "spread" } })).toMatchObject([
      { property: "memorySlots", reason: expect.stringContaining("each of the 2 nodes") },
    ]);
  });
});
