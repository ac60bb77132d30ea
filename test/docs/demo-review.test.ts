import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REVIEW_COMMAND } from "../../scripts/demo/steps.ts";

const repository = join(import.meta.dirname, "../..");

test("the README has the command that reviews the demo's preview", () => {
  const [, starter = "", command = ""] = REVIEW_COMMAND.split(" ");
  expect([starter, command].filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  const lines = readFileSync(join(repository, "README.md"), "utf8").split("\n");
  expect(lines.map((line) => line.replace(/ {2,}#.*/, ""))).toContain(REVIEW_COMMAND);
});
