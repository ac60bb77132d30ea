import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const repository = join(import.meta.dirname, "../..");

/** Every page under a folder, by its path. */
function pages(folder: string): Record<string, string> {
  const paths = globSync("**/*.md", { cwd: folder }).toSorted();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

test("docs/api is what `npm run docs` makes of the documentation in sdk/", async () => {
  const folder = mkdtempSync(join(tmpdir(), "libvirt-hotplug-api-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const typedoc = join(repository, "node_modules/typedoc/bin/typedoc");
  await promisify(execFile)(process.execPath, [typedoc, "--out", folder], { cwd: repository });
  const made = pages(folder);
  expect(Object.keys(made)).toContain("interfaces/DomainArgs.md");
  expect(pages(join(repository, "docs/api"))).toEqual(made);
});
