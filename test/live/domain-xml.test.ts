import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDomain } from "../../provider/domain/build.ts";
import { dimmXml } from "../../provider/domain/device.ts";
import { editDefinition, setOwnership } from "../../provider/domain/edit.ts";
import { setMemory } from "../../provider/domain/memory.ts";
import { overlay } from "../../provider/domain/overlay.ts";
import { parseXml } from "../../provider/domain/parse.ts";
import { readDomain } from "../../provider/domain/read.ts";
import type { DiskSpec, DomainSpec } from "../../provider/domain/spec.ts";
import { attribute, children, find, serialise, textOf } from "../../provider/domain/tree.ts";
import { setVcpus } from "../../provider/domain/vcpus.ts";
import { dimmAlias } from "../../provider/plan/dimms/slots.ts";
import { plainSpec } from "../domain/spec.ts";
import { type Lab, startLab } from "../lab/lab.ts";

const MiB = 1024;
const odd = `<&"'> ]]> 🛠\n  second\tline`;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab?.stop());

const base: DomainSpec = { ...plainSpec, name: "domain-xml", cells: [{ memory: 128 * MiB }] };

async function define(xml: string): Promise<string> {
  const file = lab.file("definition.xml");
  await writeFile(file, xml);
  await lab.virsh("define", file);
  return inactive();
}

const inactive = () => lab.virsh("dumpxml", "--inactive", "--security-info", base.uuid);
const live = () => lab.virsh("dumpxml", base.uuid);

async function emptyDisk(name: string): Promise<string> {
  const file = lab.file(name);
  await writeFile(file, Buffer.alloc(MiB * MiB));
  return file;
}

/** Each disk, card and serial port of a definition, in the words of a spec. */
function hardware(xml: string) {
  const devices = find(parseXml(xml).root, "devices");
  return {
    disks: children(devices, "disk").map((disk) => ({
      file: attribute(find(disk, "source"), "file"),
      bus: attribute(find(disk, "target"), "bus"),
      readOnly: find(disk, "readonly") !== undefined,
    })),
    cards: children(devices, "interface").map((card) => attribute(card, "type")),
    serial: children(devices, "serial").map((serial) => attribute(serial, "type")),
    consoles: children(devices, "console").map((console) => attribute(console, "type")),
    agent: children(devices, "channel").map((channel) => attribute(find(channel, "target"), "name")),
    balloon: attribute(find(devices, "memballoon", "stats"), "period"),
  };
}

