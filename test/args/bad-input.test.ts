import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { hidden } from "../support/arbitrary-inputs.ts";

const example = 'give a size such as "4GiB" or "1003MiB", or a number of MiB such as 4096';
const alignmentRule =
  "it must be a power of two of at least 128 MiB, the smallest memory block of a Linux guest (the default is 256 MiB)";
const nameRule = "must be 1 to 200 letters, digits and _ . + : @ -, the first a letter, a digit or _";
const pathRule = "must be an absolute path on the host where libvirt runs";
const macRule = 'must be a unicast MAC address such as "52:54:00:12:34:56"';
const oneSource = "needs exactly one of network, bridge and user: true";
const notXml =
  "has a character that XML can't hold (NUL, another control character or half a surrogate pair)";
const hotplugArguments =
  "enabled, alignment, whenNotPossible, applyOn, device, targetNode, maxDimmSize, emptyNode, allowUnplug, heal, online, awaitGuest, source, before, after";
const arguments_ =
  "name, uuid, memory, maxMemory, memorySlots, vcpus, hotplug, numa, currentMemory, guestWidth, cpu, arch, machine, firmware, boot, disks, interfaces, serial, agent, balloon, description, running, autostart, shutdownTimeout, forceOff, adopt, onDelete, uri, xml";

const memory = "1003MiB";

