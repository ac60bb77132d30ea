import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { ErrorCode } from "../../provider/libvirt/errors.ts";
import { secret } from "../../provider/plugin/values.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { libvirtError } from "../support/libvirt-error.ts";
import { OneResource, Run, URN, wire } from "../support/one-resource.ts";
import { PluginStack } from "../support/plugin-stack.ts";
import { recordedCalls } from "../support/recorded-calls.ts";

const ARGS = { memory: "1003MiB", maxMemory: "8GiB", hotplug: { awaitGuest: false } };
const MAC = "52:54:00:00:00:01";

const diskXml = (type: string, source: string) =>
  `<disk type='${type}' device='disk'><source ${source}/><target dev='vda' bus='virtio'/></disk>`;

/** What another domain has, as XML, and the argument that asks for the same. */
const CLAIMS = {
  "a file": {
    xml: diskXml("file", "file='/images/a.qcow2'"),
    args: { disks: [{ file: "/images/b.qcow2" }, { file: "/images/a.qcow2" }] },
    refusal: /disks\[1\]\.file: "\/images\/a\.qcow2" is already a disk of domain other/,
  },
  "a file in another spelling": {
    xml: diskXml("file", "file='/images/a.qcow2'"),
    args: { disks: [{ file: "/images//./a.qcow2" }] },
    refusal: /disks\[0\]\.file: "\/images\/a\.qcow2" is already a disk of domain other/,
  },
  "a block device": {
    xml: diskXml("block", "dev='/dev/vg/a'"),
    args: { disks: [{ block: "/dev/vg/a" }] },
    refusal: /disks\[0\]\.block: "\/dev\/vg\/a" is already a disk of domain other/,
  },
  "a volume": {
    xml: diskXml("volume", "pool='p' volume='a'"),
    args: { disks: [{ pool: "p", volume: "a", format: "qcow2" }] },
    refusal: /disks\[0\]\.volume: "p\/a" is already a disk of domain other/,
  },
  "the file of a volume": {
    xml: diskXml("volume", "pool='p' volume='a'"),
    args: { disks: [{ file: "/pools/p/a" }] },
    refusal: /disks\[0\]\.file: "\/pools\/p\/a" is already a disk of domain other/,
  },
  "the volume of a file": {
    xml: diskXml("file", "file='/pools/p/a'"),
    args: { disks: [{ pool: "p", volume: "a" }] },
    refusal: /disks\[0\]\.volume: "p\/a" is already a disk of domain other/,
  },
  "a MAC": {
    xml: `<interface type='user'><mac address='${MAC.toUpperCase()}'/></interface>`,
    args: { interfaces: [{ user: true }, { user: true, mac: MAC }] },
    refusal:
      /interfaces\[1\]\.mac: the MAC address 52:54:00:00:00:01 already belongs to an interface of domain other/,
  },
};

const other = (devices: string, metadata = "") =>
  `<domain type='qemu'><name>other</name><uuid>22222222-2222-2222-2222-222222222222</uuid>${metadata}<memory>1</memory><os><type arch='x86_64'>hvm</type></os><devices>${devices}</devices></domain>`;

/** Where the other domain has it. */
const PLACES: Record<string, (host: FakeHypervisor, devices: string) => void> = {
  "while it is off": (host, devices) => addOther(host, { inactive: other(devices) }),
  "while it runs": (host, devices) => addOther(host, { inactive: other(""), live: other(devices) }),
  "at its next boot": (host, devices) => addOther(host, { inactive: other(devices), live: other("") }),
  "without a definition": (host, devices) => addOther(host, { live: other(devices) }),
};

function addOther(host: FakeHypervisor, xmls: { inactive?: string; live?: string }) {
  const uuid = "22222222-2222-2222-2222-222222222222";
  const power = xmls.live === undefined ? ("shutoff" as const) : ("running" as const);
  host.domains.set(uuid, { name: "other", uuid, power, autostart: false, id: 7, ...xmls });
}

const CHANGES = ["define", "attachDevice", "createVolume", "setMemory", "start"];
const changes = (fake: FakeHypervisor) => fake.calls.filter((call) => CHANGES.includes(call));

