import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const root = join(import.meta.dirname, "../..");
const pages = globSync(["README.md", "docs/*.md", "examples/*/README.md", "examples/ci/*.yml"], {
  cwd: root,
});

test("the commands in the documentation and the files for CI name this version", () => {
  const versions = pages.flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/libvirt-hotplug(?:@| |-v?)(\d+\.\d+\.\d+)/g)].map(
      ([, version]) => ({ page, version }),
    ),
  );
  expect(versions.length).toBeGreaterThan(4);
  expect(versions.filter(({ version }) => version !== manifest.version)).toEqual([]);
});
