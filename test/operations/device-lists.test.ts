import { describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { created } from "../support/one-resource.ts";

const memory = { memory: "1GiB", maxMemory: "4GiB" };
const root = { name: "root", file: "/root.qcow2" };
const data = { name: "data", file: "/data.qcow2" };
const lan = { name: "lan", user: true };

function found(xml: string | undefined) {
  const { disks, cards } = readDomain(xml ?? "");
  return [
    ...disks.map(({ target, file, alias }) => `${target} ${file} ${alias}`),
    ...cards.map(({ kind, alias }) => `${kind} ${alias}`),
  ];
}

describe("a named disk and a named interface", () => {
  test("are attached to the running domain and defined, and then nothing is to be done", async () => {
    const { host, stack } = await created({ ...memory, disks: [root] });
    await stack.up({ ...memory, disks: [root, data], interfaces: [lan] });
    const all = [
      "vda /root.qcow2 ua-pulumi-disk-root",
      "vdb /data.qcow2 ua-pulumi-disk-data",
      "user ua-pulumi-nic-lan",
    ];
    expect(found(host.only.live)).toEqual(all);
    expect(found(host.only.inactive)).toEqual(all);
    expect(await stack.up({ ...memory, disks: [root, data], interfaces: [lan] })).toBe("same");
    await stack.up({ ...memory, disks: [root] });
    expect(found(host.only.live)).toEqual(all.slice(0, 1));
    expect(found(host.only.inactive)).toEqual(all.slice(0, 1));
  });
});

describe("options that a running domain can't get", () => {
  const options = { cache: "none", discard: "unmap", serial: "S1", bootOrder: 1 };
  const inXml = (xml = "") =>
    [...xml.matchAll(/ cache='none'| discard='unmap'|<serial>S1|<boot order='1'/g)].map(([text]) =>
      text.trim(),
    );
  const ALL = ["cache='none'", "discard='unmap'", "<serial>S1", "<boot order='1'"];

  test("a disk is attached with all but its boot order, and defined with it", async () => {
    const { host, stack } = await created({ ...memory, disks: [root] });
    const more = { ...memory, disks: [root, { ...data, ...options }] };
    await stack.preview(more);
    expect(stack.run.rows[0]).toBe('live: attach disk "data" (/data.qcow2)');
    await stack.up(more);
    expect([inXml(host.only.live), inXml(host.only.inactive)]).toEqual([ALL.slice(0, 3), ALL]);
    expect(await stack.up(more)).toBe("same");
    // Its boot order goes on waiting, which isn't a change.
    await stack.preview({ ...more, interfaces: [lan], disks: [...more.disks, { name: "b", file: "/b" }] });
    expect(stack.run.rows[0]).toMatch(/^live: attach disk "b"/);
  });

  test("a drive gets another medium at once, and its options at the next boot", async () => {
    const cd = { name: "cd", device: "cdrom", file: "/a.iso" };
    const { host, stack } = await created({ ...memory, disks: [cd] });
    const other = { ...memory, disks: [{ ...cd, ...options, file: "/b.iso" }] };
    await stack.up(other);
    expect(host.only.live).toContain("/b.iso");
    expect([inXml(host.only.live), inXml(host.only.inactive)]).toEqual([[], ALL]);
    expect(await stack.up(other)).toBe("same");
  });
});

test.each([true, false])(
  "what an interrupted update has attached gets the same place in the definition, with names: %s",
  async (isNamed) => {
    const entry = ({ name, ...one }: { name: string }) => (isNamed ? { name, ...one } : one);
    const more = { ...memory, disks: [root, entry(data)], interfaces: [entry(lan)] };
    const theirs = "<disk type='file'><source file='/theirs'/><target dev='vdb' bus='virtio'/></disk>";
    const scene = async () => {
      const made = await created({ ...memory, disks: [root] });
      await made.host.attachDevice(made.host.refTo(made.host.only.uuid), theirs, { live: true });
      made.host.calls.length = 0;
      return made;
    };
    const undisturbed = await scene();
    await undisturbed.stack.up(more);
    const { host, stack } = await scene();
    const before = structuredClone(stack.state);
    host.death = { call: undisturbed.host.calls.lastIndexOf("attachDevice") + 1, carriedOut: true };
    await expect(stack.up(more)).rejects.toThrow();
    host.death = undefined;
    stack.state = before;
    await stack.up(more);
    const placed = ({ live, inactive }: { live?: string; inactive?: string }) =>
      [live, inactive].map((xml) => found(xml).filter((one) => /data|user/.test(one)));
    const [live, inactive] = placed(host.only);
    expect(live).toHaveLength(2);
    expect(live?.[0]).toMatch(/^vdc /);
    expect(inactive).toEqual(live);
    expect(await stack.up(more)).toBe("same");
  },
);

test.each([false, true])(
  "disks that only read one file are each a disk of their own, named later: %s",
  async (isNamed) => {
    const shared = { file: "/tools.img", format: "raw", readOnly: true };
    const unnamed = [root, shared, { ...shared, bus: "usb" }, shared];
    const { host, stack } = await created({ ...memory, disks: unnamed });
    const [first, second, ...rest] = targets(host.only.live);
    await stack.refresh();
    expect(stack.recorded.inputs.disks).toHaveLength(4);
    expect(stack.run.said).toEqual([]);
    const disks = isNamed ? unnamed.map((disk, index) => ({ name: `d${index}`, ...disk })) : unnamed;
    expect(await stack.up({ ...memory, disks })).toBe(isNamed ? "update" : "same");
    expect(targets(host.only.live)).toEqual([first, second, ...rest]);
    const fewer = disks.toSpliced(1, 1);
    await stack.up({ ...memory, disks: fewer });
    // Without names, either of the two that are the same may go.
    const left = [[first, ...rest], ...(isNamed ? [] : [[first, second, rest[0]]])];
    expect(left).toContainEqual(targets(host.only.live));
    expect(await stack.up({ ...memory, disks: fewer })).toBe("same");
  },
);

const drive = { device: "cdrom" };
const scsi = { name: "scsi", file: "/scsi.raw", format: "raw", bus: "scsi" };

test.each([
  [[drive], [scsi, drive]],
  [[drive], [data, scsi, { ...drive, discard: "unmap" }]],
  [
    [scsi, drive],
    [drive, scsi],
  ],
  [
    [data, scsi, drive],
    [data, drive],
  ],
  [[{ ...drive, file: "/tools.iso" }], [scsi, { ...drive, file: "/tools.iso", cache: "none" }]],
])(
  "a CD-ROM drive without a name is the same one, whatever comes before it: %j → %j",
  async (before, after) => {
    const program = { ...memory, hotplug: { whenNotPossible: "nextBoot" } };
    const { host, stack } = await created({ ...program, disks: [root, ...before] });
    const drives = () => targets(host.only.inactive).filter((target) => target.endsWith("sata"));
    const [own] = drives();
    expect(own).toBeDefined();
    await stack.up({ ...program, disks: [root, ...after] });
    expect(drives()).toEqual([own]);
    expect(await stack.up({ ...program, disks: [root, ...after] })).toBe("same");
  },
);

function targets(xml: string | undefined) {
  return readDomain(xml ?? "").disks.map(({ target, bus }) => `${target} ${bus}`);
}

describe("what another domain of the host has", () => {
  const theirs = `<domain type='qemu'><name>other</name><uuid>6e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b02</uuid><memory>1048576</memory><devices>
    <disk type='file' device='disk'><source file='/data.qcow2'/><target dev='vda' bus='virtio'/></disk>
    <interface type='user'><mac address='52:54:00:00:00:0a'/></interface></devices></domain>`;
  const taken = { disks: [root, data], interfaces: [{ ...lan, mac: "52:54:00:00:00:0a" }] };

  test("is refused before anything is done: a file that it writes, and a MAC, at once", async () => {
    const { host, stack } = await created({ ...memory, disks: [root] });
    await host.define(theirs);
    const before = structuredClone(host.domains);
    await expect(stack.up({ ...memory, ...taken })).rejects.toThrow(
      /disks\[1\]\.file: "\/data.qcow2" is already a disk of domain other, which writes to it; .*\ninterfaces\[0\]\.mac: the MAC address 52:54:00:00:00:0a already belongs to an interface of domain other/,
    );
    expect(host.domains).toEqual(before);
  });

  test("may be read by both", async () => {
    const { host, stack } = await created({ ...memory, disks: [root] });
    await host.define(theirs.replace("<source", "<readonly/><source"));
    await stack.up({ ...memory, disks: [root, { ...data, readOnly: true }] });
    expect(found(host.domains.get([...host.domains.keys()][0] ?? "")?.live)).toContain(
      "vdb /data.qcow2 ua-pulumi-disk-data",
    );
  });
});

describe("what somebody else does", () => {
  const foreign =
    "<disk type='file' device='disk'><source file='/theirs'/><target dev='vdx' bus='virtio'/></disk>";
  const isTheirs = (text: string) => text.includes("/theirs");

  test("a disk that was attached stays, takes a port and is shown by a refresh", async () => {
    const { host, stack } = await created({ ...memory, disks: [root] });
    const domain = host.refTo(host.only.uuid);
    await host.attachDevice(domain, foreign, { live: true });
    await stack.refresh();
    expect(stack.run.said.filter(isTheirs)).toEqual([
      "disk /theirs isn't managed by this provider: it stays",
    ]);
    expect(await stack.up({ ...memory, disks: [root] })).toBe("same");
    await stack.up({ ...memory, disks: [root, data] });
    await stack.up({ ...memory, disks: [root] });
    expect(found(host.only.live)).toEqual(["vda /root.qcow2 ua-pulumi-disk-root", "vdx /theirs disk-vdx"]);
    expect(readDomain(host.only.live ?? "").freePorts).toBe(7);
  });

  test("a disk of ours that was removed is attached and defined again after a refresh", async () => {
    const { host, stack } = await created({ ...memory, disks: [root, data] });
    const { uuid, inactive = "" } = host.only;
    await host.detachDevice(host.refTo(uuid), "ua-pulumi-disk-data", { live: true });
    host.change(uuid, { inactive: inactive.replace(/<disk(?:(?!<disk).)*data.qcow2.*?<\/disk>/s, "") });
    await stack.refresh();
    await stack.up({ ...memory, disks: [root, data] });
    const all = ["vda /root.qcow2 ua-pulumi-disk-root", "vdb /data.qcow2 ua-pulumi-disk-data"];
    expect([found(host.only.live), found(host.only.inactive)]).toEqual([all, all]);
    expect(await stack.up({ ...memory, disks: [root, data] })).toBe("same");
  });

  test("what the guest keeps stays and is said, and the next update asks again", async () => {
    const { host, stack } = await created({ ...memory, disks: [root, data] });
    host.guestKeeps.add("ua-pulumi-disk-data");
    await expect(stack.up({ ...memory, disks: [root], hotplug: { awaitGuest: 1 } })).rejects.toThrow(
      /Unable to detach disk "data" \(\/data.qcow2\).*the disk was not detached/,
    );
    expect(found(host.only.live)).toContain("vdb /data.qcow2 ua-pulumi-disk-data");
    host.guestKeeps.clear();
    await stack.up({ ...memory, disks: [root], hotplug: { awaitGuest: 1 } });
    expect(found(host.only.live)).toEqual(["vda /root.qcow2 ua-pulumi-disk-root"]);
    expect(found(host.only.inactive)).toEqual(["vda /root.qcow2 ua-pulumi-disk-root"]);
  });
});

test.each([{ bus: "virtio" }, { bus: "usb", device: "cdrom" }])(
  "a list that waits for the removal of a disk without a name goes on waiting: %o",
  async (options) => {
    const cd = (file: string) => ({ name: "cd", device: "cdrom", file });
    const old = [root, { file: "/old.qcow2", bus: "sata" }, cd("/a.iso")];
    const { host, stack } = await created({ ...memory, disks: old });
    const disks = [root, cd("/b.iso"), { ...data, ...options }];
    const args = { ...memory, disks, hotplug: { whenNotPossible: "nextBoot" } };
    const { live } = host.only;
    await stack.up(args);
    expect(await stack.up(args)).toBe("same");
    await stack.refresh();
    expect(await stack.up(args)).toBe("same");
    expect(host.only.live).toBe(live);
  },
);
