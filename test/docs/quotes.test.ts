import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { OUTCOMES } from "../plan/outcomes/outcomes.ts";

const folder = join(import.meta.dirname, "../../docs");
const headlines = new Set(Object.values(OUTCOMES).flatMap((rows) => rows.map(({ headline }) => headline)));

/** The lines of a page's fenced blocks that quote a plan's headline. */
function quoted(page: string): string[] {
  const blocks = readFileSync(join(folder, page), "utf8").match(/^```\n.*?^```$/gms) ?? [];
  const opening = /^(live|next boot|restart|replace|refused): /;
  return blocks.flatMap((block) => block.split("\n")).filter((line) => opening.test(line));
}

test("docs/numa.md quotes headlines", () => {
  expect(quoted("numa.md").length).toBeGreaterThanOrEqual(3);
});

test.each(globSync("*.md", { cwd: folder }))("the headlines in docs/%s are the planner's", (page) => {
  expect(quoted(page).filter((line) => !headlines.has(line))).toEqual([]);
});
