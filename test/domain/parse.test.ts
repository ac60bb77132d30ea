import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { XmlError } from "../../provider/domain/escape.ts";
import { parseDomain, parseXml, readDomainXml, readXml } from "../../provider/domain/parse.ts";
import {
  attribute,
  children,
  element,
  find,
  remove,
  serialise,
  serialiseNode,
  setAttribute,
  setText,
  textOf,
} from "../../provider/domain/tree.ts";
import { documentXml, OBJECT_NAMES, xmlText } from "../support/arbitrary-xml.ts";
import { cases } from "../support/properties.ts";
import { fixture, fixtureNames } from "./fixture.ts";

describe("parse and serialise", () => {
  test.prop([documentXml], cases(400))("give back every byte", (xml) => {
    expect(serialise(parseXml(xml))).toBe(xml);
  });

  it.each(fixtureNames)("give back %s.xml", (name) => {
    expect(serialise(parseXml(fixture(name)))).toBe(fixture(name));
  });

  test.prop([xmlText, xmlText])("preserve text and attributes", (content, value) => {
    const made = serialiseNode(element("a", { value }, element("b", {}, content)));
    const { root } = parseXml(`<r>${made}</r>`);
    expect(attribute(find(root, "a"), "value")).toBe(value);
    expect(textOf(find(root, "a", "b"))).toBe(content);
  });

  it("reads references, CDATA and text around comments as one text", () => {
    const { root } = parseXml("<a>1 &lt; 2 &#38; &#x1F6E0;<!-- x --><![CDATA[ <&> ]]>&apos;&quot;</a>");
    expect(textOf(root)).toBe("1 < 2 & 🛠 <&> '\"");
  });

  it("reads line ends as XML does", () => {
    expect(serialise(parseXml("<a>\r\n<b/>\r</a>"))).toBe("<a>\n<b/>\n</a>");
  });

  it.each(OBJECT_NAMES)("keep the name %s, which JavaScript's objects have themselves", (name) => {
    const xml = `<${name} ${name}='1'><${name}><${name}/></${name}></${name}>`;
    const { root } = parseXml(xml);
    expect(attribute(root, name)).toBe("1");
    expect(children(root).map((child) => child.name)).toEqual([name]);
    expect(find(root, name, name)).toBeDefined();
    expect(serialise(parseXml(xml))).toBe(xml);
    expect(Object.keys({})).toEqual([]);
  });

  it.each(["", " encoding='UTF-8'", ' encoding="utf-8"', " encoding='utf8' standalone='yes'"])(
    "keep a declaration with%s",
    (encoding) => {
      const xml = `<?xml version='1.0'${encoding} ?>\n<a/>`;
      expect(serialise(parseXml(xml))).toBe(xml);
    },
  );
});

describe("a text that is read again", () => {
  const xml = "<domain a='1'><name>web</name><devices><disk/></devices></domain>";

  it("is the same document for all readers", () => {
    expect(readXml(xml)).toBe(readXml(xml));
    expect(readDomainXml(xml)).toBe(readXml(xml));
  });

  test.prop([documentXml], cases(100))("is what it was after an edit of a parsed one", (document) => {
    const shared = serialiseNode(readXml(document));
    const { root } = parseXml(document);
    setAttribute(root, "changed", "yes");
    setText(root, "changed");
    for (const child of children(root)) remove(root, child);
    expect(serialiseNode(readXml(document))).toBe(shared);
    expect(serialise(parseXml(document))).toBe(document);
  });

  it("keeps the last megabyte, so that a long run takes no more memory", () => {
    const first = readXml(xml);
    const long = "x".repeat(300 * 1024);
    for (const name of ["a", "b", "c"]) readXml(`<${name}>${long}</${name}>`);
    expect(readXml(xml)).toBe(first);
    for (const name of ["d", "e", "f", "g"]) readXml(`<${name}>${long}</${name}>`);
    expect(readXml(xml)).not.toBe(first);
    expect(readXml(`<g>${long}</g>`)).toBe(readXml(`<g>${long}</g>`));
  });
});

