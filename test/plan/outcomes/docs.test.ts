import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OUTCOMES } from "./outcomes.ts";
import type { OutcomeRow } from "./row.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/outcomes.md"), "utf8");

/** How the page names each outcome. */
const WORDS: Record<OutcomeRow["outcome"], string> = {
  create: "created",
  live: "live",
  none: "nothing to do",
  nextBoot: "next boot",
  restart: "restart",
  replace: "replace",
  refuse: "refused",
  unknown: "unknown",
  "check error": "check error",
};

interface DocumentedRow {
  change: string;
  outcome: string;
  /** Undefined where the preview shows none. */
  headline: string | undefined;
  why: string;
}

/** The table of outcomes under a heading. */
function documented(heading: string): DocumentedRow[] {
  const section =
    page.split(/^## /m).find((text) => text.replaceAll("`", "").startsWith(`${heading}\n`)) ?? "";
  const lines = section.split("\n").filter((line) => line.startsWith("| "));
  return lines.slice(1).map((line) => {
    const [change = "", outcome = "", headline = "", why = ""] = line.slice(2, -2).split(" | ");
    return { change, outcome, headline: /^`(.*)`$/.exec(headline)?.[1], why };
  });
}

describe.each(Object.entries(OUTCOMES))('the page of outcomes has "%s"', (heading, rows) => {
  test("with the outcome, the headline and a reason of every row, in this order", () => {
    const found = documented(heading);
    expect(found.map(({ change, outcome, headline }) => ({ change, outcome, headline }))).toEqual(
      rows.map(({ name, outcome, headline }) => ({
        change: name,
        outcome: WORDS[outcome],
        headline: headline === "" ? undefined : headline,
      })),
    );
    expect(found.filter(({ why }) => why === "")).toEqual([]);
  });
});
