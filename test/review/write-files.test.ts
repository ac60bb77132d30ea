import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFiles } from "../../provider/review/write-files.ts";

function writeWhole(path: string, text: string): Promise<void> {
  return writeFiles(undefined, [{ option: "--output", path, text }]);
}

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "review-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("several writers and a reader at a time only see whole texts", async () => {
  const path = join(folder, "comment.md");
  const texts = ["a", "b", "c", "d"].map((letter, index) => letter.repeat((index + 1) * 2 ** 20));
  await writeWhole(path, texts[0] ?? "");
  const writing = Promise.all(texts.map((text) => writeWhole(path, text)));
  let isOver = false;
  writing.finally(() => {
    isOver = true;
  });
  do expect(texts).toContain(await readFile(path, "utf8"));
  while (!isOver);
  await writing;
  expect(texts).toContain(readFileSync(path, "utf8"));
  expect(readdirSync(folder)).toEqual(["comment.md"]);
});

test("a link stays a link, and a pipe a pipe", async () => {
  const [file, link, pipe] = ["file", "link", "pipe"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(file, "earlier");
  symlinkSync(file, link);
  await writeWhole(link, "later");
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(file, "utf8")).toBe("later");
  execFileSync("mkfifo", [pipe]);
  const [read] = await Promise.all([readFile(pipe, "utf8"), writeWhole(pipe, "through")]);
  expect(read).toBe("through");
  expect(lstatSync(pipe).isFIFO()).toBe(true);
});
