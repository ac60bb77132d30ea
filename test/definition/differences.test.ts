import { describe, expect, test } from "vitest";
import { FIELD_NAMES } from "../../provider/args/fields.ts";
import type { Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { differingFields } from "../../provider/definition/differences.ts";
import { domainSpec } from "../../provider/definition/domain-spec.ts";
import { STORED_FIELDS } from "../../provider/definition/parts.ts";
import { buildDomain } from "../../provider/domain/build.ts";

const host = { arch: "x86_64", kvm: new Set(["x86_64"]), machines: new Map() };
const identity = { __urn: "urn", name: "web-1", uuid: "b899bb6d-05aa-5ffc-8b90-cc73ab7fee6c" };
const sizes = { memory: "1003MiB", maxMemory: "8192MiB", memorySlots: 16 };

/** One value of each argument that the XML stores, and another one. */
const VALUES: { [Field in (typeof STORED_FIELDS)[number]]-?: [Inputs[Field], Inputs[Field]] } = {
  cpu: ["host-model", "EPYC"],
  arch: ["x86_64", "aarch64"],
  machine: ["q35", "pc"],
  firmware: ["bios", "uefi"],
  boot: [{ kernel: "/k" }, { kernel: "/other" }],
  disks: [[{ file: "/a" }], [{ file: "/b" }]],
  interfaces: [
    [{ user: true, mac: "52:54:00:00:00:01" }],
    [{ network: "default", mac: "52:54:00:00:00:01" }],
  ],
  serial: ["pty", { file: "/log" }],
  agent: [true, false],
  balloon: [true, false],
  description: ["shop", "other"],
};

function definitionOf(args: Partial<Inputs>): { inputs: Inputs; wanted: ReturnType<typeof domainSpec> } {
  const inputs: Inputs = { ...identity, ...sizes, ...args };
  return { inputs, wanted: domainSpec(inputs, host, "kvm", DEFAULTS) };
}

test("every argument that the XML stores is compared, in the order of the field table", () => {
  expect(Object.keys(VALUES)).toEqual(STORED_FIELDS);
  expect(STORED_FIELDS).toEqual(FIELD_NAMES.filter((name) => name in VALUES));
});

describe.each(STORED_FIELDS)("an existing definition and %s", (field) => {
  const [value, other] = VALUES[field];
  const { inputs, wanted } = definitionOf({ [field]: value });

  test("with the same value: no difference", () => {
    expect(differingFields(buildDomain(wanted), inputs, wanted)).toEqual([]);
  });

  test("with another value: that field differs", () => {
    const xml = buildDomain(definitionOf({ [field]: other }).wanted);
    expect(differingFields(xml, inputs, wanted)).toEqual([field]);
  });

  test("that the program doesn't set: no difference", () => {
    const unset = definitionOf({});
    const xml = buildDomain(definitionOf({ [field]: other }).wanted);
    expect(differingFields(xml, unset.inputs, unset.wanted)).toEqual([]);
  });
});

describe("differences that libvirt makes itself don't count", () => {
  test.each([
    ["q35", "pc-q35-7.2"],
    ["pc", "pc-i440fx-7.2"],
    ["virt", "virt-7.2"],
    ["pc-q35-7.2", "pc-q35-7.2"],
  ])("machine %s is %s in the definition", (machine, versioned) => {
    const { inputs, wanted } = definitionOf({ machine });
    const xml = buildDomain({ ...wanted, machine: versioned });
    expect(differingFields(xml, inputs, wanted)).toEqual([]);
  });

  test("options of the balloon and the guest agent's channel", () => {
    const { inputs, wanted } = definitionOf({ agent: true, balloon: true });
    const xml = buildDomain(wanted)
      .replace("<stats period='2'", "<stats period='5'")
      .replace("<channel type='unix'>", "<channel type='unix'><alias name='channel0'/>");
    expect(xml).not.toBe(buildDomain(wanted));
    expect(differingFields(xml, inputs, wanted)).toEqual([]);
  });
});
