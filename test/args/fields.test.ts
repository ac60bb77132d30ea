import { describe, expect, test } from "vitest";
import { checkInputs } from "../../provider/args/check-inputs.ts";
import { hidden } from "../support/arbitrary-inputs.ts";

const examples = '"4GiB", "1003MiB" or 4096 (MiB)';
const positive = `must be greater than 0, e.g. ${examples}`;
const invalidSize = `is not a valid size; use e.g. ${examples}`;
const invalidPageSize =
  'is not a valid page size, a power of two of at least 4 KiB; use e.g. "2MiB" or "1GiB"';
const notWhole4Gb = 'is not a whole number of MiB; use "3814MiB" or "3815MiB"';
const nameForm = "must be 1 to 200 letters, digits and _ . + : @ -, starting with a letter, a digit or _";
const path = "must be an absolute path on the host where libvirt runs";
const mac = 'must be a unicast MAC address such as "52:54:00:12:34:56"';
const flag = "must be true or false";
const list = 'must be a list such as "0-1,4"';
const node = 'must be the number of a NUMA node (from 0) or "spread"';
const command = "must be a list of a program and its arguments";
const guestSeconds = "must be a whole number of seconds from 1 to 3600, or false";
const oneSource = "must set exactly one of network, bridge and user: true";
const notXml = "contains a character that XML can't represent (a control character or an unpaired surrogate)";
const hotplugFields =
  "enabled, alignment, whenNotPossible, applyOn, device, allowUnplug, heal, online, awaitGuest, targetNode, maxDimmSize, emptyNode, source, before, after";

/** Values of a field, the path of what is wrong with them, where that isn't the field itself, and the reason. */
type Row = [value: unknown, reason: string, path?: string];

const hotplugRows: Record<string, Row[]> = {
  enabled: [["no", flag]],
  alignment: [[0, positive]],
  whenNotPossible: [["explode", 'must be one of "replace", "restart", "nextBoot", "error"']],
  applyOn: [["later", 'must be one of "now", "nextBoot"']],
  device: [["sdram", 'must be one of "dimm", "virtio-mem"']],
  allowUnplug: [[1, flag]],
  heal: [["true", flag]],
  online: [["kernel", 'must be one of "agent", "guest", "none"']],
  awaitGuest: [
    [0, guestSeconds],
    [3601, guestSeconds],
    [true, guestSeconds],
  ],
  targetNode: [-1, 1.5, 1024, "0", "all", true].map((value): Row => [value, node]),
  maxDimmSize: [["x", invalidSize]],
  emptyNode: [["none", 'must be one of "minimal", "exact"']],
  source: [
    [true, "must be an object with nodeset, pageSize"],
    [{ nodeset: "all" }, list, ".nodeset"],
    [{ pageSize: "3MiB" }, invalidPageSize, ".pageSize"],
    [{ pageSize: "2KiB" }, invalidPageSize, ".pageSize"],
    [{ pageSize: 3 }, invalidPageSize, ".pageSize"],
    [{ pageSize: "huge" }, invalidSize, ".pageSize"],
  ],
  before: [
    ["echo", "must be an object with command, timeout"],
    [{ command: "echo a | b" }, command, ".command"],
    [{ command: [] }, "must start with a program", ".command"],
    [{ command: ["", "a"] }, "must start with a program", ".command"],
    ...[0, 3601, 1.5, "5"].map(
      (timeout): Row => [
        { command: ["/p"], timeout },
        "must be a whole number from 1 to 3600 seconds",
        ".timeout",
      ],
    ),
  ],
  after: [
    [{}, `is required and ${command}`, ".command"],
    [{ command: ["/p", 1] }, "must be a program or one of its arguments, as a string", ".command[1]"],
  ],
};

