import { execFile } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test, vi } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const repository = join(import.meta.dirname, "../..");

// typedoc compiles all of sdk/ and what it imports, which takes 15 s where nothing else runs.
vi.setConfig({ testTimeout: 300_000 });

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "libvirt-hotplug-api-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs typedoc with the repository's typedoc.json, as `npm run docs` does. */
function typedoc(...args: string[]) {
  const program = join(repository, "node_modules/typedoc/bin/typedoc");
  return promisify(execFile)(process.execPath, [program, ...args], { cwd: repository });
}

/** Every page under a folder, by its path. */
function pages(folder: string): Record<string, string> {
  const paths = globSync("**/*.md", { cwd: folder }).toSorted();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

test("docs/api is what `npm run docs` makes of the documentation in sdk/", async () => {
  const folder = temporaryFolder();
  await typedoc("--out", folder);
  const made = pages(folder);
  expect(Object.keys(made)).toEqual(
    expect.arrayContaining([
      "interfaces/DomainArgs.md",
      "sizes/functions/catalogue.md",
      "policy/functions/noDowntime.md",
    ]),
  );
  // typedoc leaves out the documentation of an object type that is written inside another type.
  const inline = Object.keys(made).filter((path) => /^> .*\\\{ `/m.test(made[path] ?? ""));
  expect(inline, "give the object type a name, and export it").toEqual([]);
  expect(pages(join(repository, "docs/api"))).toEqual(made);
});

test("docs/api has a page for each entry of the package that programs import", () => {
  // The state's `__provider` imports "./provider".
  const entries = Object.keys(manifest.exports).filter(
    (entry) => entry !== "./provider" && entry !== "./package.json",
  );
  const titles = entries.map((entry) => {
    const page = readFileSync(join(repository, "docs/api", entry, "README.md"), "utf8");
    return page.slice(0, page.indexOf("\n"));
  });
  expect(titles).toEqual(entries.map((entry) => `# ${join(manifest.name, entry).replace(/\/$/, "")}`));
});

test("`npm run docs` refuses every export and property without documentation", async () => {
  const folder = temporaryFolder();
  const options = join(folder, "typedoc.json");
  const own = {
    name: "undocumented",
    extends: [join(repository, "typedoc.json")],
    entryPoints: ["entry.ts"],
    tsconfig: "tsconfig.json",
  };
  writeFileSync(options, JSON.stringify(own));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ files: ["entry.ts"] }));
  writeFileSync(
    join(folder, "entry.ts"),
    `export interface Args { memory: string; nested: { slots: number }; method(): void }
export type Sizes = Record<string, { vcpus: number }>;
export function headroom(args: Args): Sizes { throw new Error(JSON.stringify(args)); }
export const limit = 1;
export class Domain { readonly state: string = "running"; }
`,
  );
  const failed = await typedoc("--options", options, "--out", join(folder, "out")).then(
    () => "",
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
  const names = [...failed.matchAll(/(\S+) \(\w+\), defined in \S+, does not have any documentation/g)];
  expect(names.map(([, name]) => name).toSorted()).toEqual([
    "Args",
    "Args.memory",
    "Args.method",
    "Args.nested",
    "Args.nested.__type.slots",
    "Domain",
    "Domain.state",
    "Sizes",
    "Sizes.__type.vcpus",
    "headroom",
    "limit",
  ]);
});
