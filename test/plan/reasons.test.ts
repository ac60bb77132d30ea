import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import type { DesiredMemory } from "../../provider/plan/desired.ts";
import type { Observed } from "../../provider/plan/observed.ts";
import type { Plan } from "../../provider/plan/plan.ts";
import { planMemory } from "../../provider/plan/plan-memory.ts";
import { planUpdate } from "../../provider/plan/plan-update.ts";
import { permittedPlan, previewedPlan } from "../../provider/plan/preview-contract.ts";
import { REASON_CODES, type ReasonCode } from "../../provider/plan/reason-codes.ts";
import {
  ask,
  checkedInputs,
  MIB,
  ofEight,
  ours,
  paused,
  running,
  theirs,
  transient,
  vmem,
} from "../support/scene.ts";

const memory = (desired: DesiredMemory, observed: Observed) => planMemory(desired, observed);
const virtioMem = { device: "virtio-mem" } as const;
const two = { cells: [512, 512] };
const foreign = { ...vmem(0, 4096, 512), alias: "ua-theirs" };

const before = checkedInputs;

function update(change: Partial<Inputs>, observed = running(), adopted = false) {
  const inputs = { ...before, ...change };
  const recorded = observed.nextBoot?.memory;
  return planUpdate({ inputs, before, observed, recorded, defaults: DEFAULTS, adopted });
}

/** A running domain with that many free ports, and one disk. */
function withPorts(freePorts: number, observed = running()): Observed {
  const { live } = observed;
  const disk = { device: "disk", bus: "virtio", target: "vda", file: "/a", readOnly: false } as const;
  return live === undefined ? observed : { ...observed, live: { ...live, freePorts, disks: [disk] } };
}

const grow = { memory: "1259MiB" };
const grown = update(grow);
const full = update(grow, running({ slots: 1, devices: [ours(0, 200)] }));
const unplugs = update(
  { ...grow, hotplug: { allowUnplug: true } },
  running({ devices: [ours(0, 256), ours(1, 256)] }, {}),
);

