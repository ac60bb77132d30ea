import { test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { buildDomain } from "../../provider/domain/build.ts";
import { parseXml } from "../../provider/domain/parse.ts";
import { readDomain } from "../../provider/domain/read.ts";
import type { DomainSpec } from "../../provider/domain/spec.ts";
import { attribute, children, find, serialiseNode, textOf } from "../../provider/domain/tree.ts";
import { anySpec, plainSpec } from "./spec.ts";

describe("buildDomain", () => {
  it.each([
    ["UEFI with a kernel: firmware that doesn't ask for its signature", "uefi", true, ["no secure-boot"]],
    ["UEFI with disks: the host's choice", "uefi", false, []],
    ["BIOS", "bios", true, []],
  ] as const)("%s", (_, firmware, kernel, wanted) => {
    const xml = buildDomain({ ...plainSpec, firmware, ...(kernel && { boot: { kernel: "/k" } }) });
    const features = children(find(parseXml(xml).root, "os", "firmware"), "feature");
    const found = features.map((feature) => `${attribute(feature, "enabled")} ${attribute(feature, "name")}`);
    expect(found).toEqual(wanted);
  });

  it("writes a definition that people can read", () => {
    const xml = buildDomain({
      ...plainSpec,
      description: "a \"b\" <c> & 'd' 🛠",
      maxMemory: { size: 8388608, slots: 16 },
      cpu: "host-passthrough",
      boot: { kernel: "/k", initrd: "/i", commandLine: "console=ttyS0 quiet" },
      disks: [{ file: "/d.qcow2", format: "qcow2", bus: "virtio", readOnly: false, device: "disk" }],
      interfaces: [{ kind: "network", source: "default", model: "virtio", mac: "52:54:00:00:00:01" }],
      serial: { file: "/var/log/web-1" },
      ownership: { version: 1, urn: "urn:pulumi:a::b::c::d", creating: true },
    });
    expect(xml).toMatchInlineSnapshot(`
      "<domain type='qemu'>
        <name>web-1</name>
        <uuid>5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01</uuid>
        <description>a "b" &lt;c&gt; &amp; 'd' 🛠</description>
        <metadata>
          <hotplug:domain xmlns:hotplug='urn:pulumi-libvirt-hotplug:domain:1' version='1' urn='urn:pulumi:a::b::c::d' creating='true'/>
        </metadata>
        <maxMemory slots='16' unit='KiB'>8388608</maxMemory>
        <memory unit='KiB'>1027072</memory>
        <vcpu>2</vcpu>
        <vcpus>
          <vcpu id='0' enabled='yes' hotpluggable='no'/>
          <vcpu id='1' enabled='yes' hotpluggable='yes'/>
        </vcpus>
        <os>
          <type arch='x86_64' machine='q35'>hvm</type>
          <kernel>/k</kernel>
          <initrd>/i</initrd>
          <cmdline>console=ttyS0 quiet</cmdline>
        </os>
        <features>
          <acpi/>
          <apic/>
        </features>
        <cpu mode='host-passthrough'>
          <numa>
            <cell id='0' cpus='0-1' memory='1027072' unit='KiB'/>
          </numa>
        </cpu>
        <clock offset='utc'/>
        <on_poweroff>destroy</on_poweroff>
        <on_reboot>restart</on_reboot>
        <on_crash>destroy</on_crash>
        <devices>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2'/>
            <source file='/d.qcow2'/>
            <target dev='vda' bus='virtio'/>
          </disk>
          <interface type='network'>
            <mac address='52:54:00:00:00:01'/>
            <source network='default'/>
            <model type='virtio'/>
          </interface>
          <serial type='file'>
            <source path='/var/log/web-1'/>
            <target port='0'/>
          </serial>
          <channel type='unix'>
            <target type='virtio' name='org.qemu.guest_agent.0'/>
          </channel>
          <memballoon model='virtio'>
            <stats period='2'/>
          </memballoon>
        </devices>
      </domain>
      "
    `);
  });

  test.prop([anySpec])("has what the spec has, whatever its texts are", (spec) => {
    const xml = buildDomain(spec);
    const memory = spec.cells.reduce((sum, cell) => sum + cell.memory, 0);
    const state = readDomain(xml);
    expect(state).toMatchObject({
      type: spec.type,
      name: spec.name,
      uuid: spec.uuid,
      memory,
      vcpus: spec.vcpus,
      arch: spec.arch,
      acpi: spec.acpi,
      uefi: spec.firmware === "uefi",
      devices: [],
    });
    expect(state.cells.map((cell) => cell.memory)).toEqual(spec.cells.map((cell) => cell.memory));
    expect(state.maxMemory).toEqual(spec.maxMemory);
    expect(state.ownership).toEqual(spec.ownership);
    const { root } = parseXml(xml);
    expect(textOf(find(root, "description"))).toBe(spec.description ?? "");
    expect(textOf(find(root, "os", "cmdline"))).toBe(spec.boot?.commandLine ?? "");
    const files = children(find(root, "devices"), "disk").map((disk) =>
      attribute(find(disk, "source"), "file"),
    );
    expect(files).toEqual(spec.disks.map(({ file }) => file));
  });

  const built = (change: Partial<DomainSpec>) => parseXml(buildDomain({ ...plainSpec, ...change })).root;

  it.each([
    ["x86_64", "q35", "<features><acpi/><apic/></features>"],
    ["aarch64", "virt", "<features><acpi/><gic version='3'/></features>"],
    ["s390x", undefined, "<features><acpi/></features>"],
  ])("%s is machine %s", (arch, machine, features) => {
    const domain = built({ arch });
    expect(attribute(find(domain, "os", "type"), "machine")).toBe(machine);
    const written = find(domain, "features");
    expect(written && serialiseNode(written).replace(/\n */g, "")).toBe(features);
  });

  it.each([
    [1, [{ memory: 1 }], ["0"]],
    [4, [{ memory: 1 }, { memory: 1 }], ["0-3", undefined]],
    [
      4,
      [
        { memory: 1, cpus: "0,2" },
        { memory: 1, cpus: "1,3" },
      ],
      ["0,2", "1,3"],
    ],
    [4, [{ memory: 1 }, { memory: 1, cpus: "0-3" }], [undefined, "0-3"]],
  ])("%i vCPUs go to cells %j as %j", (vcpus, cells, cpus) => {
    expect(readDomain(buildDomain({ ...plainSpec, vcpus, cells })).cells.map((cell) => cell.cpus)).toEqual(
      cpus,
    );
  });

  it("makes read-only disks of IDE and SATA CD-ROMs, and gives SCSI disks a controller", () => {
    const disk = { file: "/d", format: "raw", readOnly: true } as const;
    const domain = built({
      disks: [
        { ...disk, bus: "sata", device: "cdrom" },
        { ...disk, bus: "scsi", device: "disk" },
        { ...disk, bus: "ide", device: "cdrom" },
        { ...disk, bus: "ide", readOnly: false, device: "disk" },
      ],
    });
    const devices = find(domain, "devices");
    expect(children(devices, "disk").map((some) => attribute(some, "device"))).toEqual([
      "cdrom",
      "disk",
      "cdrom",
      "disk",
    ]);
    expect(children(devices, "controller").map((some) => attribute(some, "model"))).toEqual(["virtio-scsi"]);
  });

  it("refuses what XML can't hold", () => {
    expect(() => buildDomain({ ...plainSpec, description: "\u0000" })).toThrow("U+0000");
  });
});
