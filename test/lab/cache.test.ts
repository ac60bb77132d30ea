import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { cachedFolder } from "./cache.ts";

let cache: string;
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "lab-cache-"));
  vi.stubEnv("LAB_CACHE", cache);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true });
  });
});

async function fill(work: string, word: string): Promise<string> {
  const folder = join(work, "made");
  mkdirSync(folder);
  writeFileSync(join(folder, "word"), word);
  return folder;
}
const word = (folder: string) => readFileSync(join(folder, "word"), "utf8");

test("a folder is filled once", async () => {
  const folder = await cachedFolder("thing", (work) => fill(work, "first"));
  expect(await cachedFolder("thing", (work) => fill(work, "second"))).toBe(folder);
  expect(word(folder)).toBe("first");
  expect(readdirSync(cache)).toEqual(["thing"]);
});

test("of two that fill at once, both get what the faster made", async () => {
  const both = Promise.withResolvers<void>();
  let filling = 0;
  const filled = ["one", "two"].map((name) =>
    cachedFolder("thing", async (work) => {
      filling += 1;
      if (filling === 2) both.resolve();
      await both.promise;
      return fill(work, name);
    }),
  );
  const [one, two] = await Promise.all(filled);
  expect(two).toBe(one);
  expect(["one", "two"]).toContain(word(one ?? ""));
  expect(readdirSync(cache)).toEqual(["thing"]);
});

test("a failure leaves nothing behind, and the next attempt starts anew", async () => {
  const failing = cachedFolder("thing", async (work) => {
    await fill(work, "half");
    throw new Error("no network");
  });
  await expect(failing).rejects.toThrow("no network");
  expect(readdirSync(cache)).toEqual([]);
  expect(word(await cachedFolder("thing", (work) => fill(work, "whole")))).toBe("whole");
});

test("what a killed process left is removed, what a living one works on is not", async () => {
  const [killed, living] = [join(cache, "work-5000000-a"), join(cache, `work-${process.ppid}-a`)];
  mkdirSync(killed);
  mkdirSync(living);
  await cachedFolder("thing", (work) => fill(work, "word"));
  expect(existsSync(killed)).toBe(false);
  expect(existsSync(living)).toBe(true);
});
