import { QuotingError } from "../message-of.ts";
import { fitsXml, forbiddenCharacter } from "../units/xml-characters.ts";

/** Thrown for text that isn't XML, or that XML can't represent. */
export class XmlError extends QuotingError {
  override readonly name = "XmlError";
  readonly withoutQuotes: string;

  /** @param withoutQuotes the message without anything of the XML's content */
  constructor(
    message: string,
    withoutQuotes = "the XML can't be used; the reason isn't shown, because it may quote a secret argument",
  ) {
    super(message);
    this.withoutQuotes = withoutQuotes;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;",
  // A parser would normalise these three to blanks or line feeds (XML 1.0, 2.11 and 3.3.3).
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

function escaped(text: string, characters: RegExp): string {
  const found = forbiddenCharacter(text);
  // The text isn't quoted: it may be a secret.
  if (found)
    throw new XmlError(`XML can't represent ${found.name} (character ${found.index + 1} of the text)`);
  return text.replace(characters, (character) => ESCAPES[character] ?? character);
}

/**
 * Escapes text between tags.
 *
 * @throws XmlError for characters that XML can't represent
 */
export function escapeText(text: string): string {
  return escaped(text, /[&<>\r]/g);
}

/**
 * Escapes an attribute's value for either kind of quotes.
 *
 * @throws XmlError for characters that XML can't represent
 */
export function escapeAttribute(value: string): string {
  return escaped(value, /[&<>'"\t\n\r]/g);
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", apos: "'", quot: '"' };

/** A reference to a character that needs no DTD: one of the five names, or a number. */
export const REFERENCE = /&(?:(amp|lt|gt|apos|quot)|#([0-9]+)|#x([0-9a-fA-F]+));/g;

/** The character of a match of `REFERENCE`; undefined when XML can't represent it. */
export function referenced(match: RegExpMatchArray): string | undefined {
  const [, name, decimal, hexadecimal] = match;
  if (name !== undefined) return NAMED[name];
  const codePoint = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  if (codePoint > 0x10ffff) return undefined;
  const character = String.fromCodePoint(codePoint);
  return fitsXml(character) ? character : undefined;
}

/** Resolves the references in escaped text. The parser has refused all others. */
export function resolveReferences(raw: string): string {
  if (!raw.includes("&")) return raw;
  let text = "";
  let end = 0;
  for (const match of raw.matchAll(REFERENCE)) {
    text += raw.slice(end, match.index) + (referenced(match) ?? "");
    end = match.index + match[0].length;
  }
  return text + raw.slice(end);
}
