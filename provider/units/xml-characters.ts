/** The characters that XML 1.0 (2.2, Char) excludes: most control characters, unpaired surrogates, U+FFFE and U+FFFF. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** The first character of a text that XML can't represent, not even escaped: its index, and its name such as "U+0000". */
export function forbiddenCharacter(text: string): { index: number; name: string } | undefined {
  const index = text.search(FORBIDDEN);
  if (index < 0) return undefined;
  const codePoint = text.codePointAt(index) ?? 0;
  return { index, name: `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}` };
}

/** Whether XML can represent all characters of a text. */
export function fitsXml(text: string): boolean {
  return !FORBIDDEN.test(text);
}
