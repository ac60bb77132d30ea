import { describe, expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { definitionXml, domainSpec } from "../../provider/definition/domain-spec.ts";
import type { DomainType } from "../../provider/definition/platform.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { checkedInputs } from "../support/scene.ts";

const MIB = 1024;
const host = { arch: "x86_64", kvm: new Set(["x86_64"]), machines: new Map() };
const inputs = checkedInputs;

function specOf(desired: Inputs, on: typeof host, type: DomainType) {
  return domainSpec(desired, on, type, DEFAULTS);
}

describe("the definition that arguments ask for", () => {
  test("with every default", () => {
    expect(specOf(inputs, host, undefined)).toEqual({
      type: "kvm",
      name: "web-1",
      uuid: inputs.uuid,
      cells: [{ memory: 1003 * MIB }],
      keepsNodes: true,
      maxMemory: { size: 8192 * MIB, slots: 16 },
      vcpus: 1,
      maxVcpus: 1,
      arch: "x86_64",
      firmware: "bios",
      acpi: true,
      disks: [],
      interfaces: [],
      hotplugPorts: 8,
      agent: true,
      balloon: true,
      ownership: { version: 1, urn: inputs.__urn, creating: false },
    });
  });

  test.each([
    ["KVM where the host supports it", {}, undefined, "kvm"],
    ["QEMU for another architecture", { arch: "aarch64" as const }, undefined, "qemu"],
    ["the type that the stack sets", {}, "qemu" as const, "qemu"],
  ])("%s", (_, more, type, expected) => {
    expect(specOf({ ...inputs, ...more }, host, type).type).toBe(expected);
  });

  test.each([
    [{ arch: "x86_64" as const }, "bios", true],
    [{ arch: "i686" as const }, "bios", true],
    [{ arch: "aarch64" as const }, "uefi", true],
    [{ arch: "aarch64" as const, firmware: "bios" as const }, "bios", false],
    [{ arch: "s390x" as const }, "bios", false],
  ])("firmware and ACPI of %j: %s, %s", (more, firmware, acpi) => {
    expect(specOf({ ...inputs, ...more }, host, undefined)).toMatchObject({ firmware, acpi });
  });

  test("disks and interfaces with their defaults", () => {
    const mac = "52:54:00:00:00:01";
    const spec = specOf(
      {
        ...inputs,
        disks: [{ file: "/a" }, { file: "/b", format: "raw", bus: "sata", readOnly: true }],
        interfaces: [
          { network: "default", mac },
          { bridge: "br0", mac, model: "e1000e" },
          { user: true, mac },
        ],
      },
      host,
      undefined,
    );
    expect(spec.disks).toEqual([
      { file: "/a", device: "disk", format: "qcow2", bus: "virtio", readOnly: false },
      { file: "/b", device: "cdrom", format: "raw", bus: "sata", readOnly: true },
    ]);
    expect(spec.interfaces).toEqual([
      { kind: "network", source: "default", mac, model: "virtio" },
      { kind: "bridge", source: "br0", mac, model: "e1000e" },
      { kind: "user", mac, model: "virtio" },
    ]);
  });

  test("memory equal to maxMemory leaves out <maxMemory>", () => {
    expect(specOf({ ...inputs, maxMemory: "1003MiB" }, host, undefined)).not.toHaveProperty("maxMemory");
  });

  test("throws where the memory isn't known", () => {
    expect(() => specOf({ ...inputs, memory: UNKNOWN }, host, undefined)).toThrow("isn't known");
  });
});

describe("the program's own XML", () => {
  const xml =
    "<domain type='qemu'><vcpu>3</vcpu><os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features><devices><memballoon model='none'/></devices></domain>";
  const definition = (more: Partial<Inputs>, type?: "kvm" | "qemu") => {
    const all = { ...inputs, xml, ...more };
    return definitionXml(all, specOf(all, host, type), type);
  };

  test("decides what no argument sets; name, UUID and memory come from the arguments", () => {
    const made = definition({});
    expect(made).toContain("<memballoon model='none'/>");
    expect(readDomain(made)).toMatchObject({
      type: "qemu",
      machine: "pc",
      vcpus: 3,
      name: "web-1",
      uuid: inputs.uuid,
      memory: 1003 * MIB,
      maxMemory: { size: 8192 * MIB, slots: 16 },
      cells: [{ id: 0, memory: 1003 * MIB }],
      ownership: { urn: inputs.__urn },
    });
  });

  test("gets no <maxMemory> without ACPI, which hot-plug needs", () => {
    const made = readDomain(definition({ xml: xml.replace("<acpi/>", "") }));
    expect([made.acpi, made.maxMemory, made.memory]).toEqual([false, undefined, 1003 * MIB]);
  });

  test("is overridden by the arguments that the program sets", () => {
    const made = definition({ vcpus: 4, machine: "q35", balloon: true, description: "shop" }, "kvm");
    expect(made).toContain("<memballoon model='virtio'>");
    expect(made).toContain("<description>shop</description>");
    expect(readDomain(made)).toMatchObject({ type: "kvm", machine: "q35", vcpus: 4 });
  });

  test("gets what libvirt requires", () => {
    expect(readDomain(definition({ xml: "<domain/>" }))).toMatchObject({
      type: "kvm",
      arch: "x86_64",
      machine: "q35",
      acpi: true,
    });
  });
});
