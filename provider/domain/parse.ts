import { XmlError } from "./escape.ts";
import { Scanner } from "./scan.ts";
import { copyOf, type Document, type SharedElement } from "./tree.ts";

/** The longest string in libvirt's protocol, in bytes (REMOTE_STRING_MAX): longer XML can't be defined. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The characters of the documents that are kept. An update reads each text of its domain a dozen times, and a run's domains are
 * updated side by side.
 */
const KEPT_CHARACTERS = 1024 * 1024;

/** The documents that were read last, by their text. Nobody changes them. */
const kept = new Map<string, Document>();
let keptCharacters = 0;

/**
 * Parses a document so that serialising it returns the same bytes, except that line ends become \n, as every XML parser
 * reads them. A document type declaration is refused: libvirt's XML has none, and its entities can grow without bound.
 *
 * @returns a document of its own, which may be changed
 * @throws XmlError, with line and column where they are known, for XML that isn't well-formed, or is too long or too deep
 *   for libvirt
 */
export function parseXml(xml: string): Document {
  const { prolog, root, epilog } = sharedDocument(xml);
  return { prolog, root: copyOf(root), epilog };
}

/**
 * The root element of a document that is only read.
 *
 * @throws XmlError as parseXml does
 */
export function readXml(xml: string): SharedElement {
  return sharedDocument(xml).root;
}

/**
 * Parses a domain definition.
 *
 * @throws XmlError for other XML
 */
export function parseDomain(xml: string): Document {
  const document = parseXml(xml);
  requireDomain(document.root);
  return document;
}

/**
 * The root element of a domain definition that is only read.
 *
 * @throws XmlError as parseDomain does
 */
export function readDomainXml(xml: string): SharedElement {
  const root = readXml(xml);
  requireDomain(root);
  return root;
}

function requireDomain({ name }: SharedElement): void {
  if (name !== "domain") throw new XmlError(`expected a <domain>, found <${name.slice(0, 80)}>`);
}

/** The document of a text, parsed once while it is among the last ones. */
function sharedDocument(xml: string): Document {
  const known = kept.get(xml);
  if (known !== undefined) {
    // The least recently used document is dropped first.
    kept.delete(xml);
    kept.set(xml, known);
    return known;
  }
  const document = parsed(xml);
  if (xml.length > KEPT_CHARACTERS) return document;
  kept.set(xml, document);
  keptCharacters += xml.length;
  for (const oldest of kept.keys()) {
    if (keptCharacters <= KEPT_CHARACTERS) break;
    kept.delete(oldest);
    keptCharacters -= oldest.length;
  }
  return document;
}

function parsed(xml: string): Document {
  if (Buffer.byteLength(xml) > MAX_BYTES) {
    throw new XmlError(`the XML exceeds libvirt's limit of ${MAX_BYTES} bytes`);
  }
  const source = xml.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const { root, start, end } = new Scanner(source).document();
  return { prolog: source.slice(0, start), root, epilog: source.slice(end) };
}
