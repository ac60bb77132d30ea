/** Long enough for what QEMU prints when it can't start. */
const LENGTH_MAX = 2000;

/**
 * Text of the other side (libvirt, the guest, the remote host) as part of a message: on one line, without escape sequences
 * for the terminal or marks that reorder text, and cut, since the other side chooses its length.
 */
export function foreignText(text: string, max = LENGTH_MAX): string {
  // Cut first: what is cut off costs nothing.
  const start = text
    .slice(0, max)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return text.length > max ? `${start}… (${text.length} characters)` : start;
}