/** Arguments, the property that is wrong, and the sentence. */
const rows: [string, Record<string, unknown>, string, string][] = [
  ["no memory", {}, "memory", 'is required: a size such as "4GiB"'],
  ["memory null", { memory: null }, "memory", 'is required: a size such as "4GiB"'],
  ["memory 0", { memory: 0 }, "memory", `is 0, which no memory size can be; ${example}`],
  ["memory negative", { memory: -1 }, "memory", `is negative; ${example}`],
  ["memory NaN", { memory: Number.NaN }, "memory", `is NaN, not a size; ${example}`],
  ["memory in prose", { memory: "4 GB of ram" }, "memory", `is no size; ${example}`],
  ["memory a list", { memory: ["4GiB"] }, "memory", `is no size; ${example}`],
  ["memory 4.5 KiB", { memory: "4.5 KiB" }, "memory", 'is not a whole number of MiB; the nearest is "1MiB"'],
  [
    "memory 4GB",
    { memory: "4GB" },
    "memory",
    'is not a whole number of MiB; the nearest are "3814MiB" and "3815MiB"',
  ],
  [
    "memory 2^60",
    { memory: 2 ** 60 },
    "memory",
    `is more than libvirt can hold (8796093022207 MiB); ${example}`,
  ],
  ["memory without a unit", { memory: "1003" }, "memory", 'has no unit; did you mean "1003MiB"?'],
  ["maxMemory no size", { memory, maxMemory: "much" }, "maxMemory", `is no size; ${example}`],
  [
    "memory above maxMemory",
    { memory: "9GiB", maxMemory: "8GiB" },
    "memory",
    "9216 MiB is above maxMemory, 8192 MiB; lower it, or raise maxMemory to at least 9216 MiB",
  ],
  [
    "memory beyond the cap of 64 bits",
    { memory: "5TiB", cpu: "host-passthrough" },
    "memory",
    "is 5242880 MiB, beyond the cap of 4194304 MiB for a 64-bit guest (libvirt-hotplug:maxMemory64Bit)",
  ],
  [
    "memory beyond the physical address bits of QEMU's CPUs",
    { memory: "2TiB" },
    "memory",
    'is 2048 GiB; with 16 slots a guest whose CPU has 40 physical address bits can have at most 1004 GiB; cpu: "host-passthrough" gives it the host\'s bits',
  ],
  [
    "maxMemory beyond them, with more slots",
    { memory, maxMemory: "800GiB", memorySlots: 256, cpu: "qemu64" },
    "maxMemory",
    'is 800 GiB; with 256 slots a guest whose CPU has 40 physical address bits can have at most 764 GiB; cpu: "host-passthrough" gives it the host\'s bits',
  ],
  [
    "maxMemory beyond the cap of 32 bits",
    { memory, maxMemory: "32GiB", arch: "i686" },
    "maxMemory",
    "is 32768 MiB, beyond the cap of 20480 MiB for a 32-bit guest (libvirt-hotplug:maxMemory32Bit)",
  ],
  ...[0, 257, 1.5, -1, "16", null].flatMap((slots): [string, Record<string, unknown>, string, string][] =>
    slots === null
      ? []
      : [
          [
            `slots ${JSON.stringify(slots)}`,
            { memory, memorySlots: slots },
            "memorySlots",
            "must be a whole number from 1 to 256",
          ],
        ],
  ),
  ["no vCPU", { memory, vcpus: 0 }, "vcpus", "must be a whole number from 1 to 4096"],
  [
    "alignment 0",
    { memory, hotplug: { alignment: 0 } },
    "hotplug.alignment",
    `is 0, which no memory size can be; ${example}`,
  ],
  [
    "alignment 3 MiB",
    { memory, hotplug: { alignment: "3MiB" } },
    "hotplug.alignment",
    `is 3 MiB; ${alignmentRule}`,
  ],
  [
    "alignment 64 MiB",
    { memory, hotplug: { alignment: "64MiB" } },
    "hotplug.alignment",
    `is 64 MiB; ${alignmentRule}`,
  ],
  [
    "alignment 384 MiB",
    { memory, hotplug: { alignment: "384MiB" } },
    "hotplug.alignment",
    `is 384 MiB; ${alignmentRule}`,
  ],
  [
    "alignment larger than maxMemory",
    { memory, maxMemory: "2GiB", hotplug: { alignment: "4GiB" } },
    "hotplug.alignment",
    "is 4096 MiB, more than maxMemory, 2048 MiB: no DIMM could ever be added",
  ],
  ["hotplug a flag", { memory, hotplug: true }, "hotplug", `must be an object with ${hotplugArguments}`],
  [
    "hotplug with a wrong word",
    { memory, hotplug: { align: 256 } },
    "hotplug",
    `has no "align"; it has ${hotplugArguments}`,
  ],
  [
    "a fallback that is none",
    { memory, hotplug: { whenNotPossible: "explode" } },
    "hotplug.whenNotPossible",
    'must be one of "replace", "restart", "nextBoot", "error"',
  ],
  [
    "a guest that is to be awaited for no time",
    { memory, hotplug: { awaitGuest: 0 } },
    "hotplug.awaitGuest",
    "must be a whole number of seconds from 1 to 3600, or false",
  ],
  [
    "a guest that is to be awaited",
    { memory, hotplug: { awaitGuest: true } },
    "hotplug.awaitGuest",
    "must be a whole number of seconds from 1 to 3600, or false",
  ],
  [
    "memory brought online by whom",
    { memory, hotplug: { online: "kernel" } },
    "hotplug.online",
    'must be one of "agent", "guest", "none"',
  ],
  ...["a/b", "a<b", "a\0b", "🐧", "x".repeat(300), "", "-a", ".", "a b", "a\n", 7].map(
    (name): [string, Record<string, unknown>, string, string] => [
      `name ${JSON.stringify(name).slice(0, 20)}`,
      { memory, name },
      "name",
      nameRule,
    ],
  ),
  ["the UUID", { memory, uuid: "x" }, "uuid", "is computed from the resource's URN and can't be given"],
  [
    "a misspelt argument",
    { memory, memry: 1 },
    "memry",
    'is no argument of a Domain; did you mean "memory"?',
  ],
  [
    "an argument in another case",
    { memory, MAXMEMORY: 1 },
    "MAXMEMORY",
    'is no argument of a Domain; did you mean "maxMemory"?',
  ],
  ["no argument at all", { memory, zebra: 1 }, "zebra", `is no argument of a Domain; it has ${arguments_}`],
  [
    "a name of every object",
    { memory, constructor: 1 },
    "constructor",
    `is no argument of a Domain; it has ${arguments_}`,
  ],
  [
    "architecture",
    { memory, arch: "x86-64" },
    "arch",
    'must be one of "x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "riscv64", "s390x"',
  ],
  ["firmware", { memory, firmware: "efi" }, "firmware", 'must be one of "bios", "uefi"'],
  [
    "CPU",
    { memory, cpu: "<model/>" },
    "cpu",
    'must be "host-passthrough", "host-model", "maximum" or the name of a CPU model',
  ],
  ["machine", { memory, machine: "q 35" }, "machine", 'must be a machine type such as "q35" or "pc-q35-7.2"'],
  ["boot without kernel", { memory, boot: { initrd: "/i" } }, "boot.kernel", pathRule],
  ["boot relative", { memory, boot: { kernel: "vmlinuz" } }, "boot.kernel", pathRule],
  ["boot with NUL", { memory, boot: { kernel: "/a\0" } }, "boot.kernel", notXml],
  ["boot command", { memory, boot: { kernel: "/k", commandLine: "a\u0001" } }, "boot.commandLine", notXml],
  ["disks no list", { memory, disks: {} }, "disks", "must be a list of disks"],
  ["a disk without file", { memory, disks: [{ file: "/a" }, {}] }, "disks[1].file", pathRule],
  [
    "a disk's bus",
    { memory, disks: [{ file: "/a", bus: "nvme" }] },
    "disks[0].bus",
    'must be one of "virtio", "scsi", "sata", "ide", "usb"',
  ],
  [
    "a disk with a wrong word",
    { memory, disks: [{ file: "/a", size: 1 }] },
    "disks[0]",
    'has no "size"; it has file, format, bus, readOnly',
  ],
  ["an interface of nothing", { memory, interfaces: [{}] }, "interfaces[0]", oneSource],
  ["an interface of two", { memory, interfaces: [{ network: "a", user: true }] }, "interfaces[0]", oneSource],
  ["an interface to user: false", { memory, interfaces: [{ user: false }] }, "interfaces[0]", oneSource],
  [
    "a multicast MAC",
    { memory, interfaces: [{ user: true, mac: "01:00:5e:00:00:01" }] },
    "interfaces[0].mac",
    macRule,
  ],
  [
    "one MAC twice",
    {
      memory,
      interfaces: [
        { user: true, mac: "52:54:00:00:00:0a" },
        { user: true, mac: "52:54:00:00:00:0A" },
      ],
    },
    "interfaces[1].mac",
    "is 52:54:00:00:00:0a, which interfaces[0] has too",
  ],
  ["serial", { memory, serial: "file" }, "serial", 'must be "pty" or { file: "/path" }'],
  ["a flag in quotes", { memory, running: "false" }, "running", "must be true or false"],
  ["description", { memory, description: "\ud800" }, "description", notXml],
  [
    "a time-out without end",
    { memory, shutdownTimeout: 86_401 },
    "shutdownTimeout",
    "must be a whole number from 0 to 86400 seconds",
  ],
  ["xml no text", { memory, xml: {} }, "xml", "must be libvirt domain XML, as a string"],
];

