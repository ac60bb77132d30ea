import { styleText } from "node:util";

/** Where a drawing is shown. */
export interface Terminal {
  /** Characters in a line. */
  columns: number;
  color: boolean;
}

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan";

export function paint(style: Style, text: string, { color }: Terminal): string {
  // The caller has decided about colour: `styleText` would look at this process's own standard output.
  return color && text !== "" ? styleText(style, text, { validateStream: false }) : text;
}

// No library for widths (string-width, wrap-ansi): every character that is drawn takes one column, and colour is added
// to whole lines after wrapping.

/** Breaks a text at its blanks. A word that is longer than a line stays whole, so that it can be copied. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** A text behind a mark, its further lines indented by the mark's width: "1. attach …". */
export function hangingIndent(mark: string, text: string, columns: number): string[] {
  const indent = " ".repeat(mark.length);
  return wrap(text, columns - mark.length).map((line, index) => (index === 0 ? mark : indent) + line);
}
