import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { contradictions, overlay } from "../../provider/domain/overlay.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { lineDiff } from "../support/line-diff.ts";
import { fixture, fixtureNames } from "./fixture.ts";
import { anySpec } from "./spec.ts";

const reasons = (...given: Parameters<typeof contradictions>) =>
  contradictions(...given).map(({ reason }) => reason);

const GiB = 1024 * 1024;
const named = { name: "web-1", uuid: "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01" };
const disk = { file: "/d", format: "qcow2", bus: "virtio", readOnly: false, device: "disk" } as const;

describe("overlay", () => {
  it("changes the name and the UUID, and nothing that isn't named", () => {
    for (const name of fixtureNames) {
      const { name: oldName, uuid } = readDomain(fixture(name));
      const expected = fixture(name)
        .replace(`<name>${oldName}</name>`, "<name>web-1</name>")
        .replace(`<uuid>${uuid}</uuid>`, `<uuid>${named.uuid}</uuid>`);
      expect(overlay(fixture(name), named)).toBe(expected);
    }
  });

  it("makes a domain of next to nothing", () => {
    const xml = overlay("<domain type='qemu'><os><type>hvm</type></os></domain>", {
      ...named,
      cells: [{ memory: GiB }],
      maxMemory: { size: 4 * GiB, slots: 16 },
      vcpus: 2,
      disks: [disk],
    });
    expect(xml).toBe(
      "<domain type='qemu'><name>web-1</name><uuid>5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01</uuid>" +
        "<maxMemory slots='16' unit='KiB'>4194304</maxMemory><memory unit='KiB'>1048576</memory>" +
        "<vcpu>2</vcpu><os><type>hvm</type></os>" +
        "<cpu><numa><cell id='0' cpus='0-1' memory='1048576' unit='KiB'/></numa></cpu>" +
        "<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/d'/>" +
        "<target dev='vda' bus='virtio'/></disk></devices></domain>",
    );
  });

  it.each([
    ["memory and a ceiling", { cells: [{ memory: 2 * GiB }], maxMemory: { size: 8 * GiB, slots: 16 } }],
    ["vCPUs", { vcpus: 8 }],
    ["BIOS, no agent, no ACPI", { firmware: "bios", agent: false, acpi: false } as const],
    ["UEFI, which it has", { firmware: "uefi" } as const],
    ["a disk", { disks: [disk] }],
    ["a card", { interfaces: [{ kind: "user", model: "virtio", mac: "52:54:00:00:00:01" } as const] }],
    ["a CPU and a description", { cpu: "host-passthrough", description: "mine" }],
  ])("lays %s over hand-made.xml", (_, spec) => {
    const xml = fixture("hand-made");
    const laid = overlay(overlay(xml, named), { ...named, ...spec });
    expect(lineDiff(overlay(xml, named), laid).join("\n")).toMatchSnapshot();
  });

  test.prop([fc.constantFrom(...fixtureNames), anySpec])("has what the program has", (name, spec) => {
    const laid = overlay(fixture(name), spec);
    const { devices } = readDomain(fixture(name));
    const inDevices = devices.reduce((sum, { size }) => sum + size, 0);
    expect(readDomain(laid)).toMatchObject({
      type: spec.type,
      name: spec.name,
      uuid: spec.uuid,
      memory: spec.cells.reduce((sum, { memory }) => sum + memory, inDevices),
      devices,
      acpi: spec.acpi,
      uefi: spec.firmware === "uefi",
      ...(spec.maxMemory && { maxMemory: spec.maxMemory }),
      ...(spec.ownership && { ownership: spec.ownership }),
    });
    const { vcpus, currentVcpus = vcpus } = readDomain(laid);
    expect(currentVcpus).toBe(spec.vcpus);
    expect(readDomain(laid).cells).toHaveLength(spec.cells.length);
    expect(overlay(laid, spec)).toBe(laid);
  });

  it("refuses malformed XML, and XML of something else than a domain", () => {
    expect(() => overlay("<domain>", named)).toThrow("malformed XML at line 1, column 1");
    expect(() => overlay("<network/>", named)).toThrow("expected a <domain>");
  });
});

describe("contradictions", () => {
  it("there are none where the XML has the same values or none", () => {
    expect(
      reasons("<domain type='kvm'/>", { ...named, memory: 1, maxMemory: 2, memorySlots: 3, vcpus: 4 }),
    ).toEqual([]);
    expect(reasons(fixture("hand-made"), {})).toEqual([]);
    const same = { name: "build-7", uuid: "7D8E8D4E-5A0F-4B7C-8F43-C9F4B0F5D1A1", memory: 3 * GiB, vcpus: 4 };
    expect(reasons(fixture("hand-made"), { ...same, maxMemory: 16 * GiB, memorySlots: 8 })).toEqual([]);
  });

  it("each has both values", () => {
    expect(
      reasons(fixture("hand-made"), {
        ...named,
        memory: GiB,
        currentMemory: GiB,
        maxMemory: 4 * GiB,
        memorySlots: 16,
        vcpus: 3,
      }),
    ).toEqual([
      'has <name> "build-7", but name is "web-1"',
      `has <uuid> "7d8e8d4e-5a0f-4b7c-8f43-c9f4b0f5d1a1", but uuid is "${named.uuid}"`,
      "has NUMA cells and memory devices of 3072 MiB, but memory is 1024 MiB",
      "has <currentMemory> 2048 MiB, but currentMemory is 1024 MiB",
      "has <maxMemory> 16384 MiB, but maxMemory is 4096 MiB",
      "has <maxMemory slots> 8, but memorySlots is 16",
      "has <vcpu current> 2, but vcpus is 3",
    ]);
    expect(reasons(fixture("virt-install"), { memory: GiB })).toEqual([
      "has <memory> 2048 MiB, but memory is 1024 MiB",
    ]);
  });
});