/** Everywhere else tests identify reasons by their codes. */
const rows: [code: ReasonCode, text: string, plan: Plan][] = [
  [
    "hotplug-disabled",
    "hotplug.enabled is false",
    memory(ask(1259, { enabled: false }), running({ max: undefined })),
  ],
  [
    "32-bit-guest",
    "32-bit guests don't support memory hot-plug",
    memory(ask(1259, { width: 32 }), running()),
  ],
  [
    "no-acpi",
    "the domain has no ACPI, which guests need for memory hot-plug",
    memory(ask(1259), running({ acpi: false })),
  ],
  [
    "no-acpi",
    'aarch64 guests need ACPI for memory hot-plug, which requires UEFI (firmware: "uefi")',
    memory(ask(1259), running({ arch: "aarch64", machine: "virt-7.2" })),
  ],
  [
    "machine-unsupported",
    "the microvm machine type doesn't support memory hot-plug",
    memory(ask(1259), running({ machine: "microvm" })),
  ],
  [
    "machine-unsupported",
    "only the virt machine type supports memory hot-plug on aarch64, not raspi3b",
    memory(ask(1259), running({ arch: "aarch64", machine: "raspi3b" })),
  ],
  [
    "machine-unsupported",
    "only the pseries machine type supports memory hot-plug on POWER, not powernv9",
    memory(ask(1259), running({ arch: "ppc64le", machine: "powernv9" })),
  ],
  [
    "arch-unsupported",
    "riscv64 machines don't support memory hot-plug",
    memory(ask(1259), running({ arch: "riscv64" })),
  ],
  [
    "virtio-mem-unsupported",
    "virtio-mem is only supported for x86_64 and aarch64 guests, not for ppc64le",
    memory(ask(1515, virtioMem), running({ arch: "ppc64le", devices: [vmem(0, 4096)] })),
  ],
  [
    "no-numa-node",
    "the running domain doesn't have NUMA node 0 to plug memory into",
    memory(ask(1259), running({ cells: [] })),
  ],
  [
    "no-max-memory",
    "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs",
    memory(ask(1259), running({ max: undefined })),
  ],
  [
    "no-max-memory",
    "the running domain was started without maxMemory, so it doesn't have a virtio-mem device",
    memory(ask(1515, virtioMem), running({ max: undefined })),
  ],
  ["not-aligned", "the increase of 297 MiB is not a multiple of 256 MiB", memory(ask(1300), running())],
  [
    "not-divisible-by-nodes",
    "the increase of 256 MiB can't be spread over 2 nodes in multiples of 256 MiB",
    memory(ask(1280, { target: "spread" }), running(two)),
  ],
  [
    "not-divisible-by-nodes",
    "the increase of 512 MiB can't be spread over 2 nodes in multiples of 256 MiB; 256 MiB would give every node the same amount of memory in this provider's DIMMs",
    memory(ask(1792, { target: "spread" }), running({ ...two, devices: [ours(0, 256)] })),
  ],
  [
    "max-dimm-size-too-small",
    "hotplug.maxDimmSize is 1 GiB, but a DIMM must be a multiple of 2048 MiB (the memory block of a guest whose boot memory ends at 66 GiB)",
    memory(ask(67_584, { maxDimmSize: 1024, max: 262_144 }), running({ cells: [65_536], max: 262_144 })),
  ],
  [
    "beyond-max-memory",
    "2283 MiB exceeds 2 GiB, the maximum that the running domain was started with",
    memory(ask(2283), running({ max: 2048 })),
  ],
  [
    "beyond-max-memory",
    "1771 MiB and the 6656 MiB that virtio-mem devices reserve exceed 8 GiB, the maximum that the running domain was started with",
    memory(ask(1771, { max: 16_384 }), running({ devices: [{ ...foreign, size: 7168 * MIB }] })),
  ],
  [
    "no-slots",
    "the running domain was started without memory slots",
    memory(ask(1259), running({ slots: undefined })),
  ],
  [
    "slots-exhausted",
    "all 2 memory slots are in use; a shutdown and start frees them",
    memory(ask(1771), running({ slots: 2, devices: [ours(0, 256), ours(1, 256)] })),
  ],
  [
    "slots-exhausted",
    "the only memory slot is in use; a shutdown and start frees it",
    memory(ask(1515), running({ slots: 1, devices: [ours(0, 256)] })),
  ],
  [
    "too-few-slots",
    "the increase needs 5 DIMMs of at most 256 MiB (hotplug.maxDimmSize), but only 2 of 2 slots are free",
    memory(ask(2283, { maxDimmSize: 256 }), running({ slots: 2 })),
  ],
  [
    "unplug-not-allowed",
    "hotplug.allowUnplug is false (if true, 512 MiB in slot 1 and 256 MiB in slot 0 could be unplugged)",
    memory(ask(1003), running({ devices: [ours(0, 256), ours(1, 512)] })),
  ],
  [
    "dimms-do-not-add-up",
    "no combination of this provider's DIMMs is exactly 384 MiB: node 0 has 256 MiB in slot 0 and 512 MiB in slot 1",
    memory(ask(1387), running({ devices: [ours(0, 256), ours(1, 512)] })),
  ],
  [
    "dimms-not-even",
    "512 MiB can't be removed evenly from 2 nodes: node 0 would lose 256 MiB of 512 MiB in slot 0; node 1 would lose 256 MiB of 512 MiB in slot 1",
    memory(ask(1536, { target: "spread" }), running({ ...two, devices: [ours(0, 512), ours(1, 512, 1)] })),
  ],
  [
    "dimms-not-even",
    "256 MiB can't be removed evenly from 2 nodes: node 0 would lose 384 MiB of 512 MiB in slot 0; node 1 has too little (no removable DIMM)",
    memory(ask(1280, { target: "spread" }), running({ ...two, devices: [ours(0, 512)] })),
  ],
  [
    "too-few-dimms",
    "the decrease of 512 MiB exceeds this provider's DIMMs on node 0 (256 MiB); the rest can't be removed: 1003 MiB of boot memory",
    memory(ask(747), running({ devices: [ours(0, 256)] })),
  ],
  [
    "too-few-dimms",
    "the decrease of 256 MiB exceeds this provider's DIMMs on node 1 (none); the rest can't be removed: 1024 MiB of boot memory, 256 MiB in devices not managed by this provider and 512 MiB in DIMMs on nodes other than hotplug.targetNode (1)",
    memory(ask(1536, { target: 1 }), running({ ...two, devices: [ours(0, 512), theirs(1, 256)] })),
  ],
  [
    "boot-memory",
    "boot memory can't be removed from a running domain (the decrease is 256 MiB)",
    memory(ask(747), running()),
  ],
  [
    "boot-memory",
    "1003 MiB is boot memory, which can't be removed while the domain runs",
    memory(ask(900, virtioMem), running({ devices: [vmem(0, 7168, 512)] })),
  ],
  [
    "domain-paused",
    "the domain is paused: the guest can only release memory once the domain resumes",
    memory(ask(1003), paused(running({ devices: [ours(0, 256)] }))),
  ],
  [
    "no-virtio-mem-device",
    "the running domain was started without a virtio-mem device on node 1",
    memory(ask(2026, { ...virtioMem, target: 1 }), running({ cells: [1003, 511], devices: [vmem(0, 4096)] })),
  ],
  [
    "not-virtio-mem-block",
    "the 97 MiB above 1003 MiB is not a multiple of 2 MiB, the block size of the virtio-mem device",
    memory(ask(1100, virtioMem), running({ devices: [vmem(0, 7168)] })),
  ],
  [
    "beyond-virtio-mem-size",
    "the virtio-mem device on node 0 holds at most 7 GiB, but 7189 MiB would be needed",
    memory(ask(8192, virtioMem), running({ devices: [vmem(0, 7168)] })),
  ],
  [
    "beyond-virtio-mem-size",
    "the virtio-mem devices on nodes 0 and 1 hold at most 2 GiB, but 3 GiB would be needed",
    memory(
      ask(4096, { ...virtioMem, target: "spread" }),
      running({ ...two, devices: [vmem(0, 1024), vmem(1, 1024)] }),
    ),
  ],
  [
    "device-kind",
    'the running domain was started without a virtio-mem device on node 0, but hotplug.device is "virtio-mem"',
    memory(ask(1515, virtioMem), running()),
  ],
  [
    "device-kind",
    'the running domain was started with a virtio-mem device on node 0, but hotplug.device is "dimm"',
    memory(ask(1515), running({ devices: [vmem(0, 4096, 512)] })),
  ],
  [
    "nodes-fixed-at-boot",
    "the running domain was started with 1 NUMA node, but the program wants 2 NUMA nodes",
    planMemory(ask(1003, { shares: [500, 503] }), running(), { numaChanged: true }),
  ],
  [
    "nodes-fixed-at-boot",
    "node 1 has 512 MiB, but the program wants 768 MiB: the memory of a node is fixed at boot",
    planMemory(ask(1024, { shares: [256, 768] }), running(two), { numaChanged: true }),
  ],
  [
    "target-node-missing",
    "hotplug.targetNode is 2, but the domain only has nodes 0 and 1",
    memory(ask(1280, { target: 2 }), running(two)),
  ],
  [
    "definition-too-small",
    "1259 MiB can't be defined: other nodes and devices not managed by this provider use 2048 MiB, which leaves nothing for node 0",
    memory(ask(1259), running({}, { devices: [theirs(0, 2048)] })),
  ],
  [
    "definition-beyond-max-memory",
    "the definition would need 8203 MiB (a virtio-mem device not managed by this provider counts in full), above maxMemory, 8 GiB",
    memory(ask(2571), running({ devices: [{ ...foreign, size: 6144 * MIB }], max: 7200 })),
  ],
  [
    "definition-too-few-slots",
    "the definition would have 2 memory devices (2 not managed by this provider), but memorySlots is 1",
    memory(ask(1515, { slots: 1 }), running({}, { devices: [theirs(0, 256), theirs(1, 256)] })),
  ],
  [
    "pending-by-others",
    "someone else set 2027 MiB for the next boot, but the program wants 1259 MiB",
    planMemory(ask(1259), running({}, { cells: [2027] }), { recorded: 1003 * MIB }),
  ],
  [
    "balloon-with-virtio-mem",
    "currentMemory (700 of 1515 MiB) can't be combined with virtio-mem, but node 0 has a virtio-mem device not managed by this provider",
    memory(ask(1515, { currentMemory: 700 * MIB }), running({ devices: [foreign] })),
  ],
  [
    "when-not-possible-error",
    'hotplug.whenNotPossible is "error", so nothing is done; "replace", "restart" and "nextBoot" are the other options',
    memory(ask(1300, { whenNotPossible: "error" }), running()),
  ],
  [
    "downtime-forbidden",
    "the stack forbids downtime (libvirt-hotplug:allowDowntime is false), so nothing is done",
    memory(ask(1300, { allowDowntime: false }), running()),
  ],
  ["adopted-domain", "adopted domains are never replaced", memory(ask(1300, { adopted: true }), running())],
  [
    "transient-domain",
    "the domain is transient: it is gone once it stops, so it has no next boot",
    memory(ask(1300, { whenNotPossible: "restart" }), transient()),
  ],
  [
    "transient-domain",
    'hotplug.applyOn is "nextBoot", but the domain is transient and has no next boot',
    memory(ask(1259, { applyOn: "nextBoot" }), transient()),
  ],
  [
    "replace-required",
    "changing name, arch and firmware needs a new domain",
    update({ name: "front", arch: "aarch64", firmware: "uefi" }),
  ],
  [
    "domain-changed",
    "the domain changed since the preview (planned: live, now: replace)",
    permittedPlan(grown, full),
  ],
  [
    "domain-changed",
    "the domain changed since the preview (memory would be removed)",
    permittedPlan(grown, unplugs),
  ],
  [
    "domain-changed",
    "the domain changed since the state was recorded (planned: live, now: replace)",
    previewedPlan(grown, full),
  ],
  [
    "disk-would-shrink",
    "disks[0].size is 10 GiB, but /a has 20 GiB, and a disk is never made smaller; set size to at least 20 GiB",
    planUpdate({
      inputs: { ...before, disks: [{ file: "/a", size: "10240MiB" }] },
      before: { ...before, disks: [{ file: "/a" }] },
      observed: { ...running(), images: { "/a": 20 * 2 ** 30 } },
      recorded: undefined,
      defaults: DEFAULTS,
      adopted: false,
    }),
  ],
  [
    "domain-halted",
    "the domain is paused (I/O error): its guest can't take memory until the cause is dealt with and the domain is resumed (virsh resume)",
    memory(ask(1259), { ...paused(running()), pause: "I/O error" }),
  ],
  [
    "domain-asleep",
    "the guest is asleep (suspended to memory): it would never see memory that is plugged while it sleeps; wake it first (running: true, or virsh dompmwakeup)",
    memory(ask(1259), { ...paused(running()), pause: "asleep" }),
  ],
  [
    "domain-busy",
    "another job holds the domain, which is paused (migrating); run pulumi up again once it has ended",
    update(grow, { ...paused(running()), pause: "migrating" }),
  ],
  ["not-previewed", "a replace wasn't previewed", permittedPlan(undefined, full)],
  [
    "bus-without-hotplug",
    'disks on the sata bus can\'t be attached to or detached from a running domain; bus "virtio", "scsi" and "usb" can',
    update({ disks: [{ file: "/b", bus: "sata" }] }, withPorts(8)),
  ],
  [
    "empty-drive",
    "libvirt doesn't attach an empty CD-ROM drive to a running domain: name a medium (file), which can be removed afterwards",
    update({ disks: [{ device: "cdrom", bus: "scsi" }] }, withPorts(8)),
  ],
  [
    "model-without-hotplug",
    'cards of model "e1000" are conventional PCI devices, which the machine\'s root ports don\'t accept while the domain runs; model "virtio" and "e1000e" can be attached',
    update(
      { interfaces: [{ user: true, model: "e1000", mac: "52:54:00:00:00:01" }] },
      withPorts(8, running({ machine: "q35" })),
    ),
  ],
  [
    "model-without-hotplug",
    'cards of model "vmxnet3" are conventional PCI devices, which the machine\'s root ports don\'t accept while the domain runs; model "virtio" and "e1000e" can be attached',
    update(
      { interfaces: [{ user: true, model: "vmxnet3", mac: "52:54:00:00:00:01" }] },
      withPorts(8, running({ machine: "q35" })),
    ),
  ],
  [
    "no-free-port",
    "the change of disks needs 2 PCI ports, but the running domain has 1 free port; after the next boot it has as many free ports as hotplugPorts asks for",
    update({ disks: [{ file: "/b" }, { file: "/c" }] }, withPorts(1)),
  ],
  [
    "boot-disk",
    "/a (vda) is the disk that the guest booted from: it isn't detached while the guest runs; shut the domain down first (running: false), or set forceOff: true to detach it all the same",
    planUpdate({
      inputs: { ...before, disks: [] },
      before: { ...before, disks: [{ file: "/a" }] },
      observed: withPorts(8),
      ...{ recorded: undefined, defaults: DEFAULTS, adopted: false },
    }),
  ],
  [
    "vcpus-arch-unsupported",
    "aarch64 machines don't support vCPU hot-plug",
    update({ vcpus: 2 }, running({ arch: "aarch64", uefi: true, vcpus: ofEight(1) })),
  ],
  [
    "vcpus-machine-unsupported",
    "the microvm machine type doesn't support vCPU hot-plug",
    update({ vcpus: 2 }, running({ machine: "microvm", vcpus: ofEight(1) })),
  ],
  [
    "vcpus-machine-unsupported",
    "only the pseries machine type supports vCPU hot-plug on POWER, not powernv9",
    update({ vcpus: 2 }, running({ arch: "ppc64le", machine: "powernv9", vcpus: ofEight(1) })),
  ],
  [
    "no-acpi",
    "the domain has no ACPI, which guests need for vCPU hot-plug",
    update({ vcpus: 2 }, running({ acpi: false, vcpus: ofEight(1) })),
  ],
  [
    "beyond-max-vcpus",
    "9 vCPUs are above the running domain's maximum of 8, which is fixed at boot",
    update({ vcpus: 9 }, running({ vcpus: ofEight(1) })),
  ],
  [
    "vcpus-not-removable",
    "the running domain's 4 vCPUs are fixed until it is shut down and started",
    update({ vcpus: 2 }, running({ vcpus: { vcpus: 4 } })),
  ],
  [
    "vcpus-not-removable",
    "of the running domain's 4 vCPUs only 3 can be removed, so at least 3 stay",
    update({ vcpus: 2 }, running({ vcpus: { vcpus: 4, fixedVcpus: "0-2" } })),
  ],
  [
    "unplug-not-allowed",
    "hotplug.allowUnplug is false (if true, vCPUs 2 and 3 could be removed)",
    update({ vcpus: 2 }, running({ vcpus: ofEight(4) })),
  ],
  [
    "vcpus-not-whole-cores",
    "POWER guests get and lose vCPUs in whole cores, which have 4 threads here",
    update(
      { vcpus: 6 },
      running({
        ...{ arch: "ppc64le", machine: "pseries" },
        vcpus: { vcpus: 8, currentVcpus: 4, topology: { sockets: 1, dies: 1, cores: 2, threads: 4 } },
      }),
    ),
  ],
  [
    "vcpu-removal-unanswered",
    "an earlier removal of vCPUs (down to 2) got no answer, so what the domain has isn't certain: its vCPUs can't change until it is shut down and started",
    update({ vcpus: 3 }, { ...running({ vcpus: ofEight(4) }), vcpuRemoval: { domainId: 7, to: 2 } }),
  ],
  [
    "topology-not-divisible",
    "a maximum of 9 vCPUs can't be divided among the domain's 2 sockets of 2 cores",
    update(
      { maxVcpus: 9 },
      running({
        vcpus: { vcpus: 4, currentVcpus: 1, topology: { sockets: 2, dies: 1, cores: 2, threads: 1 } },
      }),
    ),
  ],
  [
    "topology-not-divisible",
    "cpuTopology has 1 socket of 3 cores, which isn't the domain's maximum of 4 vCPUs",
    update(
      { vcpus: 1, cpuTopology: { sockets: 1, cores: 3 } },
      running({ vcpus: { vcpus: 4, currentVcpus: 1 } }),
    ),
  ],
];

test.each(rows)("%s: %s", (code, text, { reasons, headline, details }) => {
  expect(reasons).toContainEqual({ code, text });
  expect([headline, ...details].some((line) => line.includes(text))).toBe(true);
});

test("every code of the planner has a text here", () => {
  const root = join(import.meta.dirname, "../../provider/plan");
  const sources = globSync("**/*.ts", { cwd: root }).map((file) => readFileSync(join(root, file), "utf8"));
  const used = REASON_CODES.filter((code) => sources.some((text) => text.includes(`code: "${code}"`)));
  expect([...new Set(rows.map(([code]) => code))].sort()).toEqual(used.sort());
});