describe("what isn't accepted", () => {
  it.each([
    ["", "line 1, column 1: Start tag expected"],
    ["<a>", "line 1, column 1: Unclosed tag 'a'"],
    ["<a>\n <b></a>", "line 2, column 5: Expected closing tag 'b'"],
    ["<a b='1' b='2'/>", "column 10: Attribute 'b' is repeated"],
    ["<a b=c/>", "Attribute 'b' is without value"],
    ["<a/>\n<b/>", "line 2, column 1: it has a second root element"],
    ["<a/> x", "column 6: it has text after the root element"],
    ["<a>\n1 & 2</a>", "line 2, column 3: unknown reference"],
    ["<a b='&nbsp;'/>", "column 7: unknown reference"],
    ["<a>\u0000</a>", "column 4: the character U+0000 is not allowed"],
    ["<a>\u001b</a>", "U+001B"],
    ["<a>\ud83d</a>", "U+D83D"],
    ["<a>&#0;</a>", "'&#0;' is not allowed"],
    ["<a>&#xD800;</a>", "'&#xD800;' is not allowed"],
    ["<a><!-- </a>", "column 4: the comment is not closed"],
    ["<a><![CDATA[ </a>", "column 4: the CDATA section is not closed"],
    ["<!DOCTYPE a>\n<a/>", "line 1, column 1: document type declarations"],
    ["<a>\n<!ENTITY x 'y'></a>", "line 2, column 1: unexpected <!"],
    ["<a><!-- a -- b --></a>", "column 4: a comment can't contain --"],
    ["<a b='<'/>", "column 1: Attribute 'b' contains <"],
    ["<a>]]></a>", "column 4: unexpected ]]>"],
    ["<?xml version=1.0?>\n<a/>", "the XML declaration is malformed"],
    ["<a/>\n<?xml version='1.0'?>", "line 2, column 1: the XML declaration must be at the very beginning"],
    [
      "<?xml version='1.0' encoding='latin1'?><a/>",
      "column 1: the encoding in the XML declaration must be UTF-8",
    ],
    ["<?xml version='1.0' encoding='UTF-16'?><a/>", "the encoding in the XML declaration must be UTF-8"],
    ["<? x?><a/>", "the processing instruction has no name"],
    ["<a><1/></a>", "column 4: Start tag expected"],
    ["<a b='1'c='2'/>", "column 9: Attribute 'c' has no space before it"],
    ["<a b='1", "column 4: Attribute 'b' is without value"],
    ["<a", "column 1: Closing tag 'a' does not end in >"],
    ["<a></a", "column 4: Closing tag 'a' does not end in >"],
    ["<![CDATA[x]]><a/>", "column 1: Start tag expected"],
    ["x<a/>", "column 1: Start tag expected"],
    [`<${"n".repeat(5000)}>`, `Unclosed tag '${"n".repeat(80)}…'`],
  ])("%j", (xml, problem) => {
    expect(() => parseXml(xml)).toThrow(XmlError);
    expect(() => parseXml(xml)).toThrow(problem);
  });

  test.prop([documentXml, fc.nat(), fc.constantFrom("<", ">", "&", "'", "</", "/", "!", "<?xml", "=")])(
    "the message without quotes has nothing of the document",
    (xml, at, damage) => {
      const marked = xml.replace(/[A-Za-z_][\w.]*/g, (name) => (name === "xmlns" ? name : `hunter2${name}`));
      const damaged = marked.slice(0, at % marked.length) + damage + marked.slice(at % marked.length);
      try {
        parseDomain(damaged);
      } catch (error) {
        expect((error as XmlError).withoutQuotes).not.toContain("hunter2");
        expect((error as XmlError).withoutQuotes).toMatch(
          /^malformed XML at line \d+, column \d+: |^the XML /,
        );
      }
    },
  );

  it("refuses entities that grow, before any of them is read", () => {
    const entities = Array.from({ length: 20 }, (_, i) => `<!ENTITY l${i + 1} "&l${i};&l${i};">`).join("");
    expect(() => parseXml(`<!DOCTYPE a [<!ENTITY l0 "ha">${entities}]><a>&l20;</a>`)).toThrow(
      "document type declaration",
    );
  });

  it("is bounded in depth and size", () => {
    expect(() => parseXml("<a>".repeat(300) + "</a>".repeat(300))).toThrow("Maximum nested tags exceeded");
    expect(() => parseXml(`<a>${"é".repeat(2 * 1024 * 1024)}</a>`)).toThrow(
      "libvirt's limit of 4194304 bytes",
    );
  });

  test.prop([
    documentXml,
    fc.nat(),
    fc.string({ maxLength: 2, unit: fc.constantFrom("<", ">", "&", "'", "/", "!") }),
  ])("a damaged document gives an XmlError or comes back as it was", (xml, at, damage) => {
    const damaged = xml.slice(0, at % xml.length) + damage + xml.slice(at % xml.length);
    try {
      expect(serialise(parseXml(damaged))).toBe(damaged);
    } catch (error) {
      expect(error).toBeInstanceOf(XmlError);
    }
  });

  // A scan that is quadratic anywhere would run into the test's time-out.
  it.each([
    ["<!--", "the comment is not closed"],
    ["<?", "the processing instruction is not closed"],
    ["<![CDATA[", "the CDATA section is not closed"],
    ["<b>", "Maximum nested tags exceeded (256)"],
    ["&", "unknown reference"],
  ])("256 KiB of %j are refused", (part, problem) => {
    expect(() => parseXml(`<a>${part.repeat((256 * 1024) / part.length)}</a>`)).toThrow(problem);
  });

  it.each(["'", '"', "]]", "&amp;", "<b/>"])("256 KiB of %j are read", (part) => {
    const xml = `<a>${part.repeat((256 * 1024) / part.length)}</a>`;
    expect(serialise(parseXml(xml))).toBe(xml);
  });

  it("wants a domain", () => {
    expect(() => parseDomain("<network/>")).toThrow("expected a <domain>, found <network>");
  });

  it("refuses to write what XML can't hold", () => {
    expect(() => element("a", {}, "x\u0007")).toThrow("U+0007");
    expect(() => element("a", { b: "\ud800" })).toThrow("U+D800");
  });
});
