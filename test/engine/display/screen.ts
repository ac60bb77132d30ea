// biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes of a terminal are what is read here
const TOKENS = /\x1b\[\??(\d*)(?:;\d+)*([A-Za-z])|[\s\S]/gu;

/** The lines that a terminal shows of a text with escapes: those that move the cursor, and those that clear. */
export function screen(text: string, columns: number): string {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  const line = () => {
    while (lines.length <= row) lines.push([]);
    return lines[row] ?? [];
  };
  for (const [token, count, command] of withoutQueries(text).matchAll(TOKENS)) {
    if (command === "A") row = Math.max(0, row - Number(count || 1));
    else if (command === "G") column = Number(count || 1) - 1;
    else if (command === "K") line().splice(count === "2" ? 0 : column);
    else if (command === "J") {
      line().splice(column);
      lines.splice(row + 1);
    } else if (command !== undefined) continue;
    else if (token === "\n") [row, column] = [row + 1, 0];
    else if (token === "\r") column = 0;
    else {
      if (column >= columns) [row, column] = [row + 1, 0];
      const cells = line();
      while (cells.length < column) cells.push(" ");
      cells[column] = token;
      column++;
    }
  }
  return lines.map((cells) => cells.join("")).join("\n");
}

/** Without what asks the terminal itself, as for its colours. */
function withoutQueries(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
  return text.replaceAll(/\x1b\].*?(?:\x1b\\|\x07)/g, "");
}