describe("bad input is refused by property path, in one sentence", () => {
  test.each(rows)("%s", (_, args, property, reason) => {
    expect(checkInputs({}, { ...hidden, ...args }).failures).toEqual([{ property, reason }]);
  });

  test("all failures at once, in the order of the arguments", () => {
    const args = {
      memory: "4GB",
      maxMemory: 0,
      vcpus: 0,
      hotplug: { alignment: "3MiB", targetNode: 1 },
      onDelete: "destroy",
      memorySlot: 3,
      currentMemory: true,
      disks: [{ file: "a" }, { file: "/b", bus: "x" }],
    };
    expect(checkInputs({}, { ...hidden, ...args }).failures.map(({ property }) => property)).toEqual([
      "memorySlot",
      "memory",
      "maxMemory",
      "vcpus",
      "onDelete",
      "currentMemory",
      "disks[0].file",
      "disks[1].bus",
      "hotplug.alignment",
      "hotplug.targetNode",
    ]);
  });

  test("a resource's name that is no domain name asks for one", () => {
    const urn = `${hidden.__urn}/x`;
    expect(checkInputs({}, { ...hidden, __urn: urn, memory }).failures).toEqual([
      { property: "name", reason: nameRule },
    ]);
    expect(checkInputs({}, { ...hidden, __urn: urn, memory, name: "web" }).failures).toEqual([]);
  });

  test("of a secret size no figure is said", () => {
    const args = { memory: "9217MiB", maxMemory: "8GiB", vcpus: -7 };
    const said = JSON.stringify(checkInputs({}, { ...hidden, ...args, __secret: true }).failures);
    expect(said).toContain("above maxMemory");
    expect(said).not.toMatch(/\d/);
  });
});
