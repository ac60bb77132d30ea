import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { setOwnership } from "../../provider/domain/edit.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { xmlText } from "../support/arbitrary-xml.ts";
import { fixture, fixtureNames } from "./fixture.ts";

const owner = { version: 1, urn: "urn:pulumi:dev::p::t::n", creating: true };
const ns = "urn:pulumi-libvirt-hotplug:domain:1";
const domain = (inside: string, attributes = "") =>
  `<domain type='qemu'${attributes}><name>n</name>${inside}<memory>1</memory></domain>`;

describe("ownership is known by its namespace", () => {
  it.each([
    [
      "our prefix",
      domain(`<metadata><hotplug:domain xmlns:hotplug='${ns}' version='1' urn='u'/></metadata>`),
    ],
    ["another", domain(`<metadata><x:domain xmlns:x="${ns}" version='1' urn='u'/></metadata>`)],
    ["none", domain(`<metadata><domain xmlns='${ns}' version='1' urn='u'/></metadata>`)],
    ["bound on the root", domain(`<metadata><x:domain version='1' urn='u'/></metadata>`, ` xmlns:x='${ns}'`)],
    ["bound on the metadata", domain(`<metadata xmlns:x='${ns}'><x:domain version='1' urn='u'/></metadata>`)],
    [
      "after other elements",
      domain(`<metadata><a:b xmlns:a='urn:a'/><x:domain xmlns:x='${ns}' version='1' urn='u'/></metadata>`),
    ],
  ])("%s", (_, xml) => {
    expect(readDomain(xml).ownership).toEqual({ version: 1, urn: "u", creating: false });
  });

  it.each([
    [
      "another namespace",
      domain(`<metadata><hotplug:domain xmlns:hotplug='urn:x' version='1' urn='u'/></metadata>`),
    ],
    [
      "bound again nearer by",
      domain(`<metadata><x:domain xmlns:x='urn:x' version='1' urn='u'/></metadata>`, ` xmlns:x='${ns}'`),
    ],
    ["another name", domain(`<metadata><x:other xmlns:x='${ns}' version='1' urn='u'/></metadata>`)],
    ["no URN", domain(`<metadata><x:domain xmlns:x='${ns}' version='1'/></metadata>`)],
    ["outside of the metadata", domain(`<x:domain xmlns:x='${ns}' version='1' urn='u'/>`)],
  ])("not %s", (_, xml) => {
    expect(readDomain(xml).ownership).toBeUndefined();
  });
});

describe("setOwnership", () => {
  test.prop([fc.constantFrom(...fixtureNames), xmlText, fc.boolean()])(
    "is read again",
    (name, urn, creating) => {
      const xml = setOwnership(fixture(name), { version: 1, urn, creating });
      expect(readDomain(xml)).toEqual({
        ...readDomain(fixture(name)),
        ownership: { version: 1, urn, creating },
      });
    },
  );

  it.each(["virt-install", "hand-made", "virtio-mem"] as const)(
    "and removed leaves %s.xml as it was",
    (name) => {
      const xml = fixture(name);
      expect(setOwnership(setOwnership(xml, owner), undefined)).toBe(xml);
    },
  );

  it("replaces this provider's element and keeps all others", () => {
    const others = `<a:b xmlns:a="urn:a">\n <c/></a:b>`;
    const xml = domain(
      `<metadata>${others}<x:domain xmlns:x='${ns}' version='1' urn='old' creating='true'/></metadata>`,
    );
    expect(setOwnership(xml, { ...owner, creating: false })).toBe(
      domain(
        `<metadata>${others}<hotplug:domain xmlns:hotplug='${ns}' version='1' urn='urn:pulumi:dev::p::t::n'/></metadata>`,
      ),
    );
  });
});
