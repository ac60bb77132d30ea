import { describe, expect, test } from "vitest";
import { FIELD_NAMES, type FieldName } from "../../provider/args/fields.ts";
import { ErrorCode, type LibvirtError } from "../../provider/libvirt/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { created, OneResource } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", memorySlots: 16, vcpus: 2, maxVcpus: 8 };

/** A change of the argument that libvirt could refuse, and how its definition is recognized; or why libvirt can't refuse any. */
type Row = { change: object; xml: RegExp; unseenBy?: Layer } | string;

/** The call that refuses a definition. */
type Layer = "toNative" | "define" | "start";

const smaller = { memory: "900MiB" };
const replaced = (change: object) => ({ ...smaller, ...change });

const ROWS: Readonly<Record<FieldName, Row>> = {
  // A probe has a name of its own.
  name: { change: { name: "front" }, xml: /<name>front</, unseenBy: "define" },
  uuid: "it is computed from the URN, and stays",
  memory: { change: smaller, xml: /memory='921600'/ },
  maxMemory: { change: replaced({ maxMemory: "16GiB" }), xml: /<maxMemory[^>]*>16777216</ },
  memorySlots: { change: replaced({ memorySlots: 7 }), xml: /slots='7'/ },
  vcpus: { change: replaced({ vcpus: 3 }), xml: /<vcpu current='3'>/ },
  maxVcpus: { change: replaced({ maxVcpus: 6 }), xml: /<vcpu current='2'>6</ },
  cpuTopology: { change: replaced({ cpuTopology: { sockets: 2, cores: 4 } }), xml: /sockets='2'/ },
  hotplug: {
    change: replaced({ hotplug: { device: "virtio-mem", source: { nodeset: "5" } } }),
    xml: /<nodemask>5</,
  },
  numa: { change: { numa: [{ memory: "500MiB" }, { memory: "503MiB" }] }, xml: /<cell id='1'/ },
  currentMemory: { change: replaced({ currentMemory: "512MiB" }), xml: /<currentMemory[^>]*>524288</ },
  guestWidth: "it says what the guest is, and isn't in the definition",
  cpu: { change: replaced({ cpu: "qemu64" }), xml: /qemu64/ },
  arch: { change: { arch: "aarch64" }, xml: /arch='aarch64'/ },
  machine: { change: replaced({ machine: "pc" }), xml: /machine='pc'/ },
  firmware: { change: { firmware: "uefi" }, xml: /firmware='efi'/ },
  boot: { change: replaced({ boot: { kernel: "/vmlinuz" } }), xml: /<kernel>/ },
  disks: { change: replaced({ disks: [{ file: "/disk.qcow2" }] }), xml: /\/disk.qcow2/ },
  // libvirt opens a TAP device to describe an interface, so it isn't asked about them.
  interfaces: {
    change: replaced({ interfaces: [{ user: true, model: "e1000" }] }),
    xml: /e1000/,
    unseenBy: "toNative",
  },
  reportAddresses: "it is a setting of this provider",
  hotplugPorts: { change: replaced({ hotplugPorts: 12 }), xml: /<controller type='pci' index='14'/ },
  serial: { change: replaced({ serial: { file: "/console" } }), xml: /\/console/ },
  agent: { change: replaced({ agent: false }), xml: /^(?!.*guest_agent)(?=.*'921600')/s },
  balloon: { change: replaced({ balloon: false }), xml: /<memballoon model='none'/ },
  graphics: { change: replaced({ graphics: { type: "vnc" } }), xml: /<graphics type='vnc'/ },
  video: { change: replaced({ video: { model: "vga" } }), xml: /<model type='vga'/ },
  rng: { change: replaced({ rng: {} }), xml: /<rng/ },
  tpm: { change: replaced({ tpm: {} }), xml: /<tpm/ },
  watchdog: { change: replaced({ watchdog: {} }), xml: /<watchdog/ },
  memoryBacking: { change: replaced({ memoryBacking: { shared: true } }), xml: /<memoryBacking>/ },
  description: { change: replaced({ description: "a server" }), xml: /a server/ },
  running: "a definition doesn't say whether the domain runs",
  autostart: "a definition doesn't say whether the domain starts with its host",
  shutdownTimeout: "it is a setting of this provider",
  forceOff: "it is a setting of this provider",
  discardSavedState: "it is a setting of this provider",
  adopt: "it is a setting of this provider",
  onDelete: "it is a setting of this provider; with keep, a replace is refused by this provider",
  uri: "it says where the domain is: a new one must have the same domain",
  xml: {
    change: replaced({ xml: "<domain><devices><rng model='virtio'/></devices></domain>" }),
    xml: /<rng/,
  },
};

const refusals = Object.entries(ROWS).flatMap(([field, row]) =>
  typeof row === "string" ? [] : [{ field, ...row }],
);