describe("libvirt takes what we build, and says the same", () => {
  it("a plain domain", async () => {
    expect(readDomain(await define(buildDomain(base)))).toEqual({
      type: "qemu",
      name: base.name,
      uuid: base.uuid,
      memory: 128 * MiB,
      currentMemory: 128 * MiB,
      vcpus: 2,
      cells: [{ id: 0, memory: 128 * MiB, cpus: "0-1" }],
      devices: [],
      // vCPU 0 can't be removed.
      fixedVcpus: "0",
      disks: [],
      cards: [],
      // libvirt's own: every q35 machine has one more than its devices need.
      freePorts: 1,
      arch: "x86_64",
      machine: expect.stringMatching(/^pc-q35-/),
      acpi: true,
      uefi: false,
      pinned: false,
    });
  });

  it("texts that need escaping, wherever they stand", async () => {
    const file = await emptyDisk(`a <&"'> 🛠.img`);
    const ownership = { version: 1, urn: `urn:pulumi:dev::p::t::<&"'> 🛠`, creating: true };
    const xml = await define(
      buildDomain({
        ...base,
        description: odd,
        ownership,
        boot: { kernel: lab.guest.kernel, commandLine: `a="<&'>"` },
        disks: [{ file, format: "raw", bus: "virtio", readOnly: false, device: "disk" }],
      }),
    );
    const { root } = parseXml(xml);
    expect(textOf(find(root, "description"))).toBe(odd);
    expect(textOf(find(root, "os", "cmdline"))).toBe(`a="<&'>"`);
    expect(hardware(xml).disks[0]?.file).toBe(file);
    expect(readDomain(xml).ownership).toEqual(ownership);
  });

  it("every kind of hardware", async () => {
    const file = await emptyDisk("empty.img");
    const disks = (["virtio", "scsi", "sata", "usb"] as const).flatMap((bus): DiskSpec[] => [
      { file, format: "raw", bus, readOnly: false, device: "disk" },
      { file, format: "raw", bus, readOnly: true, device: bus === "sata" ? "cdrom" : "disk" },
    ]);
    const card = { model: "virtio" };
    const spec: DomainSpec = {
      ...base,
      disks,
      interfaces: [
        { ...card, mac: "52:54:00:00:00:01", kind: "user" },
        { ...card, mac: "52:54:00:00:00:02", kind: "network", source: "default" },
        { model: "e1000e", mac: "52:54:00:00:00:03", kind: "bridge", source: "br0" },
      ],
      serial: { file: lab.file("serial.log") },
    };
    expect(hardware(await define(buildDomain(spec)))).toEqual({
      disks: disks.map(({ bus, readOnly }) => ({ file, bus, readOnly })),
      cards: ["user", "network", "bridge"],
      serial: ["file"],
      consoles: ["file"],
      agent: ["org.qemu.guest_agent.0"],
      balloon: "2",
    });
    const ide: DomainSpec = { ...base, machine: "pc", disks: [] };
    for (const readOnly of [false, true])
      ide.disks.push({ file, format: "raw", bus: "ide", readOnly, device: readOnly ? "cdrom" : "disk" });
    await lab.virsh("undefine", base.uuid);
    expect(hardware(await define(buildDomain(ide))).disks).toEqual(
      ide.disks.map(({ bus, readOnly }) => ({ file, bus, readOnly })),
    );
    await lab.virsh("undefine", base.uuid);
  });

  it("XML of the user's own with the arguments laid over it", async () => {
    const own = `<domain type="qemu"><memory unit="MiB">64</memory><os><type>hvm</type></os>
      <devices><graphics type="vnc" port="-1" passwd="s3&lt;cret"/></devices></domain>`;
    const { name, uuid, cells } = base;
    const xml = await define(overlay(own, { name, uuid, cells, vcpus: 2 }));
    expect(readDomain(xml)).toMatchObject({ name, uuid, memory: 128 * MiB, vcpus: 2 });
    expect(attribute(find(parseXml(xml).root, "devices", "graphics"), "passwd")).toBe("s3<cret");
    await lab.virsh("undefine", uuid);
  });

  it("UEFI, where the host has firmware", async (context) => {
    const capabilities = parseXml(
      await lab.virsh("domcapabilities", "--virttype", "qemu", "--machine", "q35"),
    ).root;
    const firmware = children(find(capabilities, "os"), "enum").find(
      (some) => attribute(some, "name") === "firmware",
    );
    if (!children(firmware, "value").some((value) => textOf(value) === "efi"))
      context.skip("no UEFI firmware installed");
    expect(readDomain(await define(buildDomain({ ...base, firmware: "uefi" }))).uefi).toBe(true);
    await lab.virsh("undefine", "--nvram", base.uuid);
  });
});

