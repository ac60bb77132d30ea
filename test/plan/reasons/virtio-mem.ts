import { ask, MIB, running, vmem } from "../../support/scene.ts";
import { memory, type Row, two, virtioMem } from "./row.ts";

const foreign = { ...vmem(0, 4096, 512), alias: "ua-theirs" };

/** Why the size of a virtio-mem device isn't changed. */
export const VIRTIO_MEM: Row[] = [
  [
    "virtio-mem-unsupported",
    "virtio-mem is only supported for x86_64 and aarch64 guests, not for ppc64le",
    memory(ask(1515, virtioMem), running({ arch: "ppc64le", devices: [vmem(0, 4096)] })),
  ],
  [
    "no-max-memory",
    "the running domain was started without maxMemory, so it doesn't have a virtio-mem device",
    memory(ask(1515, virtioMem), running({ max: undefined })),
  ],
  [
    "boot-memory",
    "1003 MiB is boot memory, which can't be removed while the domain runs",
    memory(ask(900, virtioMem), running({ devices: [vmem(0, 7168, 512)] })),
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
    "balloon-with-virtio-mem",
    "currentMemory (700 of 1515 MiB) can't be combined with virtio-mem, but node 0 has a virtio-mem device not managed by this provider",
    memory(ask(1515, { currentMemory: 700 * MIB }), running({ devices: [foreign] })),
  ],
];
