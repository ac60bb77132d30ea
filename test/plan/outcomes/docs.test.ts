import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OUTCOMES } from "./outcomes.ts";
import type { OutcomeRow } from "./row.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/outcomes.md"), "utf8");

/** The docs' word for each outcome. */
const WORDS: Record<OutcomeRow["outcome"], string> = {
  create: "created",
  live: "live",
  none: "nothing to do",
  nextBoot: "next boot",
  restart: "restart",
  replace: "replace",
  refuse: "error",
  unknown: "not known",
  "check error": "check error",
};

interface DocumentedRow {
  change: string;
  outcome: string;
  /** What the page quotes of the preview; undefined where that says nothing. */
  quote: string | undefined;
  why: string;
}

/** The table of outcomes under a heading. */
function documented(heading: string): DocumentedRow[] {
  const section =
    page.split(/^## /m).find((text) => text.replaceAll("`", "").startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => {
    const [change = "", outcome = "", says = "", why = ""] = line.slice(2, -2).split(" | ");
    return { change, outcome, quote: /^`(.*)`$/.exec(says)?.[1], why };
  });
}

describe.each(Object.entries(OUTCOMES))("the page of outcomes has «%s»", (heading, rows) => {
  test("with every row, its outcome and a reason, in this order", () => {
    const found = documented(heading);
    expect(found.map(({ change, outcome }) => [change, outcome])).toEqual(
      rows.map(({ name, outcome }) => [name, WORDS[outcome]]),
    );
    expect(found.filter(({ why }) => why === "")).toEqual([]);
  });

  test.each(rows.map((row, index) => [row.name, row, index] as const))(
    "in the planner's own words: %s",
    (_, { sentence }, index) => {
      const { quote } = documented(heading)[index] ?? {};
      if (sentence === "") expect(quote).toBeUndefined();
      else expect(sentence).toContain(quote ?? "a quotation of the preview");
    },
  );
});