describe("libvirt takes every edit of a definition of ours", () => {
  it("one after the other, and keeps what others added", async () => {
    const file = await emptyDisk("edited.img");
    const disk = { file, format: "raw", bus: "virtio", readOnly: false, device: "disk" } as const;
    let spec: DomainSpec = { ...base, serial: "pty", disks: [disk], vcpus: 4 };
    let xml = await define(buildDomain(spec));
    const graphics = "<graphics type='vnc' port='-1' autoport='yes' passwd='by-hand'/>";
    xml = await define(xml.replace("</devices>", `${graphics}</devices>`));
    const steps: Partial<DomainSpec>[] = [
      { vcpus: 2 },
      {
        cells: [
          { memory: 1, cpus: "0" },
          { memory: 64 * MiB, cpus: "1" },
        ],
      },
      { cpu: "maximum" },
      { cpu: "Nehalem" },
      { cpu: "qemu64" },
      { machine: "pc" },
      { machine: "q35" },
      { boot: { kernel: "/k", initrd: "/i", commandLine: "c" } },
      { boot: { kernel: "/k2" } },
      { disks: [{ ...disk, readOnly: true, device: "disk" }] },
      { disks: [{ ...disk, bus: "scsi" }, disk] },
      { disks: [disk] },
      { interfaces: [{ kind: "user", model: "virtio", mac: "52:54:00:00:00:01" }] },
      { interfaces: [{ kind: "bridge", source: "br0", model: "virtio", mac: "52:54:00:00:00:01" }] },
      { interfaces: [{ kind: "network", source: "n", model: "e1000e", mac: "52:54:00:00:00:01" }] },
      { interfaces: [] },
      { serial: { file: lab.file("edited.log") } },
      { serial: "pty" },
      { agent: false },
      { agent: true },
      { balloon: false },
      { balloon: true },
      { description: odd },
    ];
    for (const step of steps) {
      const after = { ...spec, ...step };
      const edited = parseXml(editDefinition(xml, spec, after));
      setVcpus(edited.root, { current: after.vcpus, maximum: 4 });
      xml = await define(serialise(edited));
      spec = after;
    }
    expect(readDomain(xml)).toMatchObject({
      memory: 192 * MiB,
      vcpus: 4,
      currentVcpus: 2,
      machine: expect.stringMatching(/^pc-q35-/),
      cells: [
        { id: 0, memory: 128 * MiB, cpus: "0,2" },
        { id: 1, memory: 64 * MiB, cpus: "1,3" },
      ],
    });
    const { root } = parseXml(xml);
    expect(textOf(find(root, "cpu", "model"))).toBe("qemu64");
    expect(textOf(find(root, "os", "kernel"))).toBe("/k2");
    expect(textOf(find(root, "description"))).toBe(odd);
    expect(attribute(find(root, "devices", "graphics"), "passwd")).toBe("by-hand");
    expect(hardware(xml)).toEqual({
      disks: [{ file, bus: "virtio", readOnly: false }],
      cards: [],
      serial: ["pty"],
      consoles: ["pty"],
      agent: ["org.qemu.guest_agent.0"],
      balloon: "2",
    });
    await lab.virsh("undefine", base.uuid);
  });
});

describe("a running domain", () => {
  it("takes our DIMMs, and the fold", async () => {
    const owner = { version: 1, urn: "urn:pulumi:dev::p::t::n", creating: true };
    const cells = [{ memory: 128 * MiB }, { memory: 64 * MiB }];
    const maxMemory = { size: 4096 * MiB, slots: 16 };
    await define(
      buildDomain({ ...base, cells, maxMemory, ownership: owner, serial: { file: lab.file("s.log") } }),
    );
    await lab.virsh("start", "--paused", base.uuid);
    const dimms = [
      { size: 256 * MiB, node: 0, slot: 0, alias: dimmAlias(0) },
      { size: 128 * MiB, node: 1, slot: 5, base: "0x140000000", alias: dimmAlias(5) },
      { size: 128 * MiB, node: 1, alias: "ua-by-hand", source: { pageSize: 4, nodemask: "0" } },
    ];
    for (const dimm of dimms) {
      await writeFile(lab.file("dimm.xml"), dimmXml(dimm));
      await lab.virsh("attach-device", base.uuid, lab.file("dimm.xml"), "--live", "--config");
    }
    const { memory, devices } = readDomain(await live());
    expect(memory).toBe(704 * MiB);
    expect(devices).toEqual([
      { model: "dimm", size: 256 * MiB, node: 0, slot: 0, base: "0x100000000", alias: "ua-pulumi-dimm0" },
      { model: "dimm", size: 128 * MiB, node: 1, slot: 5, base: "0x140000000", alias: "ua-pulumi-dimm5" },
      expect.objectContaining({ alias: "ua-by-hand", slot: 1, pageSize: 4, nodemask: "0" }),
    ]);
    const folded = setMemory(setOwnership(await inactive(), { ...owner, creating: false }), {
      cells: [384 * MiB, 192 * MiB],
      removeAliases: [dimmAlias(0), dimmAlias(5)],
    });
    const next = readDomain(await define(folded));
    expect(next).toMatchObject({ memory: 704 * MiB, currentMemory: 704 * MiB, maxMemory });
    expect(next.cells.map((cell) => cell.memory)).toEqual([384 * MiB, 192 * MiB]);
    expect(next.devices.map(({ alias }) => alias)).toEqual(["ua-by-hand"]);
    expect(next.ownership).toEqual({ ...owner, creating: false });
    expect(readDomain(await live()).devices).toHaveLength(3);
    await lab.virsh("destroy", base.uuid);
    await lab.virsh("undefine", base.uuid);
  });
});
