import { XMLParser } from "fast-xml-parser";
import { messageOf } from "../message-of.ts";
import { XmlError } from "./escape.ts";
import { type Document, type Element, type Node, serialise } from "./tree.ts";
import { checkWellFormed, malformed, withoutAsides } from "./well-formed.ts";

/** The longest string in libvirt's protocol, in bytes (REMOTE_STRING_MAX): longer XML can't be defined. */
const MAX_BYTES = 4 * 1024 * 1024;

/** libxml2's limit (xmlParserMaxDepth). */
const MAX_DEPTH = 256;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // References stay as written; `resolveReferences` resolves them when a text is read.
  processEntities: false,
  cdataPropName: "#cdata",
  commentPropName: "#comment",
  captureMetaData: true,
  maxNestedTags: MAX_DEPTH,
  // Safe here: parsed nodes become Maps and arrays, never objects with a document's names as keys.
  onDangerousProperty: (name) => name,
});

/**
 * Parses a document so that serialising it returns the same bytes, except that line ends become \n, as every XML parser
 * reads them. A document type declaration is refused: libvirt's XML has none, and its entities can grow without bound.
 *
 * @throws XmlError, with line and column where they are known, for XML that isn't well-formed, or is too long or too deep
 *   for libvirt
 */
export function parseXml(xml: string): Document {
  if (Buffer.byteLength(xml) > MAX_BYTES) {
    throw new XmlError(`the XML exceeds libvirt's limit of ${MAX_BYTES} bytes`);
  }
  const source = xml.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  checkWellFormed(source);
  const document = toDocument(source, parseNodes(source));
  if (serialise(document) !== source)
    throw new XmlError("the XML has a form that can't be preserved byte for byte");
  return document;
}

/**
 * Parses a domain definition.
 *
 * @throws XmlError for other XML
 */
export function parseDomain(xml: string): Document {
  const document = parseXml(xml);
  if (document.root.name !== "domain")
    throw new XmlError(`expected a <domain>, found <${document.root.name}>`);
  return document;
}

function parseNodes(source: string): Parsed[] {
  try {
    return parser.parse(source);
  } catch (error) {
    const problem = messageOf(error);
    throw new XmlError(`the XML can't be parsed: ${problem}`);
  }
}

/** A node of fast-xml-parser: one key with its content, `:@` with attributes, and its position in the source. */
type Parsed = Record<string, unknown>;

function toDocument(source: string, nodes: Parsed[]): Document {
  const [first, second] = nodes.filter(isElement);
  if (!first) malformed(source, 0, "it has no element");
  if (second) malformed(source, span(second).start, "it has a second root element");
  const root = toNode(source, first);
  if (root.kind !== "element") malformed(source, 0, "it has no element");
  const { start, end } = span(first);
  const epilog = source.slice(end);
  const stray = /\S/.exec(withoutAsides(epilog));
  if (stray) malformed(source, end + stray.index, "it has text after the root element");
  return { prolog: source.slice(0, start), root, epilog };
}

const metadata = XMLParser.getMetaDataSymbol();

function span(node: Parsed): { start: number; end: number } {
  // The library declares its symbol as `Symbol` and its nodes as `any`.
  const place = (node as Record<symbol, { startIndex?: number; endIndex?: number } | undefined>)[
    metadata as symbol
  ];
  return { start: place?.startIndex ?? 0, end: place?.endIndex ?? 0 };
}

function nameOf(node: Parsed): string {
  return Object.keys(node).find((key) => key !== ":@") ?? "";
}

function isElement(node: Parsed): boolean {
  return !/^[#?]/.test(nameOf(node));
}

function toNode(source: string, node: Parsed): Node {
  const name = nameOf(node);
  if (name === "#text") return { kind: "text", raw: String(node[name]) };
  // With preserveOrder, every other node has the list of its children, and `:@` has strings.
  const parts = node[name] as Parsed[];
  const attributes = (node[":@"] ?? {}) as Record<string, string>;
  const content = () => parts.map((part) => part["#text"] ?? "").join("");
  const { start, end } = span(node);
  if (name === "#cdata") return { kind: "cdata", raw: `<![CDATA[${content()}]]>` };
  if (name === "#comment") return { kind: "comment", raw: `<!--${content()}-->` };
  if (name.startsWith("?")) return { kind: "instruction", raw: source.slice(start, end) };
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value.includes("<"))
      malformed(source, start, `the attribute ${attribute} contains < (which is written &lt;)`);
  }
  return {
    kind: "element",
    name,
    attributes: new Map(Object.entries(attributes)),
    children: parts.map((part) => toNode(source, part)),
    tags: tagsOf(source.slice(start, end)),
  };
}

/** An element's start tag, which may have > in quotes, and its end tag ("" when the start tag closes itself). */
function tagsOf(written: string): NonNullable<Element["tags"]> {
  const open = /^<(?:"[^"]*"|'[^']*'|[^>"'])*>/.exec(written)?.[0] ?? "";
  if (open.endsWith("/>")) return { open, close: "" };
  return { open, close: written.slice(written.lastIndexOf("</")) };
}
