import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PREVIEW } from "../../scripts/demo/steps.ts";

const repository = join(import.meta.dirname, "../..");

test("the README's command reviews the preview that the demo keeps", () => {
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const [, starter = "", command = "", file] =
    /^node (\S+) (\S+) review (\S+)(?: {2,}#.*)?$/m.exec(readme) ?? [];
  expect([starter, command].filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  expect(file).toBe(PREVIEW);
});
