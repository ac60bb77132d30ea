import type { Columns, Look, Row } from "./row.ts";

/** The CLI keeps room in this column for the dots that it moves while a step runs. */
const STATUS = 3;
const ROOM_FOR_DOTS = 3;

/** The rows of a terminal: a header, then the root, and below each resource what belongs to it. */
export function tableLines(root: Row, rows: Row[], o: { look: Look; width: number }): string[] {
  const others = rows.filter((row) => row !== root);
  const byUrn = new Map([root, ...others].map((row) => [row.urn, row]));
  const childrenOf = (parent: Row): Row[] =>
    others.filter((row) => (byUrn.get(row.parent) ?? root) === parent && isVisible(row));
  const isVisible = (row: Row): boolean => row.isShown || childrenOf(row).length > 0;
  const below = (parent: Row, indent: string): Columns[] =>
    childrenOf(parent).flatMap((row, i, siblings) => {
      const [branch, trunk] = i === siblings.length - 1 ? ["└─ ", "   "] : ["├─ ", "│  "];
      const [sign, type, ...rest] = row.columns(o.look);
      return [[sign, indent + branch + type, ...rest], ...below(row, indent + trunk)];
    });

  if (!isVisible(root)) return [];
  const cells = [root.columns(o.look), ...below(root, "")];
  const hasInfo = cells.some(([, , , , info]) => info !== "");
  cells.unshift(["", "Type", "Name", o.look.preview ? "Plan" : "Status", hasInfo ? "Info" : ""]);
  const widths = [0, 1, 2, 3, 4].map(
    (i) => Math.max(...cells.map((row) => lengthOf(row[i] ?? ""))) + (i === STATUS ? ROOM_FOR_DOTS : 0),
  );
  return cells.map((row) => {
    const padded = row.map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - lengthOf(cell)));
    return [...` ${padded.join("  ").trimEnd()}`].slice(0, o.width - 1).join("");
  });
}

function lengthOf(text: string): number {
  return [...text].length;
}
