import { XMLParser, XMLValidator } from "fast-xml-parser";
import { forbiddenCharacter, reference, referenced, XmlError } from "./escape.ts";
import { type Document, type Element, type Node, serialise } from "./tree.ts";

/** Longest string that libvirt's protocol carries, in bytes (REMOTE_STRING_MAX): longer XML could never be defined. */
const maxBytes = 4 * 1024 * 1024;

/** libxml2 stops at this depth too (xmlParserMaxDepth). */
const maxDepth = 256;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Left as written; `resolveReferences` does that when a text is read.
  processEntities: false,
  cdataPropName: "#cdata",
  commentPropName: "#comment",
  captureMetaData: true,
  maxNestedTags: maxDepth,
  // Safe here: parsed nodes become Maps and arrays below, never objects keyed by a document's names.
  onDangerousProperty: (name) => name,
});

/**
 * Parses a document so that serialising it gives back the same bytes (line ends become \n, as every XML parser reads
 * them). Throws {@link XmlError}, with line and column where they are known, for what isn't well-formed, for a document
 * type declaration (none of libvirt's XML has one, and entities defined there can grow without bound), and for XML too
 * long or too deep for libvirt.
 */
export function parse(xml: string): Document {
  if (Buffer.byteLength(xml) > maxBytes) {
    throw new XmlError(`the XML is longer than the ${maxBytes} bytes that libvirt takes`);
  }
  const source = xml.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  checkCharacters(source);
  checkWellFormed(source);
  const document = toDocument(source, parseNodes(source));
  if (serialise(document) !== source)
    throw new XmlError("the XML is written in a form that cannot be kept as it is");
  return document;
}

/** Parses a domain definition; throws {@link XmlError} when it is none. */
export function parseDomain(xml: string): Document {
  const document = parse(xml);
  if (document.root.name !== "domain")
    throw new XmlError(`expected a <domain>, found <${document.root.name}>`);
  return document;
}

function fail(source: string, index: number, problem: string): never {
  const lines = source.slice(0, index).split("\n");
  const column = (lines.at(-1)?.length ?? 0) + 1;
  throw new XmlError(`malformed XML at line ${lines.length}, column ${column}: ${problem}`);
}

/** Characters, references and declarations: what the validator of fast-xml-parser leaves out. */
function checkCharacters(source: string): void {
  const found = forbiddenCharacter(source);
  if (found) fail(source, found.index, `the character ${found.name} is not allowed in XML`);
  const markup = source.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>/g, (skipped) =>
    " ".repeat(skipped.length),
  );
  const declaration = /<!(DOCTYPE|--|\[CDATA\[)?/.exec(markup);
  if (declaration) {
    const problems: Readonly<Record<string, string>> = {
      DOCTYPE: "a document type declaration (<!DOCTYPE>) is not accepted",
      "--": "the comment is not closed",
      "[CDATA[": "the CDATA section is not closed",
    };
    fail(source, declaration.index, problems[declaration[1] ?? ""] ?? "unexpected <!");
  }
  const known = new Map([...markup.matchAll(reference)].map((match) => [match.index, match]));
  for (const { index } of markup.matchAll(/&/g)) {
    const match = known.get(index);
    if (!match) fail(source, index, "& starts no reference that XML knows (a plain & is written &amp;)");
    if (referenced(match) === undefined) fail(source, index, `${match[0]} is not allowed in XML`);
  }
}

function checkWellFormed(source: string): void {
  const verdict = XMLValidator.validate(source);
  if (verdict === true) return;
  const { line, col, msg } = verdict.err;
  throw new XmlError(`malformed XML at line ${line}, column ${col ?? 1}: ${msg}`);
}

/** A node of fast-xml-parser: one key with its content, `:@` with attributes, and its place in the source. */
type Parsed = Record<string, unknown>;

function parseNodes(source: string): Parsed[] {
  try {
    return parser.parse(source);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new XmlError(`the XML cannot be read: ${problem}`);
  }
}

function toDocument(source: string, nodes: Parsed[]): Document {
  const [first, second] = nodes.filter(isElement);
  if (!first) fail(source, 0, "there is no element");
  if (second) fail(source, span(second).start, "there is a second root element");
  const root = toNode(source, first);
  if (root.kind !== "element") fail(source, 0, "there is no element");
  const { start, end } = span(first);
  const epilog = source.slice(end);
  const stray = /[^\s]/.exec(
    epilog.replace(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g, (skipped) => " ".repeat(skipped.length)),
  );
  if (stray) fail(source, end + stray.index, "there is text after the root element");
  return { prolog: source.slice(0, start), root, epilog };
}

const metadata = XMLParser.getMetaDataSymbol();

function span(node: Parsed): { start: number; end: number } {
  // The library types its symbol as `Symbol` and its nodes as `any`; neither says what is there.
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
  // With preserveOrder every other node holds the list of its children, and `:@` plain strings.
  const parts = node[name] as Parsed[];
  const attributes = (node[":@"] ?? {}) as Record<string, string>;
  const content = () => parts.map((part) => part["#text"] ?? "").join("");
  const { start, end } = span(node);
  if (name === "#cdata") return { kind: "cdata", raw: `<![CDATA[${content()}]]>` };
  if (name === "#comment") return { kind: "comment", raw: `<!--${content()}-->` };
  if (name.startsWith("?")) return { kind: "instruction", raw: source.slice(start, end) };
  return {
    kind: "element",
    name,
    attributes: new Map(Object.entries(attributes)),
    children: parts.map((part) => toNode(source, part)),
    tags: tagsOf(source.slice(start, end)),
  };
}

/** An element's start tag, quotes minded, and its end tag ("" when the start tag closes itself). */
function tagsOf(written: string): NonNullable<Element["tags"]> {
  const open = /^<(?:"[^"]*"|'[^']*'|[^>"'])*>/.exec(written)?.[0] ?? "";
  if (open.endsWith("/>")) return { open, close: "" };
  return { open, close: written.slice(written.lastIndexOf("</")) };
}