let host: FakeHypervisor;
let stack: OneResource;
beforeEach(() => {
  host = new FakeHypervisor();
  host.addImage("/pools/p/a");
  host.addPool("p", "/pools/p");
  stack = new OneResource(host);
});

describe.each(Object.entries(CLAIMS))("%s of another domain", (_, { xml, args, refusal }) => {
  const program = { ...ARGS, ...args };
  test.each(Object.entries(PLACES))("that has it %s is refused to a new domain", async (__, place) => {
    place(host, xml);
    await expect(stack.preview(program)).rejects.toThrow(refusal);
    expect(changes(host)).toEqual([]);
    host.domains.delete("22222222-2222-2222-2222-222222222222");
    await expect(stack.up(program, () => place(host, xml))).rejects.toThrow(refusal);
    expect(changes(host)).toEqual([]);
  });

  test.each(Object.entries(PLACES))("that has it %s is refused to one that gets it", async (__, place) => {
    await stack.up(ARGS);
    const grown = { ...program, memory: "1259MiB" };
    host.calls.length = 0;
    place(host, xml);
    await expect(stack.preview(grown)).rejects.toThrow(refusal);
    expect(changes(host)).toEqual([]);
    host.domains.delete("22222222-2222-2222-2222-222222222222");
    await expect(stack.up(grown, () => place(host, xml))).rejects.toThrow(refusal);
    // The definition was tried, under another name.
    expect(changes(host)).not.toContain("attachDevice");
    expect([...host.domains.values()].find(({ name }) => name === "web-1")?.inactive).not.toContain(MAC);
  });

  test("stays with a domain that has it already", async () => {
    await stack.up(program);
    addOther(host, { inactive: other(xml) });
    expect(await stack.up({ ...program, memory: "1259MiB" })).toBe("update");
  });
});

/** What the host refuses of a device, and what it says then. */
const REFUSED: [string, (host: FakeHypervisor) => void, object, RegExp][] = [
  [
    "a MAC in use",
    (fake) => addOther(fake, { inactive: other(CLAIMS["a MAC"].xml) }),
    CLAIMS["a MAC"].args,
    CLAIMS["a MAC"].refusal,
  ],
  [
    "an unknown network",
    (fake) => fake.missing.add("network lan"),
    { interfaces: [{ network: "lan" }] },
    /interfaces\[0\]\.network: network "lan" doesn't exist/,
  ],
  [
    "a network that isn't active",
    (fake) => fake.inactiveNetworks.add("lan"),
    { interfaces: [{ user: true }, { network: "lan" }] },
    /interfaces\[1\]\.network: network "lan" isn't active on .*; start it: virsh net-start lan/,
  ],
  [
    "an unknown bridge",
    (fake) => {
      fake.missing.add("interface br9");
      fake.nodeDevices = async () => ["net_lo_00_00_00_00_00_00"];
    },
    { interfaces: [{ bridge: "br9" }] },
    /interfaces\[0\]\.bridge: bridge "br9" doesn't exist/,
  ],
  [
    "an unknown pool",
    (fake) => fake.missing.add("pool q"),
    { disks: [{ pool: "q", volume: "v" }] },
    /disks\[0\]\.pool: storage pool "q" doesn't exist/,
  ],
  [
    "an image of another format",
    (fake) => fake.pools.get("p")?.seen.add("/pools/p/a"),
    { disks: [{ file: "/pools/p/a", format: "raw" }] },
    /disks\[0\]\.format is "raw", but \/pools\/p\/a is qcow2/,
  ],
  [
    "an image that is larger than its size",
    (fake) => fake.pools.get("p")?.seen.add("/pools/p/a"),
    { disks: [{ file: "/pools/p/a", size: "1GiB" }] },
    /disks\[0\]\.size is 1 GiB, but \/pools\/p\/a has 10 GiB/,
  ],
];

test.each(REFUSED)(
  "%s is refused by the update of a domain, with or without a definition, before its memory grows",
  async (_, refuse, args, message) => {
    for (const isTransient of [false, true]) {
      const fake = new FakeHypervisor();
      fake.addImage("/pools/p/a");
      fake.addPool("p", "/pools/p");
      const one = new OneResource(fake);
      await one.up(ARGS);
      if (isTransient) await fake.undefine(fake.refTo(String(one.recorded.id)));
      refuse(fake);
      fake.calls.length = 0;
      const program = { ...ARGS, ...args, memory: "1259MiB" };
      await expect(one.preview(program)).rejects.toThrow(message);
      await expect(one.up(program)).rejects.toThrow(message);
      expect(changes(fake)).toEqual([]);
    }
  },
);

