/** What a drawing is made on. */
export interface Terminal {
  /** Characters in a line. */
  columns: number;
  /** With escape sequences for colours, which a terminal takes. */
  color: boolean;
}

/** SGR parameters (ECMA-48). */
const STYLES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", blue: "34", cyan: "36" } as const;
export type Style = keyof typeof STYLES;

export function paint(ink: Style, text: string, { color }: Terminal): string {
  return color && text !== "" ? `\x1b[${STYLES[ink]}m${text}\x1b[0m` : text;
}

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

/** A text behind a mark, its further lines below its first: «1. attach …». */
export function hangingIndent(mark: string, text: string, { columns }: Terminal): string[] {
  const indent = " ".repeat(mark.length);
  return wrap(text, columns - mark.length).map((line, index) => (index === 0 ? mark : indent) + line);
}
