import fc from "fast-check";
import { UNKNOWN } from "../../provider/args/unknown.ts";

export const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/libvirt:Domain::web-1";

/** What the class gives beside the program's arguments. */
export const hidden = { __urn: URN, __provider: "exports.handler = …" };

const path = fc.constantFrom("/images/web-1.qcow2", "/boot/vmlinuz", "/a b/ü", "/data");

const listName = fc.constantFrom("root", "data", "lan_0", "x-1");

/** An image is in the format of its extension. */
const disk = fc
  .record(
    {
      file: path,
      name: listName,
      format: fc.constantFrom("qcow2", "raw"),
      bus: fc.constantFrom("virtio", "scsi", "sata", "ide", "usb"),
      readOnly: fc.boolean(),
      cache: fc.constantFrom("none", "unsafe"),
      discard: fc.constantFrom("unmap", "ignore"),
      serial: fc.constantFrom("D1", "a_b.c"),
    },
    { requiredKeys: ["file"] },
  )
  .map((one) => (one.format === "raw" ? { ...one, file: `${one.file}.img` } : one));

const cardOptions = {
  name: listName,
  model: fc.constantFrom("virtio", "e1000e"),
  link: fc.constantFrom("up", "down"),
};

const networkInterface = fc.oneof(
  fc.record({ network: fc.constant("default"), ...cardOptions }, { requiredKeys: ["network"] }),
  fc.record({ bridge: fc.constant("br0"), ...cardOptions }, { requiredKeys: ["bridge"] }),
  fc.record({ user: fc.constant(true), ...cardOptions }, { requiredKeys: ["user"] }),
);

type Disk = typeof disk extends fc.Arbitrary<infer One> ? One : never;

/** Lists of at most four entries whose names differ. */
function disksWhere(isSame: (a: Disk, b: Disk) => boolean) {
  return fc.uniqueArray(disk, {
    maxLength: 4,
    comparator: (a, b) => (a.name !== undefined && a.name === b.name) || isSame(a, b),
  });
}

/** Disks that differ by their file. */
export const anyDisks = disksWhere((a, b) => a.file === b.file);

/** As check accepts them: several may read a file that none of them writes. */
const sharedDisks = disksWhere((a, b) => a.file === b.file && !(a.readOnly === true && b.readOnly === true));

export const anyInterfaces = fc.uniqueArray(networkInterface, {
  maxLength: 4,
  comparator: (a, b) => a.name !== undefined && a.name === b.name,
});

/** One size, as a program may write it. */
function written(mib: number): fc.Arbitrary<string | number> {
  return fc.constantFrom(mib, `${mib}MiB`, ` ${mib} mib`, `${mib * 1024}KiB`, `${mib}.0M`);
}

const others = fc.record(
  {
    name: fc.constantFrom("web-1", "9_a.b+c:d@e"),
    memorySlots: fc.integer({ min: 1, max: 256 }),
    vcpus: fc.integer({ min: 1, max: 64 }),
    cpu: fc.constantFrom("host-passthrough", "EPYC-v4"),
    arch: fc.constantFrom("x86_64", "i686", "aarch64", "s390x"),
    machine: fc.constantFrom("q35", "pc-q35-7.2"),
    firmware: fc.constantFrom("bios", "uefi"),
    boot: fc.record(
      { kernel: path, initrd: path, commandLine: fc.constantFrom("", "console=ttyS0 quiet") },
      { requiredKeys: ["kernel"] },
    ),
    disks: sharedDisks,
    interfaces: anyInterfaces,
    hotplugPorts: fc.integer({ min: 0, max: 128 }),
    serial: fc.oneof(fc.constant("pty"), fc.record({ file: path })),
    agent: fc.boolean(),
    balloon: fc.boolean(),
    graphics: fc.oneof(
      fc.record(
        {
          type: fc.constant("vnc"),
          listen: fc.constantFrom("127.0.0.1", "::1"),
          port: fc.constant(5901),
          password: fc.constantFrom("hunter2", "12345678"),
        },
        { requiredKeys: ["type"] },
      ),
      fc.record(
        { type: fc.constant("spice"), clipboard: fc.boolean(), fileTransfer: fc.boolean() },
        { requiredKeys: ["type"] },
      ),
    ),
    video: fc.record(
      { model: fc.constantFrom("virtio", "qxl"), heads: fc.constantFrom(1, 2) },
      { requiredKeys: ["model"] },
    ),
    rng: fc.record({ source: path, bytes: fc.constantFrom(1, 2048) }, { requiredKeys: [] }),
    tpm: fc.record({ version: fc.constantFrom("1.2", "2.0") }, { requiredKeys: [] }),
    watchdog: fc.record(
      { model: fc.constant("i6300esb"), action: fc.constantFrom("reset", "dump", "inject-nmi") },
      { requiredKeys: [] },
    ),
    memoryBacking: fc.record({ shared: fc.boolean() }, { requiredKeys: [] }),
    description: fc.constantFrom("", "the shop's <front> & more"),
    running: fc.boolean(),
    autostart: fc.boolean(),
    guestWidth: fc.constantFrom(32, 64),
    forceOff: fc.boolean(),
    adopt: fc.boolean(),
    onDelete: fc.constantFrom("delete", "keep"),
    shutdownTimeout: fc.integer({ min: 0, max: 86_400 }),
    uri: fc.constantFrom("qemu:///system", "qemu+ssh://host/system"),
    xml: fc.constant("<domain/>"),
  },
  { requiredKeys: [] },
);

