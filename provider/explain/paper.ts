/** What a drawing is made on. */
export interface Paper {
  /** Characters in a line. */
  columns: number;
  /** With escape sequences for colours, which a terminal takes. */
  color: boolean;
}

/** SGR parameters (ECMA-48). */
const INKS = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", blue: "34", cyan: "36" } as const;
export type Ink = keyof typeof INKS;

export function paint(ink: Ink, text: string, { color }: Paper): string {
  return color && text !== "" ? `\x1b[${INKS[ink]}m${text}\x1b[0m` : text;
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
export function hang(mark: string, text: string, { columns }: Paper): string[] {
  const indent = " ".repeat(mark.length);
  return wrap(text, columns - mark.length).map((line, index) => (index === 0 ? mark : indent) + line);
}
