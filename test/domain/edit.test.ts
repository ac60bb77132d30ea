import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { buildDomain } from "../../provider/domain/build.ts";
import { editDefinition } from "../../provider/domain/edit.ts";
import { parseXml } from "../../provider/domain/parse.ts";
import { readDomain } from "../../provider/domain/read.ts";
import type { DomainSpec, InterfaceSpec } from "../../provider/domain/spec.ts";
import { children, type Element, serialiseNode, textOf } from "../../provider/domain/tree.ts";
import { lineDiff } from "../support/line-diff.ts";
import { fixture, fixtureNames } from "./fixture.ts";
import { anySpec, plainSpec } from "./spec.ts";

/** The content of a definition, without the order of its elements and attributes and the white space between them. */
function meaning(xml: string): string {
  const sorted = (of: Element): Element => {
    const elements = children(of).filter(({ name }) => name !== "controller" && name !== "vcpus");
    const attributes = new Map([...of.attributes].sort(([a], [b]) => (a < b ? -1 : 1)));
    const isText = elements.length === 0 && textOf(of).trim() !== "";
    const inside = elements.map(sorted).sort((a, b) => (serialiseNode(a) < serialiseNode(b) ? -1 : 1));
    return { kind: "element", name: of.name, attributes, children: isText ? of.children : inside };
  };
  return serialiseNode(sorted(parseXml(xml).root)).replaceAll("><", ">\n<");
}

/** The sizes and the owner of `before` in `after`: not this edit's business. */
function sameMemory(before: DomainSpec, after: DomainSpec): DomainSpec {
  const { maxMemory: _m, currentMemory: _c, ownership: _o, ...rest } = after;
  const { maxMemory, currentMemory, ownership } = before;
  return {
    ...rest,
    ...(maxMemory && { maxMemory }),
    ...(currentMemory && { currentMemory }),
    ...(ownership && { ownership }),
    cells: after.cells.map((cell, id) => ({ ...cell, memory: before.cells[id]?.memory ?? cell.memory })),
  };
}

describe("editDefinition", () => {
  test.prop([anySpec, anySpec])("makes of one definition the other", (before, some) => {
    // The vCPUs are set as a whole, by another function.
    const after = { ...sameMemory(before, some), vcpus: before.vcpus };
    const edited = editDefinition(buildDomain(before), before, after);
    expect(meaning(edited)).toBe(meaning(buildDomain(after)));
  });

  test.prop([fc.constantFrom(...fixtureNames), anySpec, anySpec])(
    "changes not a byte where the specs are the same except for sizes",
    (name, before, some) => {
      const after = { ...before, cells: before.cells.map(() => ({ memory: 1 })) };
      if (some.maxMemory) after.maxMemory = some.maxMemory;
      expect(editDefinition(fixture(name), before, after)).toBe(fixture(name));
    },
  );

  test.prop([fc.constantFrom("hand-made" as const, "virt-install" as const), anySpec, anySpec])(
    "is done when done once",
    (name, before, after) => {
      const once = editDefinition(fixture(name), before, after);
      expect(editDefinition(once, before, after)).toBe(once);
    },
  );

  it("gives the vCPUs that new nodes don't name to the nodes that a new domain has them in", () => {
    const before = { ...plainSpec, vcpus: 2, maxVcpus: 8 };
    const cells = [0, 1].map((cpu) => ({ memory: 513536, cpus: String(cpu) }));
    const after = { ...before, cells };
    const edited = editDefinition(buildDomain(before), before, after);
    for (const xml of [edited, buildDomain(after)])
      expect(readDomain(xml).cells).toMatchObject([{ cpus: "0,2-4" }, { cpus: "1,5-7" }]);
  });
});

const disk = { file: "/d", format: "qcow2", bus: "virtio", readOnly: false, device: "disk" } as const;
const card: InterfaceSpec = {
  kind: "network",
  source: "default",
  model: "virtio",
  mac: "52:54:00:6B:3C:58",
};

