/** @throws Error where the text has a sequence that is not UTF-8, or a control character */
export function percentDecoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text);
  } catch {
    throw new Error(`"${text}" is not percent-encoded UTF-8`);
  }
  if (/\p{Cc}/u.test(plain)) throw new Error("control characters are not allowed");
  return plain;
}
