import { XmlError } from "./escape.ts";
import { Scanner } from "./scan.ts";
import type { Document } from "./tree.ts";

/** The longest string in libvirt's protocol, in bytes (REMOTE_STRING_MAX): longer XML can't be defined. */
const MAX_BYTES = 4 * 1024 * 1024;

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
  const { root, start, end } = new Scanner(source).document();
  return { prolog: source.slice(0, start), root, epilog: source.slice(end) };
}

/**
 * Parses a domain definition.
 *
 * @throws XmlError for other XML
 */
export function parseDomain(xml: string): Document {
  const document = parseXml(xml);
  if (document.root.name !== "domain")
    throw new XmlError(`expected a <domain>, found <${document.root.name.slice(0, 80)}>`);
  return document;
}
