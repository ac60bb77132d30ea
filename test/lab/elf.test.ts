import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run } from "./command.ts";
import { neededLibraries } from "./elf.ts";

test("names the libraries that the system's own loader looks for", async () => {
  const known = (await run("ldd", ["/usr/bin/apt-get"])).split("\n").map((line) => line.trim().split(" ")[0]);
  const needed = neededLibraries(readFileSync("/usr/bin/apt-get"));
  expect(needed).toContain("libc.so.6");
  expect(known).toEqual(expect.arrayContaining(needed));
});

test("refuses what is no program", () => {
  expect(() => neededLibraries(Buffer.from("#!/bin/sh\n"))).toThrow("not a 64-bit little-endian ELF file");
});
