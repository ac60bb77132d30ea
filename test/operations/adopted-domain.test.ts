import { expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { OneResource } from "../support/one-resource.ts";
import { MIB } from "../support/scene.ts";

interface HandMade {
  memory?: number;
  currentMemory?: number;
  cells?: number[];
  devices?: string;
  cpus?: string[];
}

/** A domain that nobody's program made, which runs as it is defined. */
function handMade({ cells = [1024], memory, currentMemory, devices = "", cpus = [] }: HandMade = {}) {
  const host = new FakeHypervisor();
  const total = memory ?? cells.reduce((sum, mib) => sum + mib, 0) * MIB;
  const numa = cells
    .map((mib, id) => `<cell id='${id}' cpus='${cpus[id] ?? id}' memory='${mib * MIB}' unit='KiB'/>`)
    .join("");
  const xml = `<domain type='kvm'><name>old-1</name><uuid>5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01</uuid>
<maxMemory slots='8' unit='KiB'>${8192 * MIB}</maxMemory><memory unit='KiB'>${total}</memory>
<currentMemory unit='KiB'>${currentMemory ?? total}</currentMemory><vcpu>${Math.max(2, cells.length)}</vcpu>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os><features><acpi/></features>
<cpu><numa>${numa}</numa></cpu><devices>${devices}</devices></domain>`;
  const uuid = "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01";
  host.domains.set(uuid, {
    name: "old-1",
    uuid,
    power: "running",
    autostart: false,
    id: 1,
    inactive: xml,
    live: xml,
  });
  const stack = new OneResource(host);
  const adopt = { name: "old-1", adopt: true };
  return { host, stack, adopt, uuid };
}

const definition = ({ only }: FakeHypervisor) => readDomain(only.inactive ?? "");

test.each([0, 1])(
  "two nodes that the program doesn't name: memory is added to node %d",
  async (targetNode) => {
    const { host, stack, adopt } = handMade({ cells: [512, 512] });
    const hotplug = { targetNode, awaitGuest: false };
    await stack.up({ ...adopt, memory: 1024, hotplug });
    expect(stack.run.said).toEqual([]);
    await stack.up({ ...adopt, memory: 1280, hotplug });
    expect(stack.run.rows).toContain(
      "live: 1024 → 1280 MiB, one 256 MiB DIMM in slot 0 (7 of 8 free), no restart",
    );
    expect(definition(host).cells.map(({ memory }) => memory / MIB)).toEqual(
      [512, 512].with(targetNode, 768),
    );
    expect(await stack.up({ ...adopt, memory: 1280, hotplug })).toBe("same");
  },
);

test("two nodes that the program doesn't name stay in a restart, and their vCPUs with another number of them", async () => {
  const { host, stack, adopt } = handMade({ cells: [512, 512], cpus: ["0", "1"] });
  const hotplug = { whenNotPossible: "restart", targetNode: 1 };
  await stack.up({ ...adopt, memory: 1024, vcpus: 2, hotplug });
  await stack.up({ ...adopt, memory: 1100, vcpus: 3, hotplug });
  const { cells, vcpus, currentVcpus } = definition(host);
  expect([currentVcpus, vcpus]).toEqual([3, 12]);
  expect(cells).toEqual([
    { id: 0, memory: 512 * MIB, cpus: "0,2-6" },
    { id: 1, memory: 588 * MIB, cpus: "1,7-11" },
  ]);
});

test.each([
  [1280, 768],
  [768, 512],
  [400, 400],
])(
  "a balloon that the program doesn't name stays at the next boot, with %d MiB at %d",
  async (memory, target) => {
    const { host, stack, adopt } = handMade({ cells: [1024], currentMemory: 512 * MIB });
    const hotplug = { whenNotPossible: "nextBoot", awaitGuest: false };
    await stack.up({ ...adopt, memory: 1024, hotplug });
    await stack.up({ ...adopt, memory, hotplug });
    expect(definition(host)).toMatchObject({ memory: memory * MIB, currentMemory: target * MIB });
    expect(await stack.up({ ...adopt, memory, hotplug })).toBe("same");
  },
);

test("a balloon that the program no longer names is released, also in a restart", async () => {
  const { host, stack, adopt } = handMade({ cells: [1024], currentMemory: 512 * MIB });
  const hotplug = { whenNotPossible: "restart", awaitGuest: false };
  await stack.up({ ...adopt, memory: 1024, currentMemory: 512, hotplug });
  await stack.up({ ...adopt, memory: 1100, hotplug });
  expect(definition(host)).toMatchObject({ memory: 1100 * MIB, currentMemory: 1100 * MIB });
});

const elastic = (current: number) =>
  `<memory model='virtio-mem'><target><size unit='KiB'>${2048 * MIB}</size><node>0</node><block unit='KiB'>2048</block><requested unit='KiB'>${512 * MIB}</requested><current unit='KiB'>${current * MIB}</current></target><alias name='ua-theirs'/></memory>`;

test("a virtio-mem device whose size the guest hasn't taken isn't waited for, since nothing was requested", async () => {
  const { stack, adopt } = handMade({ memory: 3072 * MIB, devices: elastic(0) });
  await stack.up({ ...adopt, memory: 1536 });
  expect(stack.run.said).toEqual([]);
  expect(await stack.up({ ...adopt, memory: 1536 })).toBe("same");
  expect(await stack.up({ ...adopt, memory: 1536, description: "shop" })).toBe("update");
  expect(stack.run.said.join("\n")).not.toMatch(/waiting/);
});

test("a size that isn't a whole number of MiB, which every boot rounds up, isn't pending", async () => {
  const { host, stack, adopt, uuid } = handMade({ cells: [1024] });
  const odd = (host.only.inactive ?? "").replaceAll(String(1024 * MIB), String(1024 * MIB - 300));
  host.change(uuid, { inactive: odd });
  const { inputs } = await stack.preview({ ...adopt, memory: 1024 });
  expect(inputs.memoryPlan).toBe("adopted with 1 GiB: nothing to do");
  await stack.up({ ...adopt, memory: 1024 });
  expect(definition(host).memory).toBe(1024 * MIB - 300);
  expect(stack.recorded.outputs.pendingMemory).toBeUndefined();
  await stack.refresh();
  expect(stack.recorded.outputs.pendingMemory).toBeUndefined();
  expect(await stack.up({ ...adopt, memory: 1024 })).toBe("same");
});

test.each([
  ["disks", { disks: [{ file: "/images/other.qcow2" }] }],
  ["disks", { disks: [{ file: "/images/a.qcow2" }, { file: "/images/other.qcow2" }] }],
  ["interfaces", { interfaces: [{ network: "default" }] }],
])("an adoption attaches and detaches nothing: other %s are refused", async (name, change) => {
  const devices =
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/images/a.qcow2'/><target dev='vda' bus='virtio'/></disk>";
  const { host, stack, adopt } = handMade({ devices });
  const before = structuredClone(host.only);
  const text = `${name} differs, and an adoption doesn't change the devices of a running domain`;
  await expect(stack.up({ ...adopt, memory: 1024, ...change })).rejects.toThrow(text);
  expect(host.only).toEqual(before);
  await stack.up({ ...adopt, memory: 1024, disks: [{ file: "/images/a.qcow2" }] });
  expect(await stack.up({ ...adopt, memory: 1024, disks: [{ file: "/images/a.qcow2" }] })).toBe("same");
  expect(readDomain(host.only.live ?? "").disks.map(({ file }) => file)).toEqual(["/images/a.qcow2"]);
});

test("check of an adoption says what is live after it, and of its next run what is live then", async () => {
  const { stack, adopt } = handMade();
  const room = (from: string, slots: number) => ({
    slots,
    memory: [{ from, to: "8192MiB", step: "256MiB" }],
    vcpus: [],
  });
  await stack.up({ ...adopt, memory: "1280MiB" });
  expect(stack.recorded.inputs.headroom).toEqual(room("1536MiB", 7));
  expect(stack.recorded.outputs.reachable).toEqual(room("1536MiB", 7).memory);
  await stack.up({ ...adopt, memory: "1536MiB" });
  expect(stack.recorded.inputs.headroom).toEqual(room("1792MiB", 6));
});