test("every argument is either tried, or can't be refused by libvirt", () => {
  expect(Object.keys(ROWS).sort()).toEqual([...FIELD_NAMES].sort());
});

type Refuse = (xml: string) => LibvirtError | undefined;

/** The ways in which libvirt refuses a definition, by the call that does. */
const LAYERS: Record<Layer, (host: FakeHypervisor, refuse: Refuse) => void> = {
  toNative: (host, refuse) => {
    host.cannotStart = refuse;
  },
  define: (host, refuse) => {
    host.refusesDefine = refuse;
  },
  start: (host, refuse) => {
    const start = host.start.bind(host);
    host.start = (domain) => {
      const refusal = refuse(host.domains.get(domain.uuid)?.inactive ?? "");
      return refusal === undefined ? start(domain) : host.failed("start", refusal);
    };
  },
};

describe.each(refusals)("a replace with another $field that libvirt refuses", ({ change, xml, unseenBy }) => {
  test.each(Object.keys(LAYERS) as Layer[])("by %s", async (layer) => {
    const { host, stack } = await created(args);
    const before = structuredClone(host.only);
    const program = { ...args, ...change };
    expect((await stack.preview(program)).kind).toBe("replace");
    let refused = 0;
    LAYERS[layer](host, (definition) => {
      if (!xml.test(definition)) return undefined;
      refused += 1;
      return libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "unsupported configuration: this");
    });
    host.calls.length = 0;
    if (layer === "toNative" && layer !== unseenBy) {
      await expect(stack.preview(program)).rejects.toThrow("libvirt refuses the definition: unsupported");
      expect(host.calls).not.toContain("define");
    }
    if (layer === "toNative" && layer === unseenBy) {
      expect((await stack.preview(program)).kind).toBe("replace");
      return;
    }
    await expect(stack.up(program)).rejects.toThrow("unsupported configuration: this");
    expect(refused).toBeGreaterThan(0);

    // Nothing else is left, and the old domain runs: it was left alone, or it is started again.
    expect(host.only.power).toBe("running");
    if (layer === "start" || layer === unseenBy) expect(host.calls).toContain("shutdown");
    else {
      expect(host.only).toEqual(before);
      expect(host.calls).not.toContain("shutdown");
    }
    await stack.up(args);
    expect(host.only).toMatchObject({ power: "running", inactive: before.inactive, name: before.name });
  });
});

describe.each(refusals)("a new domain with $field that libvirt refuses", ({ change, xml, unseenBy }) => {
  test.each(["toNative", "define"] as const)("by %s", async (layer) => {
    const host = new FakeHypervisor();
    const stack = new OneResource(host);
    const program = { ...args, ...change };
    LAYERS[layer](host, (definition) =>
      xml.test(definition)
        ? libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "unsupported configuration: this")
        : undefined,
    );
    if (layer === "toNative" && layer !== unseenBy)
      await expect(stack.preview(program)).rejects.toThrow("libvirt refuses the definition: unsupported");
    else if (layer === "define") await expect(stack.up(program)).rejects.toThrow("unsupported configuration");
    expect([host.domains.size, host.images.size]).toEqual([0, 0]);
    expect(host.calls).not.toContain("start");
  });
});

/** What changes a running domain before its definition. */
const LIVE = [
  "attachDevice",
  "detachDevice",
  "updateDevice",
  "setVcpus",
  "setMemory",
  "blockResize",
  "createVolume",
];

describe.each(refusals)("an update with another $field that libvirt refuses", ({ change, xml, unseenBy }) => {
  test.each(["toNative", "define"] as const)("by %s", async (layer) => {
    const { host, stack } = await created(args);
    const settings = { hotplug: { whenNotPossible: "nextBoot", awaitGuest: false } };
    const { hotplug = {} } = change as { hotplug?: object };
    const program = { ...args, ...change, memory: "1259MiB", hotplug: { ...settings.hotplug, ...hotplug } };
    // The rows expect 900 MiB.
    const grown = new RegExp(xml.source.replaceAll("921600", String(1259 * 1024)), xml.flags);
    const before = structuredClone(host.only);
    const { kind } = await stack.preview(program).catch(() => ({ kind: "refused" }));
    // Arguments of a replace have their own test.
    if (kind !== "update") return;
    LAYERS[layer](host, (definition) =>
      grown.test(definition)
        ? libvirtError(ErrorCode.CONFIG_UNSUPPORTED, "unsupported configuration: this")
        : undefined,
    );
    host.calls.length = 0;
    if (layer === "toNative" && layer !== unseenBy)
      await expect(stack.preview(program)).rejects.toThrow("libvirt refuses the definition: unsupported");
    if (layer === "define" && layer !== unseenBy)
      await expect(stack.up(program)).rejects.toThrow("unsupported configuration: this");
    expect(host.calls.filter((call) => LIVE.includes(call))).toEqual([]);
    if (layer !== unseenBy) expect(host.only).toEqual(before);
  });
});
