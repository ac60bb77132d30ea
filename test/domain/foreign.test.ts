import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { editDefinition, setOwnership } from "../../provider/domain/edit.ts";
import { setMemory } from "../../provider/domain/memory.ts";
import { overlay } from "../../provider/domain/overlay.ts";
import { parseDomain, parseXml } from "../../provider/domain/parse.ts";
import { isAgentConnected, readDomain } from "../../provider/domain/read.ts";
import { children, type Element, serialise } from "../../provider/domain/tree.ts";
import { OBJECT_NAMES } from "../support/arbitrary-xml.ts";
import { fixture, fixtureNames } from "./fixture.ts";
import { anySpec } from "./spec.ts";

/** The names of libvirt's elements, and those that JavaScript's objects have themselves. */
const names = fc.constantFrom(
  ...["domain", "name", "uuid", "memory", "currentMemory", "maxMemory", "vcpu", "vcpus", "os", "type"],
  ...["features", "acpi", "cpu", "numa", "cell", "devices", "memballoon", "channel", "target", "size"],
  ...["node", "alias", "address", "source", "nodemask", "requested", "current", "disk", "interface"],
  ...["controller", "console", "serial", "memoryBacking", "locked", "loader", "metadata", "description"],
  ...OBJECT_NAMES,
);

const attributes = " memory='7' cpus='0-3' id='0' model='dimm' name='ua-pulumi-dimm0' type='pci' slot='0'";

/** An element of another namespace, in each way of saying so. */
const foreign = fc
  .tuple(names, names, fc.nat(2))
  .map(([name, inner, way]) =>
    [
      `<${name} xmlns='urn:other'${attributes}>9<${inner}${attributes}>9</${inner}></${name}>`,
      `<x:${name} xmlns:x='urn:other'${attributes}>9<x:${inner}>9</x:${inner}></x:${name}>`,
      `<x:wrap xmlns:x='urn:other' xmlns='urn:more'><${name}${attributes}>9</${name}></x:wrap>`,
    ].at(way),
  );

function allElements(of: Element): Element[] {
  return [of, ...children(of).flatMap(allElements)];
}

/** The definition with one more element, as the first or the last child of any of its own. */
function withElement(xml: string, inserted: string, place: number, isFirst: boolean): string {
  const document = parseDomain(xml);
  const parents = allElements(document.root).filter(({ name }) => !name.startsWith("{"));
  const parent = parents[place % parents.length];
  const { root } = parseXml(inserted);
  if (isFirst) parent?.children.unshift(root);
  else parent?.children.push(root);
  return serialise(document);
}

/** Without white space between elements, and without a <metadata> that has nothing left in it. */
function unspaced(xml: string): string {
  return xml
    .replace(/>\s+/g, ">")
    .replace(/\s+</g, "<")
    .replace(/<([\w:.-]+)([^<>]*)><\/\1>/g, "<$1$2/>")
    .replace("<metadata/>", "");
}

describe("an element of another namespace", () => {
  test.prop([fc.constantFrom(...fixtureNames), foreign, fc.nat(), fc.boolean()])(
    "isn't read as libvirt's",
    (name, element = "", place, isFirst) => {
      const xml = withElement(fixture(name), element, place, isFirst);
      expect(xml).toContain(element);
      expect(readDomain(xml)).toEqual(readDomain(fixture(name)));
      expect(isAgentConnected(xml)).toBe(isAgentConnected(fixture(name)));
    },
  );

  test.prop([fc.constantFrom(...fixtureNames), foreign, fc.nat(), fc.boolean(), anySpec, anySpec])(
    "isn't changed, and changes no edit",
    (name, element = "", place, isFirst, before, after) => {
      const plain = fixture(name);
      const { cells, memory } = readDomain(plain);
      const owner = { version: 1, urn: "urn:pulumi:dev::p::t::n", creating: true };
      const edits: ((xml: string) => string)[] = [
        (xml) => setOwnership(xml, owner),
        (xml) => setOwnership(xml, undefined),
        (xml) => setMemory(xml, { cells: cells.map(() => 4096), total: memory + 1024, maxMemory: null }),
      ];
      for (const edit of edits) {
        const edited = edit(withElement(plain, element, place, isFirst));
        expect(unspaced(edited.replace(element, ""))).toBe(unspaced(edit(plain)));
      }
      // These may remove the device that the element is in.
      for (const edit of [
        (xml: string) => editDefinition(xml, before, after),
        (xml: string) => overlay(xml, { ...after, cells: [{ memory: 4096 }] }),
      ]) {
        const edited = edit(withElement(plain, element, place, isFirst));
        expect(unspaced(edited.replace(element, ""))).toBe(unspaced(edit(plain)));
      }
    },
  );
});

it("a document in another namespace isn't a domain", () => {
  expect(() => readDomain("<domain xmlns='urn:x'><memory>1</memory></domain>")).toThrow(
    "expected a <domain>, found <{urn:x}domain>",
  );
  expect(readDomain("<domain xmlns=''><memory>1</memory></domain>").memory).toBe(1);
});