interface Row {
  what: string;
  file: "virt-install" | "hand-made";
  before: Partial<DomainSpec>;
  after: Partial<DomainSpec>;
}

const rows: Row[] = [
  {
    what: "a cell more",
    file: "hand-made",
    before: {
      cells: [
        { memory: 1, cpus: "0-1" },
        { memory: 1, cpus: "2-3" },
      ],
    },
    after: { cells: [{ memory: 1, cpus: "0-1" }, { memory: 1, cpus: "2-3" }, { memory: 1024 }] },
  },
  {
    what: "from a model to a mode",
    file: "hand-made",
    before: { cpu: "Skylake-Server" },
    after: { cpu: "maximum" },
  },
  {
    what: "from a mode to a model",
    file: "virt-install",
    before: { cpu: "host-passthrough" },
    after: { cpu: "EPYC" },
  },
  { what: "a CPU that is there already", file: "hand-made", before: {}, after: { cpu: "Skylake-Server" } },
  { what: "another version of the machine", file: "hand-made", before: {}, after: { machine: "pc-q35-8.0" } },
  {
    what: "another kind of machine",
    file: "virt-install",
    before: { machine: "q35" },
    after: { machine: "pc" },
  },
  { what: "UEFI to BIOS", file: "hand-made", before: { firmware: "uefi" }, after: { firmware: "bios" } },
  { what: "BIOS to UEFI", file: "virt-install", before: {}, after: { firmware: "uefi" } },
  {
    what: "a kernel",
    file: "virt-install",
    before: {},
    after: { boot: { kernel: "/k", commandLine: "a<b" } },
  },
  {
    what: "a disk's file",
    file: "virt-install",
    before: { disks: [disk] },
    after: { disks: [{ ...disk, file: "/e" }] },
  },
  { what: "a disk more", file: "virt-install", before: { disks: [disk] }, after: { disks: [disk, disk] } },
  { what: "a disk less", file: "virt-install", before: { disks: [disk] }, after: { disks: [] } },
  {
    what: "a disk that others put on a block device",
    file: "hand-made",
    before: { disks: [disk] },
    after: { disks: [{ ...disk, readOnly: true, device: "disk" }] },
  },
  {
    what: "a disk on another bus",
    file: "virt-install",
    before: { disks: [disk] },
    after: { disks: [{ ...disk, bus: "sata" }] },
  },
  {
    what: "another network",
    file: "virt-install",
    before: { interfaces: [card] },
    after: { interfaces: [{ kind: "bridge", source: "br0", model: "virtio", mac: card.mac }] },
  },
  {
    what: "another model of card",
    file: "virt-install",
    before: { interfaces: [card] },
    after: { interfaces: [{ ...card, model: "e1000e" }] },
  },
  {
    what: "another card",
    file: "virt-install",
    before: { interfaces: [card] },
    after: { interfaces: [{ ...card, mac: "52:54:00:00:00:01" }] },
  },
  {
    what: "the serial port to a file",
    file: "virt-install",
    before: { serial: "pty" },
    after: { serial: { file: "/s" } },
  },
  { what: "no serial port", file: "virt-install", before: { serial: "pty" }, after: {} },
  { what: "no agent", file: "virt-install", before: { agent: true }, after: { agent: false } },
  { what: "an agent", file: "hand-made", before: { agent: false }, after: { agent: true } },
  { what: "no balloon", file: "virt-install", before: { balloon: true }, after: { balloon: false } },
  {
    what: "another description",
    file: "hand-made",
    before: { description: "a" },
    after: { description: "<b>\n🛠" },
  },
  { what: "a description", file: "virt-install", before: {}, after: { description: "it's new" } },
  { what: "no description", file: "hand-made", before: { description: "a" }, after: {} },
];

describe("an edit of one part keeps the rest", () => {
  it.each(rows)("$what ($file)", ({ file, before, after }) => {
    const xml = fixture(file);
    const edited = editDefinition(xml, { ...plainSpec, ...before }, { ...plainSpec, ...after });
    expect(lineDiff(xml, edited).join("\n")).toMatchSnapshot();
  });
});