const rows: Record<string, Row[]> = {
  name: ["a/b", "a<b", "a\0b", "🐧", "x".repeat(300), "", "-a", ".", "a b", "a\n", 7].map(
    (value): Row => [value, nameForm],
  ),
  memory: [
    [null, 'is required, e.g. "4GiB"'],
    [0, positive],
    [-1, positive],
    [Number.NaN, `is NaN, not a valid size; use e.g. ${examples}`],
    ["4 GB of ram", invalidSize],
    [["4GiB"], invalidSize],
    ["4.5 KiB", 'is not a whole number of MiB; use "1MiB"'],
    ["4GB", notWhole4Gb],
    [2 ** 60, `exceeds libvirt's largest size, 8796093022207 MiB; use e.g. ${examples}`],
    ["1003", 'has no unit; did you mean "1003MiB"?'],
  ],
  maxMemory: [["much", invalidSize]],
  memorySlots: [0, 257, 1.5, -1, "16"].map((value): Row => [value, "must be a whole number from 1 to 256"]),
  vcpus: [[0, "must be a whole number from 1 to 4096"]],
  hotplug: [
    [true, `must be an object with ${hotplugFields}`],
    [{ align: 256 }, `is not a field of hotplug; expected one of ${hotplugFields}`, ".align"],
    [{ alignmnt: 256 }, 'is not a field of hotplug; did you mean "alignment"?', ".alignmnt"],
    ...Object.entries(hotplugRows).flatMap(([name, fields]) =>
      fields.map(([value, reason, inner = ""]): Row => [{ [name]: value }, reason, `.${name}${inner}`]),
    ),
  ],
  numa: [
    [{}, "must be a list of NUMA nodes"],
    [[], "must list at least one node"],
    [[512], "must be an object with memory, cpus", "[0]"],
    [[{}, { memory: "4GB" }], notWhole4Gb, "[1].memory"],
    [[{ cpus: "all" }], list, "[0].cpus"],
  ],
  guestWidth: [16, "64"].map((value): Row => [value, "must be 32 or 64"]),
  cpu: [["<model/>", 'must be "host-passthrough", "host-model", "maximum" or the name of a CPU model']],
  arch: [
    [
      "x86-64",
      'must be one of "x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "riscv64", "s390x"',
    ],
  ],
  machine: [["q 35", 'must be a machine type such as "q35" or "pc-q35-7.2"']],
  firmware: [["efi", 'must be one of "bios", "uefi"']],
  boot: [
    [{ initrd: "/i" }, `is required and ${path}`, ".kernel"],
    [{ kernel: "vmlinuz" }, path, ".kernel"],
    [{ kernel: "/a\0" }, notXml, ".kernel"],
    [{ kernel: "/k", commandLine: "a\u0001" }, notXml, ".commandLine"],
  ],
  disks: [
    [{}, "must be a list of disks"],
    [
      [{ file: "/a" }, {}],
      'is required, or block, or pool and volume, unless device is "cdrom": a drive may be empty',
      "[1].file",
    ],
    [
      [{ file: "/a", pool: "p", volume: "v" }],
      "must set only one of file, block, and pool with volume",
      "[0]",
    ],
    [[{ file: "/a", volume: "v" }], "must set only one of file, block, and pool with volume", "[0]"],
    [[{ file: "/a", block: "/dev/a" }], "must set only one of file, block, and pool with volume", "[0]"],
    [[{ volume: "v" }], "is required with volume", "[0].pool"],
    [[{ pool: "p" }], "is required with pool", "[0].volume"],
    [[{ pool: "p", volume: "a/b" }], "must be a name of 1 to 255 characters without a slash", "[0].volume"],
    [
      [{ block: "/dev/a", size: "1GiB" }],
      "can't be set for a block device, which has its own size",
      "[0].size",
    ],
    [[{ file: "/a", size: "1GiB", readOnly: true }], "can't be set for a disk that is only read", "[0].size"],
    [[{ file: "/a", size: 0 }], positive, "[0].size"],
    [[{ file: "/a", size: "big" }], invalidSize, "[0].size"],
    [[{ file: "/a", size: "3PiB" }], "exceeds the largest size of a qcow2 image, 2097152 GiB", "[0].size"],
    [[{ file: "/a", onDelete: "remove" }], 'must be one of "delete", "keep"', "[0].onDelete"],
    [[{ file: "/a", bus: "nvme" }], 'must be one of "virtio", "scsi", "sata", "ide", "usb"', "[0].bus"],
    [
      [{ file: "/a", path: 1 }],
      "is not a field of a disk; expected one of name, file, block, pool, volume, format, bus, device, readOnly, cache, discard, serial, bootOrder, size, onDelete",
      "[0].path",
    ],
  ],
  interfaces: [
    [[{}], oneSource, "[0]"],
    [[{ network: "a", user: true }], oneSource, "[0]"],
    [[{ user: false }], oneSource, "[0]"],
    [[{ user: true, mac: "01:00:5e:00:00:01" }], mac, "[0].mac"],
  ],
  serial: [["file", 'must be "pty" or { file: "/path" }']],
  description: [["\ud800", notXml]],
  running: [["false", flag]],
  shutdownTimeout: [[86_401, "must be a whole number from 0 to 86400 seconds"]],
  forceOff: [["yes", flag]],
  adopt: [[1, flag]],
  onDelete: [["destroy", 'must be one of "delete", "keep"']],
  xml: [[{}, "must be libvirt domain XML, as a string"]],
};

describe.each(Object.entries(rows))("a wrong %s", (name, refused) => {
  test.each(refused)("%j %s", (value, reason, inner = "") => {
    const { failures } = checkInputs({}, { ...hidden, memory: "1003MiB", [name]: value });
    expect(failures).toEqual([{ property: `${name}${inner}`, reason }]);
  });
});
