import { KIB_PER_GIB } from "../../../provider/units/kib.ts";
import { GIB, memory, type Row } from "./row.ts";

const alignmentForm =
  "it must be a power of two of at least 128 MiB, the smallest memory block of a Linux guest (default: 256 MiB)";

/** Of memory, its ceiling, the balloon and hotplug. */
export const MEMORY: Record<string, Row[]> = {
  memoryWithinMaxMemory: [
    [
      "memory above maxMemory",
      { memory: "9GiB", maxMemory: "8GiB" },
      "memory",
      "is 9216 MiB, above maxMemory (8192 MiB); lower memory or raise maxMemory",
    ],
  ],
  balloonTarget: [
    [
      "a target without a balloon",
      { memory, currentMemory: "512MiB", balloon: false },
      "currentMemory",
      "needs a balloon device, but balloon is false; remove one of the two",
    ],
    [
      "a target above the memory",
      { memory, currentMemory: GIB },
      "currentMemory",
      "is 1024 MiB, above memory (1003 MiB); lower it, or remove it to leave the guest all of its memory",
    ],
    [
      "a target that a kernel can't run with",
      { memory: "4GiB", currentMemory: "191MiB" },
      "currentMemory",
      "is 191 MiB, but with 4096 MiB of memory the guest's kernel needs at least 192 MiB",
    ],
  ],
  withinCap: [
    [
      "memory above the limit of 64-bit guests",
      { memory: "5TiB", cpu: "host-passthrough" },
      "memory",
      "is 5242880 MiB, above the limit of 4194304 MiB for a 64-bit guest (libvirt-hotplug:maxMemory64Bit)",
    ],
    [
      "maxMemory above the limit of an architecture of 32 bits",
      { memory, maxMemory: "32GiB", arch: "i686" },
      "maxMemory",
      "is 32768 MiB, above the limit of 20480 MiB for a 32-bit guest (libvirt-hotplug:maxMemory32Bit)",
    ],
    [
      "memory above the limit of the given width",
      { memory: "21GiB", guestWidth: 32 },
      "memory",
      "is 21504 MiB, above the limit of 20480 MiB for a 32-bit guest (libvirt-hotplug:maxMemory32Bit)",
    ],
    ...(
      [
        [{ memory: "3GiB" }, 64, "memory"],
        [{ memory: GIB, maxMemory: "3GiB" }, 64, "maxMemory"],
        [{ memory: "3GiB", arch: "i686" }, 32, "memory"],
        [{ memory: "3GiB", guestWidth: 32 }, 32, "memory"],
      ] as const
    ).map(
      ([args, width, property]): Row => [
        `the stack's limit: ${JSON.stringify(args)}`,
        args,
        property,
        `is 3072 MiB, above the limit of 2048 MiB for a ${width}-bit guest (libvirt-hotplug:maxMemory${width}Bit)`,
        { [`maxMemory${width}Bit`]: 2 * KIB_PER_GIB },
      ],
    ),
  ],
  withinAddressSpace: [
    [
      "memory beyond the address bits of QEMU's CPUs",
      { memory: "2TiB" },
      "memory",
      'is 2048 GiB; with 16 slots, a guest whose CPU has 40 physical address bits can have at most 1004 GiB; set cpu to "host-passthrough" to use the host\'s address bits',
    ],
    [
      "maxMemory beyond them, with more slots",
      { memory, maxMemory: "800GiB", memorySlots: 256, cpu: "qemu64" },
      "maxMemory",
      'is 800 GiB; with 256 slots, a guest whose CPU has 40 physical address bits can have at most 764 GiB; set cpu to "host-passthrough" to use the host\'s address bits',
    ],
  ],
  alignmentIsBlockSize: ["3MiB", "64MiB", "384MiB"].map(
    (alignment): Row => [
      alignment,
      { memory, hotplug: { alignment } },
      "hotplug.alignment",
      `is ${alignment.replace("MiB", " MiB")}; ${alignmentForm}`,
    ],
  ),
  alignmentWithinMaxMemory: [
    [
      "an alignment above maxMemory",
      { memory, maxMemory: "2GiB", hotplug: { alignment: "4GiB" } },
      "hotplug.alignment",
      "is 4096 MiB, above maxMemory (2048 MiB), so no DIMM could ever be added",
    ],
  ],
  maxDimmSizeIsAligned: [
    [
      "not aligned",
      { memory, hotplug: { maxDimmSize: "300MiB" } },
      "hotplug.maxDimmSize",
      "is 300 MiB, which is not a multiple of 256 MiB (hotplug.alignment); use 256 MiB or 512 MiB",
    ],
    [
      "below the alignment",
      { memory, hotplug: { maxDimmSize: "128MiB" } },
      "hotplug.maxDimmSize",
      "is 128 MiB, which is not a multiple of 256 MiB (hotplug.alignment); use 256 MiB",
    ],
    [
      "below a page",
      { memory, hotplug: { maxDimmSize: "512MiB", source: { pageSize: GIB } } },
      "hotplug.maxDimmSize",
      "is 512 MiB, which is not a multiple of 1024 MiB (hotplug.source.pageSize); use 1024 MiB",
    ],
  ],
  hotplugIsEnabled: Object.entries({
    targetNode: 0,
    maxDimmSize: "256MiB",
    source: { pageSize: "2MiB" },
    before: { command: ["/p"] },
    after: { command: ["/p"] },
  }).map(
    ([name, value]): Row => [
      name,
      { memory, hotplug: { enabled: false, [name]: value } },
      `hotplug.${name}`,
      "has no effect when hotplug.enabled is false",
    ],
  ),
};
