import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const repository = join(import.meta.dirname, "../..");
const pages = globSync(["*.md", "{docs,examples,test,.changeset}/**/*.md"], {
  cwd: repository,
  exclude: (path) => /(^|\/)node_modules$/.test(path),
}).toSorted();

/** Text without blocks of code and quoted code, in which brackets are no links. */
function prose(page: string): string {
  return readFileSync(join(repository, page), "utf8")
    .replace(/^```.*?^```/gms, "")
    .replace(/`[^`\n]*`/g, "code");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const text = readFileSync(page, "utf8").replace(/^```.*?^```/gms, "");
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return new Set(headings.map(anchorOf));
}

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

/** Why a link leads nowhere; undefined where it is right, or leaves the repository. */
function fault(page: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? join(repository, page) : join(repository, dirname(page), path);
  if (!existsSync(file)) return `${target}: there is no ${relative(repository, file)}`;
  if (anchor === undefined || statSync(file).isDirectory()) return undefined;
  return anchors(file).has(anchor) ? undefined : `${target}: no heading has that anchor`;
}

test("the repository has pages to check", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/README.md", "docs/api/README.md"]));
});

test.each(pages)("the links of %s lead somewhere", (page) => {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  expect(targets.flatMap((target) => fault(page, target) ?? [])).toEqual([]);
});

test.each(pages)("the pictures of %s exist", (page) => {
  const text = readFileSync(join(repository, page), "utf8");
  const sources = [...text.matchAll(/\b(?:src|srcset|href)="([^"]+)"/g)].map(([, source = ""]) => source);
  expect(sources.flatMap((source) => fault(page, source) ?? [])).toEqual([]);
});

/** The links to a page's own headings in the lists before its first heading of the second level. */
function contents(page: string): string[] {
  const [opening = ""] = readFileSync(join(repository, page), "utf8").split(/^## /m, 1);
  return [...opening.matchAll(/^- .*$/gm)].flatMap(([line]) =>
    [...line.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor),
  );
}

const withContents = pages.filter((page) => contents(page).length > 0);

test("some pages begin with a list of their contents", () => {
  expect(withContents).toEqual(expect.arrayContaining(["docs/guest.md", "docs/troubleshooting.md"]));
});

test.each(withContents)("the list at the top of %s has each of its topics, in their order", (page) => {
  const headings = readFileSync(join(repository, page), "utf8").matchAll(/^## (.*)$/gm);
  expect(contents(page)).toEqual([...headings].map(([, heading = ""]) => anchorOf(heading)));
});

const files = globSync(
  [
    "*.{md,json}",
    "{provider,sdk,scripts,bench,examples,docs,.changeset}/**/*.{ts,mts,mjs,cjs,py,go,yml,yaml,md,json}",
  ],
  { cwd: repository, exclude: (path) => /(^|\/)node_modules$/.test(path) },
).toSorted();

test("the pages that comments and messages name exist, with the anchors that they name", () => {
  const named = /(?<![\w./-])((?:docs|examples)\/[\w./-]+\.(?:md|ts|yml|yaml)(?:#[\w-]+)?)/g;
  const faults = files.flatMap((file) =>
    [...readFileSync(join(repository, file), "utf8").matchAll(named)].flatMap(([, target = ""]) => {
      const why = fault("README.md", target);
      return why === undefined ? [] : [`${file}: ${why}`];
    }),
  );
  expect(files.length).toBeGreaterThan(400);
  expect(faults).toEqual([]);
});

test("docs/README.md leads to every page of docs/ and to the examples", () => {
  const index = readFileSync(join(repository, "docs/README.md"), "utf8");
  const own = globSync("*.md", { cwd: join(repository, "docs") }).filter((page) => page !== "README.md");
  expect(own.filter((page) => !index.includes(`(${page}`))).toEqual([]);
});

test("the files and folders that CONTRIBUTING.md names exist", () => {
  const text = readFileSync(join(repository, "CONTRIBUTING.md"), "utf8");
  const named = [...text.matchAll(/`((?:provider|sdk|test|docs|scripts|bench|examples)\/[\w./-]*)`/g)];
  const paths = named.map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(repository, path)))).toEqual([]);
});

test("CONTRIBUTING.md describes every folder of provider/ and sdk/", () => {
  const text = readFileSync(join(repository, "CONTRIBUTING.md"), "utf8");
  const folders = ["provider", "sdk"].flatMap((room) =>
    readdirSync(join(repository, room), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${room}/${name}/`),
  );
  expect(folders.length).toBeGreaterThan(15);
  expect(folders.filter((folder) => !text.includes(`\`${folder}\``))).toEqual([]);
});
