/** Thrown for text that isn't XML, or that XML can't hold. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

/** What XML 1.0 (2.2, Char) can't hold even escaped: most control characters, lone surrogates, U+FFFE, U+FFFF. */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** The first character of a text that XML can't hold, as «U+0000», with its place; undefined when there is none. */
export function forbiddenCharacter(text: string): { index: number; name: string } | undefined {
  const index = text.search(forbidden);
  if (index < 0) return undefined;
  return { index, name: characterName(text.codePointAt(index) ?? 0) };
}

function characterName(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;",
  // A parser would turn these three into blanks or line feeds (XML 1.0, 2.11 and 3.3.3).
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

function escaped(text: string, characters: RegExp): string {
  const found = forbiddenCharacter(text);
  // The text isn't quoted: it may be a secret.
  if (found)
    throw new XmlError(`XML cannot hold the character ${found.name} (number ${found.index + 1} of the text)`);
  return text.replace(characters, (character) => escapes[character] ?? character);
}

/** Text as it stands between tags. Throws {@link XmlError} for characters that XML forbids. */
export function escapeText(text: string): string {
  return escaped(text, /[&<>\r]/g);
}

/** A value as it stands between either kind of quotes. Throws {@link XmlError} for characters that XML forbids. */
export function escapeAttribute(value: string): string {
  return escaped(value, /[&<>'"\t\n\r]/g);
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", apos: "'", quot: '"' };

/** A reference that stands for a character without a DTD (which we refuse): one of the five names, or a number. */
export const reference = /&(?:(amp|lt|gt|apos|quot)|#([0-9]+)|#x([0-9a-fA-F]+));/g;

/** The character a match of {@link reference} stands for; undefined when XML forbids it. */
export function referenced(match: RegExpMatchArray): string | undefined {
  const [, name, decimal, hexadecimal] = match;
  if (name !== undefined) return named[name];
  const codePoint = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  if (codePoint > 0x10ffff) return undefined;
  const character = String.fromCodePoint(codePoint);
  return forbidden.test(character) ? undefined : character;
}

/** What an escaped text or value says. The parser has refused every other reference before. */
export function resolveReferences(raw: string): string {
  if (!raw.includes("&")) return raw;
  let text = "";
  let end = 0;
  for (const match of raw.matchAll(reference)) {
    text += raw.slice(end, match.index) + (referenced(match) ?? "");
    end = match.index + match[0].length;
  }
  return text + raw.slice(end);
}
