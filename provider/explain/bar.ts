import type { Kib } from "../units/kib.ts";

/** A piece of a bar: the character that represents it, and its memory. */
export interface Piece {
  key: string;
  size: Kib;
}

/**
 * Draws pieces side by side, each as long as its share of `scale`, and at least one character long where all fit.
 *
 * @returns the text of each piece
 */
export function drawBar(pieces: Piece[], scale: Kib, columns: number): { key: string; text: string }[] {
  const least = pieces.length <= columns ? 1 : 0;
  let memory = 0;
  let end = 0;
  return pieces.map(({ key, size }, index) => {
    memory += size;
    const needed = least * (pieces.length - 1 - index);
    const next = Math.min(columns - needed, Math.max(end + least, Math.round((memory / scale) * columns)));
    const text = key.repeat(next - end);
    end = next;
    return { key, text };
  });
}
