import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { REASON_CODES } from "../../provider/plan/reason-codes.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/troubleshooting.md"), "utf8");

/** The paragraphs under each heading of the third level. */
const sections = new Map(
  page
    .split(/^(?=##)/m)
    .filter((section) => section.startsWith("### "))
    .map((section): [string, string[]] => {
      const [heading = "", ...paragraphs] = section.slice("### ".length).trim().split("\n\n");
      return [heading, paragraphs];
    }),
);

describe("docs/troubleshooting.md", () => {
  test("has a heading for each reason code, and for nothing else", () => {
    expect([...sections.keys()].toSorted()).toEqual([...REASON_CODES].toSorted());
  });

  test.each(REASON_CODES)("says what %s means and what to do", (code) => {
    expect(sections.get(code)?.length).toBeGreaterThanOrEqual(2);
  });
});
