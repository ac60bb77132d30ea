import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const docs = join(import.meta.dirname, "../../docs");
const rows = readFileSync(join(docs, "guarantees.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| guarantee"));

test.each(rows.map((row) => [row.slice(2, 80), row]))("%s…: is held by tests that exist", (_, row) => {
  const cell = row.split(" | ").at(-1) ?? "";
  const named = [...cell.matchAll(/\]\((.*?)\): "(.*?)"(?=;| \|$)/g)];
  expect(named.length).toBeGreaterThan(0);
  for (const [, file = "", title = ""] of named)
    expect(readFileSync(join(docs, file), "utf8")).toContain(title);
});