const hook = fc.record(
  {
    command: fc.constantFrom(["/usr/bin/logger", "-t", "hotplug"], ["true"]),
    timeout: fc.integer({ min: 1, max: 3600 }),
  },
  { requiredKeys: ["command"] },
);

/** Settings of hot-plug, besides sizes. */
const howToPlug = fc.record(
  {
    whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error"),
    applyOn: fc.constantFrom("now", "nextBoot"),
    targetNode: fc.constantFrom(0, "spread"),
    emptyNode: fc.constantFrom("minimal", "exact"),
    source: fc.record(
      { nodeset: fc.constantFrom("0", "0-1,4"), pageSize: fc.constantFrom("2MiB", "2 mib", 2, "64KiB") },
      { requiredKeys: [] },
    ),
    before: hook,
    after: hook,
  },
  { requiredKeys: [] },
);

/** Nodes whose shares fit into any memory of at least 2 MiB, and leave a rest that can be spread. */
function anyNodes(mib: number): fc.Arbitrary<object[] | undefined> {
  const first = mib % 2 === 0 ? 1 : 2;
  const two = fc.constantFrom<object[]>(
    [{ memory: first, cpus: "0" }, { memory: "1024KiB" }],
    [{ memory: `${first}MiB` }, { memory: "1MiB" }],
  );
  return mib < 4
    ? fc.constant(undefined)
    : fc.option(fc.oneof(fc.constant<object[]>([{ memory: 1 }]), two), { nil: undefined });
}

/** Arguments that have nothing wrong, whatever the architecture; all other than `memory` may be left out. */
export const validArguments: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    memory: fc.integer({ min: 1, max: 16_384 }),
    room: fc.option(fc.integer({ min: 0, max: 4096 }), { nil: undefined }),
    alignment: fc.constantFrom(undefined, 128, 256, 1024),
    dimms: fc.constantFrom(undefined, 1, 3),
    hotplug: howToPlug,
    rest: others,
  })
  .chain((one) => anyNodes(one.memory).map((numa) => ({ ...one, numa })))
  .chain(({ memory, room, alignment, dimms, hotplug: how, numa, rest }) => {
    const ceiling = room === undefined ? Math.min(4 * memory, 20_480) : memory + room;
    const hotplug = {
      ...(alignment !== undefined && alignment <= ceiling && { alignment: `${alignment}MiB` }),
      ...(dimms !== undefined && { maxDimmSize: `${dimms * 1024}MiB` }),
      ...how,
    };
    return fc
      .record({ memory: written(memory), maxMemory: written(ceiling) })
      .map(({ memory, maxMemory }) => ({
        ...rest,
        memory,
        ...(room !== undefined && { maxMemory }),
        ...(Object.keys(hotplug).length > 0 && { hotplug }),
        ...(numa !== undefined && { numa }),
      }));
  });

/** Every place in a value, as a path of keys, the value itself left out. */
export function places(value: unknown): (string | number)[][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const step = Array.isArray(value) ? Number(key) : key;
    return [[step], ...places(inner).map((rest) => [step, ...rest])];
  });
}

/** A copy with Pulumi's marker for "not known yet" at that place. */
export function withUnknown(value: unknown, [step, ...rest]: (string | number)[]): unknown {
  if (step === undefined) return UNKNOWN;
  const inner = withUnknown(Reflect.get(Object(value), step), rest);
  return Array.isArray(value)
    ? value.with(Number(step), inner)
    : { ...(value as Record<string, unknown>), [step]: inner };
}
