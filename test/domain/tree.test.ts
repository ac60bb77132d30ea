import { describe, expect, it } from "vitest";
import { parseXml } from "../../provider/domain/parse.ts";
import {
  children,
  type Element,
  element,
  find,
  insert,
  remove,
  serialise,
  setAttribute,
  setText,
} from "../../provider/domain/tree.ts";

function edited(xml: string, change: (root: Element) => void): string {
  const document = parseXml(xml);
  change(document.root);
  return serialise(document);
}

describe("an edit", () => {
  const xml = `<a  x="1"\n y='2'>\n  <b c="d"></b>\n  <!-- kept -->\n  <e/>\n</a >\n`;

  it("that sets what is there already changes nothing", () => {
    expect(edited(xml, (root) => setAttribute(root, "x", 1))).toBe(xml);
    expect(edited("<a>1<b/>2</a>", (root) => setText(root, "12"))).toBe("<a>1<b/>2</a>");
  });

  it("of an attribute rewrites only that start tag", () => {
    expect(edited(xml, (root) => setAttribute(find(root, "b") ?? root, "c", "it's"))).toBe(
      xml.replace('<b c="d"></b>', `<b c='it&apos;s'/>`),
    );
    expect(edited(xml, (root) => setAttribute(root, "y", undefined))).toBe(
      xml.replace(`<a  x="1"\n y='2'>`, "<a x='1'>").replace("</a >", "</a>"),
    );
  });

  it("keeps the other attributes as they are written", () => {
    expect(edited(`<a x="it's" y='&quot;' z='1'/>`, (root) => setAttribute(root, "z", 2))).toBe(
      `<a x="it's" y='&quot;' z='2'/>`,
    );
  });

  it("removes an element with its line", () => {
    expect(edited(xml, (root) => children(root, "e").map((child) => remove(root, child)))).toBe(
      xml.replace("\n  <e/>", ""),
    );
    expect(edited("<a>\n  <b/>\n</a>", (root) => children(root).map((child) => remove(root, child)))).toBe(
      "<a></a>",
    );
    expect(edited("<a>text <b/></a>", (root) => children(root).map((child) => remove(root, child)))).toBe(
      "<a>text</a>",
    );
  });

  it("inserts in order, on a line of its own where the others are", () => {
    const child = () => element("n", {}, element("m"));
    const order = ["b", "n", "e"];
    expect(edited(xml, (root) => insert(root, child(), order))).toBe(
      xml.replace("</b>", "</b>\n  <n>\n    <m/>\n  </n>"),
    );
    expect(edited("<a><e/></a>", (root) => insert(root, child(), order))).toBe("<a><n><m/></n><e/></a>");
    expect(edited("<a><e/></a>", (root) => insert(root, child()))).toBe("<a><e/><n><m/></n></a>");
    expect(edited("<a/>", (root) => insert(root, child()))).toBe("<a><n><m/></n></a>");
    expect(edited("<a>\n <n/>\n <z/>\n</a>", (root) => insert(root, child(), order))).toBe(
      "<a>\n <n/>\n <n>\n   <m/>\n </n>\n <z/>\n</a>",
    );
  });
});
