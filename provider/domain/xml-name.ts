// The expression is sticky and can't match the same text in two ways, so that a scan takes time in proportion to the document's
// length.
const START = String.raw`:A-Z_a-z\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}\u{200D}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}`;
const NAME = new RegExp(String.raw`[${START}][${START}\-.0-9\u{B7}\u{300}-\u{36F}\u{203F}\u{2040}]*`, "uy");

/** NAME without characters beyond ASCII, which a loop finds faster: 2 where a name may begin, 1 where it only may go on. */
const ASCII_NAME = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[:A-Z_a-z]/.test(character)) return 2;
  return /[-.0-9]/.test(character) ? 1 : 0;
});

/** The name that begins here (XML 1.0, production 5); "" where there is none. */
export function nameAt(text: string, start: number): string {
  let at = start;
  let code = text.charCodeAt(at);
  while (code < ASCII_NAME.length && (ASCII_NAME[code] ?? 0) > (at === start ? 1 : 0)) {
    at += 1;
    code = text.charCodeAt(at);
  }
  if (code < ASCII_NAME.length || at === text.length) return text.slice(start, at);
  NAME.lastIndex = start;
  return NAME.exec(text)?.[0] ?? "";
}
