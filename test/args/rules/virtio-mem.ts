import { GIB, memory, type Row, virtioMem } from "./row.ts";

const noEffectWithVirtioMem =
  'has no effect when hotplug.device is "virtio-mem", which resizes an existing device instead of attaching one';

/** Of hotplug.device "virtio-mem". */
export const VIRTIO_MEM: Record<string, Row[]> = {
  noDimmArguments: Object.entries({
    maxDimmSize: "256MiB",
    before: { command: ["/p"] },
    after: { command: ["/p"] },
  }).flatMap(([name, value]): Row[] => [
    [name, { memory, hotplug: { ...virtioMem, [name]: value } }, `hotplug.${name}`, noEffectWithVirtioMem],
    [
      `${name}, with the stack's device`,
      { memory, hotplug: { [name]: value } },
      `hotplug.${name}`,
      noEffectWithVirtioMem,
      { device: "virtio-mem" },
    ],
  ]),
  noBalloonTarget: [
    [
      "a balloon target below the memory",
      { memory, currentMemory: "512MiB", hotplug: virtioMem },
      "currentMemory",
      'is 512 MiB, below memory (1003 MiB), which can\'t be combined with hotplug.device "virtio-mem"; lower memory instead',
    ],
  ],
  slotForEachNode: [
    [
      "more nodes than slots",
      {
        memory: "2GiB",
        memorySlots: 1,
        numa: [{ memory: GIB }, { memory: GIB }],
        hotplug: { ...virtioMem, targetNode: "spread" },
      },
      "memorySlots",
      'is 1, but each of the 2 nodes gets a virtio-mem device (hotplug.targetNode is "spread"), and libvirt before 9.5 counts a slot for each',
    ],
  ],
};
