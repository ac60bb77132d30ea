import { planMemory } from "../../../provider/plan/plan-memory.ts";
import { ask, MIB, ours, running, theirs, vmem } from "../../support/scene.ts";
import { memory, type Row, two } from "./row.ts";

const foreign = { ...vmem(0, 4096, 512), alias: "ua-theirs" };

/** Why memory isn't plugged or unplugged, or can't be defined. */
export const MEMORY: Row[] = [
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
    "no-numa-node",
    "the running domain doesn't have NUMA node 0 to plug memory into",
    memory(ask(1259), running({ cells: [] })),
  ],
  [
    "no-max-memory",
    "the running domain was started without maxMemory, so it has neither slots nor room for DIMMs",
    memory(ask(1259), running({ max: undefined })),
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
];