test.each(REFUSED.slice(1, 5))(
  "%s is a warning in the preview of a new domain, and refused by its create",
  async (_, refuse, args, message) => {
    refuse(host);
    expect((await stack.preview({ ...ARGS, ...args })).kind).toBe("create");
    expect(stack.run.rows).toContainEqual(expect.stringMatching(message));
    await expect(stack.up({ ...ARGS, ...args })).rejects.toThrow(message);
    expect(changes(host)).toEqual([]);
  },
);

test.each(REFUSED.slice(5))(
  "%s is refused by the preview of a new domain",
  async (_, refuse, args, message) => {
    refuse(host);
    await expect(stack.preview({ ...ARGS, ...args })).rejects.toThrow(message);
    await expect(stack.up({ ...ARGS, ...args })).rejects.toThrow(message);
    expect(changes(host)).toEqual([]);
  },
);

test("an image in the folder of a pool that hasn't seen it is a warning in the preview, and refused where it isn't there", async () => {
  host.missing.add("file /pools/p/new");
  const program = { ...ARGS, disks: [{ file: "/pools/p/new" }] };
  await stack.preview(program);
  expect(stack.run.rows).toContainEqual(
    expect.stringMatching(/disks\[0\]\.file: libvirt .* doesn't know \/pools\/p\/new/),
  );
  await expect(stack.up(program)).rejects.toThrow(/disks\[0\]\.file: \/pools\/p\/new doesn't exist/);
  expect(changes(host)).toEqual([]);
});

const DISK = (also: string) =>
  `<disk type='file' device='disk'><source file='/images/a.qcow2'/><target dev='vda' bus='virtio'/>${also}</disk>`;
/** What QEMU 7.2 lets two running domains have of one file (test/live/refused-devices.test.ts), and what it refuses. */
test.each([
  ["which it writes", "", true, false],
  ["which it writes", "", false, false],
  ["which it reads", "<readonly/>", true, true],
  ["which it reads", "<readonly/>", false, false],
  ["which it shares", "<shareable/>", true, false],
  ["which it shares", "<shareable/>", false, false],
  ["which it reads and shares", "<readonly/><shareable/>", true, true],
  ["which it reads and shares", "<readonly/><shareable/>", false, true],
])("a file of a running domain %s (%s), readOnly: %s", async (_, also, readOnly, isFine) => {
  addOther(host, { inactive: other(DISK(also)), live: other(DISK(also)) });
  const program = { ...ARGS, disks: [{ file: "/images/a.qcow2", readOnly }] };
  for (const work of [() => stack.preview(program), () => stack.up(program)]) {
    const refused = await work().then(
      () => "",
      (error: Error) => error.message,
    );
    expect(refused === "").toBe(isFine);
    expect(refused).toMatch(isFine ? /^/ : /disks\[0\]\.file: "\/images\/a\.qcow2" is (already )?a disk /);
  }
});

test.each([
  ["reads what one that is off writes", "", true],
  ["writes what one that is off reads", "<readonly/>", false],
])("a domain that %s isn't refused", async (_, also, readOnly) => {
  addOther(host, { inactive: other(DISK(also)) });
  expect(await stack.up({ ...ARGS, disks: [{ file: "/images/a.qcow2", readOnly }] })).toBe("create");
});

test("a preview leaves what a domain of the same stack has now to the work", async () => {
  const mark = (urn: string) =>
    `<metadata><hotplug:domain xmlns:hotplug='urn:pulumi-libvirt-hotplug:domain:1' version='1' urn='${urn}'/></metadata>`;
  const program = { ...ARGS, ...CLAIMS["a MAC"].args };
  addOther(host, { inactive: other(CLAIMS["a MAC"].xml, mark(URN.replace("web-1", "db-1"))) });
  expect((await stack.preview(program)).kind).toBe("create");
  await expect(stack.up(program)).rejects.toThrow(CLAIMS["a MAC"].refusal);
  addOther(host, { inactive: other(CLAIMS["a MAC"].xml, mark(URN.replace("urn:pulumi:", "urn:pulumi:x"))) });
  await expect(stack.preview(program)).rejects.toThrow(CLAIMS["a MAC"].refusal);
});

test("the other domains are read at once, each once for its definition and once while it runs", async () => {
  for (let index = 0; index < 5; index++) {
    const uuid = `33333333-0000-0000-0000-00000000000${index}`;
    const inactive = other("")
      .replace("other", `other-${index}`)
      .replace(/<uuid>[^<]*/, `<uuid>${uuid}`);
    const running = index % 2 === 0 ? { live: inactive, power: "running" as const } : {};
    host.domains.set(uuid, {
      name: `other-${index}`,
      uuid,
      power: "shutoff",
      autostart: false,
      inactive,
      ...running,
    });
  }
  const recorded = recordedCalls(host);
  const count = (call: string) => recorded.calls.filter((one) => one.startsWith(call)).length;
  const many = new OneResource(recorded.host);
  await many.preview({ ...ARGS, interfaces: [{ user: true, mac: MAC }, { user: true }] });
  expect([count("list"), count("xml")]).toEqual([1, 8]);
  await many.preview(ARGS);
  expect([count("list"), count("xml")]).toEqual([2, 8]);
});

test("whatever two domains have, the second one is refused exactly what one of them would write or have twice", async () => {
  const disk = fc.record({ file: fc.constantFrom("/a", "/b", "/c"), readOnly: fc.boolean() });
  const card = fc.record({ user: fc.constant(true), mac: fc.constantFrom(MAC, "52:54:00:00:00:02") });
  const lists = fc.record({
    disks: fc.uniqueArray(disk, { selector: ({ file }) => file, maxLength: 3 }),
    interfaces: fc.uniqueArray(card, { selector: ({ mac }) => mac, maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(lists, lists, async (first, second) => {
      const shared = new FakeHypervisor();
      await new OneResource(shared, URN.replace("web-1", "a")).up({ ...ARGS, ...first, name: "a" });
      const refused = await new OneResource(shared, URN.replace("web-1", "b"))
        .up({ ...ARGS, ...second, name: "b" })
        .then(
          () => "",
          (error: Error) => error.message,
        );
      const conflicts = [
        ...second.disks.flatMap(({ file, readOnly }, index) =>
          first.disks.some((one) => one.file === file && !(one.readOnly && readOnly))
            ? [`disks[${index}].file: `]
            : [],
        ),
        ...second.interfaces.flatMap(({ mac }, index) =>
          first.interfaces.some((one) => one.mac === mac) ? [`interfaces[${index}].mac: `] : [],
        ),
      ];
      const paths = [...refused.matchAll(/(disks|interfaces)\[\d+\]\.\w+: /g)].map(([path]) => path);
      expect(paths).toEqual(conflicts);
      expect(shared.domains.size).toBe(conflicts.length === 0 ? 2 : 1);
    }),
    { numRuns: 40 },
  );
});

test("what is known of a new domain is looked at while another value isn't known yet", async () => {
  addOther(host, { inactive: other(CLAIMS["a file"].xml + CLAIMS["a MAC"].xml) });
  const program = {
    ...ARGS,
    description: UNKNOWN,
    disks: [{ file: UNKNOWN }, { file: "/images/a.qcow2" }],
    interfaces: [{ network: UNKNOWN }, { user: true, mac: MAC }],
  };
  await expect(stack.preview(program)).rejects.toThrow(
    /disks\[1\]\.file: "\/images\/a\.qcow2" is already a disk of domain other.*interfaces\[1\]\.mac: the MAC/s,
  );
  host.domains.clear();
  expect((await stack.preview(program)).kind).toBe("create");
});

describe("two domains of one program", () => {
  const checked = async (...programs: object[]) => {
    const run = new Run({ "qemu:///system": host });
    const failures = [];
    for (const [index, program] of programs.entries()) {
      const name = `web-${index + 1}`;
      const news = { ...ARGS, ...program, name, __urn: URN.replace("web-1", name), __provider: "…" };
      failures.push(...((await run.provider.check?.({}, wire(news)))?.failures ?? []));
    }
    return failures.map(({ property, reason }) => `${property} ${reason}`);
  };

  test.each([
    [
      "one file",
      [{ disks: [{ file: "/images/a" }] }, { disks: [{ file: "/images/b" }, { file: "/images//a" }] }],
      /^disks\[1\]\.file is \/images\/a, which is a disk of \S+::web-1 too, and this domain writes/,
    ],
    [
      "one that the first only reads",
      [{ disks: [{ block: "/dev/a", readOnly: true }] }, { disks: [{ block: "/dev/a" }] }],
      /^disks\[0\]\.block is /,
    ],
    [
      "one MAC",
      [{ interfaces: [{ user: true, mac: MAC }] }, { interfaces: [{ user: true, mac: MAC.toUpperCase() }] }],
      /^interfaces\[0\]\.mac is 52:54:00:00:00:01, which an interface of \S+::web-1 has already/,
    ],
  ])(
    "that have %s: the second one is refused by the arguments, also where its host doesn't answer",
    async (_, programs, message) => {
      expect(await checked(...programs)).toEqual([expect.stringMatching(message)]);
      host.refuses.set("list", libvirtError(ErrorCode.RPC, "gone"));
      expect(await checked(...programs)).toEqual([expect.stringMatching(message)]);
    },
  );

  test("may read one file, have one in turn, and have the defaults", async () => {
    const reader = { disks: [{ file: "/images/a", readOnly: true }], interfaces: [{ user: true }] };
    expect(await checked(reader, reader, { disks: [{ file: "/images/a" }], running: false })).toEqual([]);
  });

  test("have what both had before, which an earlier version accepted", async () => {
    const program = (name: string) =>
      wire({
        ...ARGS,
        disks: [{ file: "/images/a" }],
        name,
        __urn: URN.replace("web-1", name),
        __provider: "…",
      });
    const run = new Run({ "qemu:///system": host });
    const failures = async (name: string, olds: object) =>
      (await run.provider.check?.(olds, program(name)))?.failures?.map(({ property }) => property);
    const olds = { ...program("web-1"), running: false };
    // Only the second one is new.
    expect(await failures("web-1", program("web-1"))).toEqual([]);
    expect(await failures("web-2", program("web-2"))).toEqual([]);
    expect(await failures("web-2", {})).toEqual(["disks[0].file"]);
    // The second one is to run now.
    expect(await failures("web-2", { ...program("web-2"), running: olds.running })).toEqual([
      "disks[0].file",
    ]);
  });

  test("a resource that gave a file up in this run leaves it to another one", async () => {
    const run = new Run({ "qemu:///system": host });
    const check = (name: string, disks: object[]) =>
      run.provider.check?.(
        {},
        wire({ ...ARGS, disks, name, __urn: URN.replace("web-1", name), __provider: "…" }),
      );
    await check("web-1", [{ file: "/images/a" }]);
    await check("web-1", []);
    expect((await check("web-2", [{ file: "/images/a" }]))?.failures ?? []).toEqual([]);
  });
});

test.each(["/images/tenant-7/a.qcow2", "/images//tenant-7/./a.qcow2"])(
  "a secret path, as %s, is in no message about another domain, a missing file or another disk",
  async (file) => {
    const hidden = secret(file);
    const shown: string[] = [];
    const attempt = async (one: PluginStack, args: object) => {
      await one.up({ ...ARGS, ...args }).catch((error: Error) => shown.push(error.message));
      shown.push(...one.run.messages.map(({ text }) => text));
    };
    const disks = [{ file: hidden }];
    const used = new FakeHypervisor();
    addOther(used, { inactive: other(DISK("").replace("/images/a.qcow2", "/images/tenant-7/a.qcow2")) });
    await attempt(new PluginStack(used), { disks });
    const missing = new FakeHypervisor();
    missing.missing.add("file /images/tenant-7/a.qcow2").add(`file ${file}`);
    await attempt(new PluginStack(missing), { disks });
    await attempt(new PluginStack(new FakeHypervisor()), { disks: [...disks, { file: hidden }] });
    expect(shown.length).toBeGreaterThanOrEqual(3);
    expect(shown.filter((text) => text.includes("tenant"))).toEqual([]);
  },
);
