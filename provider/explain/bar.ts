import type { Kib } from "../units/kib.ts";

/** A piece of a bar: the character that stands for it, and how much memory it is. */
export interface Piece {
  key: string;
  size: Kib;
}

/**
 * Pieces side by side, each as long as its share of `scale`, and at least one character where all fit.
 *
 * @returns for each piece what is drawn of it
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
