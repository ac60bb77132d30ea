/** Long enough for what QEMU prints when it can't start. */
const TEXT_MAX = 2_000;
/** Long enough for a refusal with all its reasons. */
const MESSAGE_MAX = 10_000;

/**
 * Text of the other side (libvirt, the guest, the remote host) as part of a message: on one line, without escape sequences
 * for the terminal or marks that reorder text, and cut, since the other side chooses its length.
 */
export function foreignText(text: string): string {
  return cut(text, TEXT_MAX, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu).trim();
}

/** A whole message, whatever it quotes: the same, but with its line breaks. */
export function messageText(text: string): string {
  return cut(text, MESSAGE_MAX, /[^\P{Cc}\n]+|[\p{Cf}\p{Zl}\p{Zp}]+/gu);
}

function cut(text: string, max: number, unwanted: RegExp): string {
  // Cut first: what is cut off costs nothing.
  const start = text.slice(0, max).toWellFormed().replace(unwanted, " ");
  return text.length > max ? `${start}… (${text.length} characters)` : start;
}
