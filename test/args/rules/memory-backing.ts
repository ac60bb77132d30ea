import { GIB, memory, type Row, virtioMem } from "./row.ts";

/** Of memoryBacking. */
export const MEMORY_BACKING: Record<string, Row[]> = {
  wholeHugePages: [
    [
      "memory that isn't whole huge pages",
      { memory, memoryBacking: { hugePages: "2MiB" } },
      "memory",
      "is 1003 MiB, which is not a multiple of 2 MiB (memoryBacking.hugePages); use 1002 MiB or 1004 MiB",
    ],
    [
      "less memory than a huge page",
      { memory: "512MiB", memoryBacking: { hugePages: GIB } },
      "memory",
      "is 512 MiB, which is not a multiple of 1024 MiB (memoryBacking.hugePages); use 1024 MiB",
    ],
    [
      "a node that isn't whole huge pages",
      {
        memory: "1GiB",
        numa: [{ memory: 501 }, {}],
        memoryBacking: { hugePages: "2MiB" },
        hotplug: { targetNode: 1 },
      },
      "numa[0].memory",
      "is 501 MiB, which is not a multiple of 2 MiB (memoryBacking.hugePages); use 500 MiB or 502 MiB",
    ],
    [
      "pages of the base size",
      { memory, memoryBacking: { hugePages: "4KiB" } },
      "memoryBacking.hugePages",
      'is 4 KiB, the size of a base page; use a huge page such as "2MiB" or "1GiB", or remove it',
    ],
  ],
  emptyNodeIsWholePages: [
    [
      "a node that starts with less than a huge page",
      { memory: "1GiB", numa: [{ memory: "1GiB" }, {}], memoryBacking: { hugePages: "2MiB" } },
      "numa",
      "leaves node 1 with 1 MiB, which is not a multiple of 2 MiB (memoryBacking.hugePages); give it memory",
    ],
  ],
  noLockedVirtioMem: [
    [
      "locked memory that virtio-mem would give back",
      { memory, memoryBacking: { locked: true }, hotplug: virtioMem },
      "memoryBacking.locked",
      'can\'t be combined with hotplug.device "virtio-mem", which gives memory back to the host; remove one of the two',
    ],
  ],
};
