import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { RULES } from "../../provider/args/rules.ts";
import { DEFAULTS, type Defaults } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { hidden } from "../support/arbitrary-inputs.ts";

const memory = "1003MiB";
const GIB = "1GiB";
const KIB_PER_GIB = 1024 * 1024;

/** A program, the property that is refused, the reason, and the stack's defaults where they matter. */
type Row = [
  description: string,
  args: Record<string, unknown>,
  property: string,
  reason: string,
  stack?: Partial<Defaults>,
];

const alignmentForm =
  "it must be a power of two of at least 128 MiB, the smallest memory block of a Linux guest (default: 256 MiB)";
const virtioMem = { device: "virtio-mem" };
const noEffectWithVirtioMem =
  'has no effect when hotplug.device is "virtio-mem", which resizes an existing device instead of attaching one';

const rows: Record<string, Row[]> = {
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
  namesDiffer: [
    [
      "two disks of one name",
      {
        memory,
        disks: [
          { name: "a", file: "/a" },
          { name: "a", file: "/b" },
        ],
      },
      "disks[1].name",
      "duplicates disks[0].name (a)",
    ],
    [
      "two interfaces of one name",
      {
        memory,
        interfaces: [
          { name: "lan", user: true },
          { name: "lan", user: true },
        ],
      },
      "interfaces[1].name",
      "duplicates interfaces[0].name (lan)",
    ],
  ],
  sourcesDiffer: [
    [
      "two disks of one file, of which one is written",
      { memory, disks: [{ file: "/a", readOnly: true }, { file: "/a" }] },
      "disks[1].file",
      "duplicates disks[0].file (/a)",
    ],
    [
      "one file in two spellings",
      { memory, disks: [{ file: "/images/a" }, { file: "/images//./b/../a" }] },
      "disks[1].file",
      "duplicates disks[0].file (/images/a)",
    ],
    [
      "one block device",
      { memory, disks: [{ block: "/dev/vg/a" }, { file: "/b" }, { block: "/dev/vg/a" }] },
      "disks[2].block",
      "duplicates disks[0].block (/dev/vg/a)",
    ],
    [
      "one volume",
      {
        memory,
        disks: [
          { pool: "p", volume: "a" },
          { pool: "p", volume: "a", readOnly: true },
        ],
      },
      "disks[1].volume",
      "duplicates disks[0].volume (p/a)",
    ],
  ],
  macsAreNotReserved: [
    [
      "a MAC that libvirt keeps for the host",
      { memory, interfaces: [{ network: "default", mac: "FE:54:00:00:00:01" }] },
      "interfaces[0].mac",
      'is fe:54:00:00:00:01, but libvirt reserves addresses that start with "fe" for the host; use another one, such as one that starts with "52:54:00"',
    ],
  ],
  macsDiffer: [
    [
      "one MAC in two spellings",
      {
        memory,
        interfaces: [
          { user: true, mac: "52:54:00:00:00:0a" },
          { user: true, mac: "52:54:00:00:00:0A" },
        ],
      },
      "interfaces[1].mac",
      "duplicates interfaces[0].mac (52:54:00:00:00:0a)",
    ],
  ],
  bootOrdersDiffer: [
    [
      "two disks with one boot order",
      {
        memory,
        disks: [
          { file: "/a", bootOrder: 1 },
          { file: "/b", bootOrder: 1 },
        ],
      },
      "disks[1].bootOrder",
      "duplicates disks[0].bootOrder (1)",
    ],
  ],
  busTakesDevice: [
    [
      "a CD-ROM drive on virtio",
      { memory, disks: [{ device: "cdrom", bus: "virtio" }] },
      "disks[0].bus",
      'is "virtio", which has no CD-ROM drives; use "sata", "scsi", "usb" or "ide"',
    ],
    [
      "an empty CD-ROM drive on USB",
      { memory, disks: [{ device: "cdrom", bus: "usb" }] },
      "disks[0].bus",
      'is "usb", on which a CD-ROM drive can\'t be empty; set file, or use "sata", "scsi" or "ide"',
    ],
    [
      "a disk on SATA that can only be read",
      { memory, disks: [{ file: "/a", device: "disk", bus: "sata", readOnly: true }] },
      "disks[0].readOnly",
      'is true, but a disk on bus "sata" can\'t be read-only; use bus "virtio" or "scsi", or device "cdrom"',
    ],
  ],
  addressesCanBeFound: [
    [
      "a wait on the user-mode network without an agent",
      { memory, agent: false, interfaces: [{ bridge: "br0" }, { user: true, waitForAddress: 60 }] },
      "interfaces[1].waitForAddress",
      "needs the guest agent: nothing else reports addresses on the user-mode network; remove agent: false, or set network or bridge instead of user",
    ],
  ],
  sharesWithinMemory: [
    [
      "shares above the memory",
      { memory, numa: [{ memory: "512MiB" }, { memory: "512MiB" }] },
      "numa",
      "gives its nodes 1024 MiB in total, above memory (1003 MiB)",
    ],
    [
      "nodes without any memory",
      { numa: [{}, { memory: 0 }], maxMemory: GIB },
      "numa",
      "must have at least one node with memory",
    ],
  ],
  spreadInWholeMib: [
    [
      "a rest that can't be divided",
      { memory, numa: [{ memory: "500MiB" }, { memory: "500MiB" }], hotplug: { targetNode: "spread" } },
      "hotplug.targetNode",
      "is \"spread\", but 3 MiB (memory beyond the nodes' own shares) can't be divided evenly among 2 nodes in whole MiB",
    ],
  ],
  oneEmptyNode: [
    [
      "two empty nodes",
      { memory: GIB, numa: [{ memory: GIB }, { memory: 0 }, {}] },
      "numa",
      "has 2 nodes without memory (1, 2); at most one may be empty",
    ],
    [
      "two empty nodes, while another one gets the rest",
      { memory: "2GiB", numa: [{ memory: GIB }, {}, {}] },
      "numa",
      "has 2 nodes without memory (1, 2); at most one may be empty",
    ],
  ],
  emptyNodeCanGrow: [
    [
      "maxMemory leaves no room",
      { memory: GIB, maxMemory: GIB, numa: [{ memory: GIB }, {}], hotplug: { targetNode: 1 } },
      "maxMemory",
      "is 1024 MiB, equal to memory, so memory can't be added to the empty node 1 later; raise maxMemory",
    ],
    [
      "hot-plug is disabled",
      { memory: GIB, numa: [{ memory: GIB }, {}], hotplug: { enabled: false } },
      "numa",
      "leaves node 1 without memory, which can't be added later because hotplug.enabled is false",
    ],
  ],
  vcpusOfNodes: [
    [
      "a vCPU in two nodes",
      { memory, vcpus: 4, numa: [{ cpus: "0-1" }, { cpus: "1-2", memory: "1MiB" }] },
      "numa[1].cpus",
      "contains vCPU 1, which is already assigned to node 0",
    ],
    [
      "a vCPU that doesn't exist",
      { memory, vcpus: 2, numa: [{ cpus: "0-2" }] },
      "numa[0].cpus",
      "contains vCPU 2, but the domain has vCPUs 0 to 1; raise vcpus",
    ],
    [
      "a second vCPU where one is the default",
      { memory, numa: [{ cpus: "0-1" }] },
      "numa[0].cpus",
      "contains vCPU 1, but the domain only has vCPU 0; raise vcpus",
    ],
  ],
  vcpusWithinMaximum: [
    [
      "more vCPUs than maxVcpus",
      { memory, vcpus: 4, maxVcpus: 3 },
      "vcpus",
      "is 4, above maxVcpus (3); lower vcpus or raise maxVcpus",
    ],
  ],
  vcpusOfX86: [
    [
      "more vCPUs than an x86 domain has interrupts for",
      { memory, arch: "x86_64", vcpus: 2, maxVcpus: 256 },
      "maxVcpus",
      "is 256, above 255, the most that x86_64 domains can have without an IOMMU in extended interrupt mode",
    ],
  ],
  topologyOfMaximum: [
    [
      "a topology that isn't the maximum",
      { memory, vcpus: 2, maxVcpus: 8, cpuTopology: { sockets: 3, cores: 2 } },
      "cpuTopology",
      "has 3 sockets × 1 dies × 2 cores × 1 threads = 6, but maxVcpus is 8; the two must be equal",
    ],
  ],
  vcpusInWholeCores: [
    [
      "half a core on POWER",
      { memory, arch: "ppc64le", vcpus: 6, maxVcpus: 16, cpuTopology: { sockets: 2, cores: 2, threads: 4 } },
      "vcpus",
      "is 6, but ppc64le domains have whole cores of 4 threads (cpuTopology.threads); use a multiple of 4",
    ],
  ],
  targetNodeExists: [
    [
      "without nodes",
      { memory, hotplug: { targetNode: 1 } },
      "hotplug.targetNode",
      "is 1, but the domain only has node 0",
    ],
    [
      "with nodes",
      { memory, numa: [{ memory: "1MiB" }, { memory: "1MiB" }], hotplug: { targetNode: 2 } },
      "hotplug.targetNode",
      "is 2, but the domain has nodes 0 to 1",
    ],
  ],
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
  graphicsOptions: [
    ...["clipboard", "fileTransfer"].map(
      (name): Row => [
        `${name} on VNC`,
        { memory, graphics: { type: "vnc", [name]: false } },
        `graphics.${name}`,
        'is an option of SPICE, but graphics.type is "vnc"; remove it, or set graphics.type to "spice"',
      ],
    ),
    [
      "a VNC port below the first display",
      { memory, graphics: { type: "vnc", port: 80 } },
      "graphics.port",
      "is 80, but VNC ports start at 5900; set a higher one, or remove it to let libvirt choose",
    ],
  ],
  graphicsPassword: [
    [
      "a VNC password of 9 bytes",
      { memory, graphics: { type: "vnc", password: "pässword" } },
      "graphics.password",
      "is longer than 8 bytes, the most that VNC supports",
    ],
    [
      "a SPICE password of 61 bytes",
      { memory, graphics: { type: "spice", password: "p".repeat(61) } },
      "graphics.password",
      "is longer than 60 bytes, the most that SPICE supports",
    ],
    [
      "an empty password",
      { memory, graphics: { type: "vnc", password: "" } },
      "graphics.password",
      "must not be empty; remove it for a server without a password",
    ],
  ],
  screensOfVideo: [
    [
      "several screens of a card with one",
      { memory, video: { model: "vga", heads: 2 } },
      "video.heads",
      'can\'t be set for the model "vga"; only "virtio" and "qxl" have several screens',
    ],
  ],
  periodOfRng: [
    [
      "a period without bytes",
      { memory, rng: { period: 5 } },
      "rng.period",
      "has no effect without rng.bytes",
    ],
  ],
  tpmModel: [
    [
      "TPM 1.2 as CRB",
      { memory, tpm: { model: "crb", version: "1.2" } },
      "tpm.version",
      'is "1.2", which the model "crb" doesn\'t support; use version "2.0", or the model "tis"',
    ],
    [
      "CRB on AArch64",
      { memory, arch: "aarch64", tpm: { model: "crb" } },
      "tpm.model",
      'is "crb", which aarch64 guests don\'t have (only x86_64, i686)',
    ],
  ],
  watchdogModel: [
    [
      "an ISA watchdog on AArch64",
      { memory, arch: "aarch64", watchdog: { model: "ib700" } },
      "watchdog.model",
      'is "ib700", which aarch64 guests don\'t have (only x86_64, i686)',
    ],
    ...["pc", "pc-i440fx-7.2"].map(
      (machine): Row => [
        `the chipset's watchdog on ${machine}`,
        { memory, machine, watchdog: { model: "itco" } },
        "watchdog.model",
        `is "itco", which is part of q35 machines, but machine is "${machine}"`,
      ],
    ),
  ],
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

describe.each(Object.entries(rows))("%s", (rule, refused) => {
  test.each(refused)("refuses %s", (_, args, property, reason, stack = {}) => {
    const defaults = { ...DEFAULTS, ...stack };
    const { inputs, failures } = checkInputs({}, { ...hidden, ...args }, defaults);
    expect(failures).toEqual([{ property, reason }]);
    expect(RULES[rule]?.(inputs, defaults)).toEqual(failures);
  });
});

// Unless the wrong value is what the rule is about.
describe("the rules are asked also where another value is wrong", () => {
  const all = Object.values(rows).flat();
  const within = (argument: "hotplug" | "numa") =>
    all.filter(([, args]) => typeof args[argument] === "object");

  test.each(within("hotplug"))("of hotplug: %s", (_, args, property, reason, stack = {}) => {
    const hotplug = { ...(args.hotplug as object), nonsense: 1, heal: "yes" };
    const { failures } = checkInputs({}, { ...hidden, ...args, hotplug }, { ...DEFAULTS, ...stack });
    expect(failures).toContainEqual({ property, reason });
    const wrong = ["hotplug.nonsense", "hotplug.heal"];
    expect(failures.map((failure) => failure.property)).toEqual([...wrong, property]);
  });

  test.each(all)("of another argument: %s", (_, args, property, reason, stack = {}) => {
    const wrong = { disks: [{ file: "a", bus: "virtio" }], boot: { nonsense: 1 }, ...args, autostart: "on" };
    const { failures } = checkInputs({}, { ...hidden, ...wrong }, { ...DEFAULTS, ...stack });
    expect(failures).toContainEqual({ property, reason });
  });

  test.each(within("numa"))(
    "of a node, which has an unknown field: %s",
    (_, args, property, reason, stack = {}) => {
      const numa = (args.numa as object[]).map((node) => ({ ...node, nonsense: 1 }));
      const { failures } = checkInputs({}, { ...hidden, ...args, numa }, { ...DEFAULTS, ...stack });
      expect(failures).toContainEqual({ property, reason });
    },
  );

  test("but a wrong value is no reason for another failure", () => {
    const args = {
      memory: "1 mile",
      numa: [{ memory: "2GiB" }, { memory: "x" }],
      maxMemory: "1GiB",
      vcpus: "2",
    };
    const { failures } = checkInputs({}, { ...hidden, ...args });
    expect(failures.map(({ property }) => property)).toEqual(["memory", "vcpus", "numa[1].memory"]);
  });
});

test("every rule has its rows", () => {
  expect(Object.keys(rows)).toEqual(Object.keys(RULES));
});

describe("the rules accept", () => {
  test.each<[Record<string, unknown>, Partial<Defaults>]>([
    [{ memory: "3GiB" }, { maxMemory32Bit: 2 * KIB_PER_GIB }],
    [{ memory: "4GiB", currentMemory: "192MiB" }, {}],
    [{ memory: "64MiB", currentMemory: "64MiB" }, {}],
    [{ memory, currentMemory: memory, hotplug: virtioMem }, {}],
    [{ memory, hotplug: { device: "dimm", maxDimmSize: "256MiB" } }, { device: "virtio-mem" }],
    [{ memory, numa: [{ cpus: "0-7" }], xml: "<domain/>" }, {}],
    [{ memory, numa: [{ cpus: "0-7" }], adopt: true }, {}],
    [{ memory, graphics: { type: "spice", port: 80, clipboard: false, password: "p".repeat(60) } }, {}],
    [{ memory, graphics: { type: "vnc", port: 5900, password: "pässwor" } }, {}],
    [{ memory, video: { model: "qxl", heads: 4 }, rng: { bytes: 1, period: 1 } }, {}],
    [{ memory, tpm: { version: "1.2" }, watchdog: { model: "itco" } }, {}],
    [{ memory, machine: "pc-q35-7.2", watchdog: { model: "itco" } }, {}],
    [{ memory: "1004MiB", memoryBacking: { hugePages: "2MiB", locked: true } }, {}],
    [{ memory, memoryBacking: { hugePages: "64KiB" } }, {}],
  ])("%j in a stack with %j", (args, stack) => {
    expect(checkInputs({}, { ...hidden, ...args }, { ...DEFAULTS, ...stack }).failures).toEqual([]);
  });
});

describe("the rules find nothing while a value isn't known", () => {
  test.each([
    { memory: UNKNOWN, numa: [{ memory: "1GiB" }, { memory: "1GiB" }] },
    { memory, numa: [{ memory: UNKNOWN }, {}, {}], hotplug: { targetNode: 1 } },
    { memory, numa: UNKNOWN },
    { memory, numa: [UNKNOWN, { memory: "1MiB" }] },
    { memory, vcpus: UNKNOWN, numa: [{ cpus: "0-7" }] },
    { memory, numa: [{ cpus: UNKNOWN }] },
    { memory, hotplug: { alignment: UNKNOWN, maxDimmSize: "300MiB" } },
    { memory, hotplug: { maxDimmSize: UNKNOWN } },
    { memory, hotplug: { source: UNKNOWN, maxDimmSize: "512MiB" } },
    { memory, hotplug: { source: { pageSize: UNKNOWN, nodeset: UNKNOWN } } },
    { memory, hotplug: { targetNode: UNKNOWN } },
    { memory, hotplug: { before: UNKNOWN, after: { command: UNKNOWN, timeout: UNKNOWN } } },
    { memory, hotplug: { before: { command: [UNKNOWN, UNKNOWN] } } },
    { memory: "30GiB", guestWidth: UNKNOWN },
    { memory, graphics: UNKNOWN },
    { memory, graphics: { type: UNKNOWN, password: "p".repeat(80), port: 80, clipboard: true } },
    { memory, graphics: { type: "vnc", password: UNKNOWN, port: UNKNOWN } },
    { memory, video: { model: UNKNOWN, heads: 16 }, rng: { bytes: UNKNOWN, period: 1 } },
    { memory, tpm: { model: UNKNOWN, version: "1.2" }, arch: UNKNOWN, watchdog: { model: "ib700" } },
    { memory, watchdog: { model: "itco" }, machine: UNKNOWN },
    { memory, memoryBacking: { hugePages: UNKNOWN, locked: UNKNOWN } },
    { memory, memoryBacking: UNKNOWN, hotplug: virtioMem },
    { memory, adopt: UNKNOWN, onDelete: UNKNOWN, forceOff: UNKNOWN },
  ])("%j", (args) => {
    expect(checkInputs({}, { ...hidden, ...args }).failures).toEqual([]);
  });
});
