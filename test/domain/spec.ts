import fc from "fast-check";
import type { DomainSpec } from "../../provider/domain/spec.ts";
import { xmlText } from "../support/arbitrary-xml.ts";

/** A small domain to vary. */
export const plainSpec: DomainSpec = {
  type: "qemu",
  name: "web-1",
  uuid: "5e3cd0c1-0bd1-4f0b-8cb0-9a1f2f4b9b01",
  cells: [{ memory: 1027072 }],
  vcpus: 2,
  arch: "x86_64",
  firmware: "bios",
  acpi: true,
  disks: [],
  interfaces: [],
  hotplugPorts: 8,
  agent: true,
  balloon: true,
};

const disk = fc.record({
  file: xmlText.map((name) => `/${name}`),
  format: fc.constantFrom("raw", "qcow2"),
  bus: fc.constantFrom("virtio", "scsi", "sata", "ide", "usb"),
  readOnly: fc.boolean(),
  device: fc.constantFrom("disk", "cdrom"),
});

const card = (mac: string) =>
  fc
    .tuple(
      fc.constantFrom("virtio", "e1000e"),
      fc.oneof(
        fc.record({ kind: fc.constant("network" as const), source: xmlText }),
        fc.record({ kind: fc.constant("bridge" as const), source: xmlText }),
        fc.constant({ kind: "user" } as const),
      ),
    )
    .map(([model, source]) => ({ model, mac, ...source }));

const sizes = fc.integer({ min: 1, max: 2 ** 40 });

/** Any spec that the type allows, with texts that need escaping. */
export const anySpec: fc.Arbitrary<DomainSpec> = fc.record(
  {
    type: fc.constantFrom("qemu", "kvm"),
    name: xmlText.map((text) => `n${text}`),
    uuid: fc.uuid(),
    description: xmlText,
    cells: fc.array(fc.record({ memory: sizes }), { minLength: 1, maxLength: 3 }),
    currentMemory: sizes,
    maxMemory: fc.record({ size: sizes, slots: fc.integer({ min: 1, max: 256 }) }),
    vcpus: fc.integer({ min: 1, max: 8 }),
    cpu: fc.constantFrom("host-passthrough", "host-model", "maximum", "EPYC", "qemu64"),
    arch: fc.constantFrom("x86_64", "aarch64", "s390x"),
    machine: fc.constantFrom("q35", "pc", "virt"),
    firmware: fc.constantFrom("bios", "uefi"),
    acpi: fc.boolean(),
    boot: fc.record({ kernel: xmlText, initrd: xmlText, commandLine: xmlText }, { requiredKeys: ["kernel"] }),
    disks: fc.array(disk, { maxLength: 3 }),
    interfaces: fc
      .tuple(card("52:54:00:00:00:0a"), card("52:54:00:00:00:0b"))
      .chain((cards) => fc.subarray(cards)),
    serial: fc.oneof(fc.constant("pty" as const), fc.record({ file: xmlText })),
    agent: fc.boolean(),
    balloon: fc.boolean(),
    hotplugPorts: fc.nat(8),
    ownership: fc.record({ version: fc.constant(1), urn: xmlText, creating: fc.boolean() }),
  },
  {
    requiredKeys: [
      "type",
      "name",
      "uuid",
      "cells",
      "vcpus",
      "arch",
      "firmware",
      "acpi",
      "disks",
      "interfaces",
      "agent",
      "balloon",
      "hotplugPorts",
    ],
  },
);
