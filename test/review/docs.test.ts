import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";

const ROOT = join(import.meta.dirname, "../..");
const DYNAMIC = join(import.meta.dirname, "recorded/dynamic");

/** The fenced blocks of docs/review.md that quote output, and the lines in them. */
const QUOTED = [
  ...readFileSync(join(ROOT, "docs/review.md"), "utf8").matchAll(/^(`{3,4})(?:markdown)?\n(.*?)^\1$/gms),
].map(([, , block = ""]) => block.split("\n").filter((line) => line !== "" && line !== "…"));

test("docs/review.md quotes the command", async () => {
  const outputs = await Promise.all(
    [
      [join(DYNAMIC, "preview.json")],
      ["--after", join(DYNAMIC, "up.events.json")],
      ["--format", "github", join(DYNAMIC, "preview.json")],
      ["--help"],
      ["/dev/null"],
    ].map((args) => commandLine(["review", ...args])),
  );
  const lines = new Set(outputs.flatMap(({ out, error }) => `${out}\n${error}`.split("\n")));
  const commands = /^(\$ )?(pulumi preview --json \| )?npx pulumi-libvirt-hotplug review/;
  expect(QUOTED.length).toBeGreaterThanOrEqual(6);
  expect(QUOTED.flat().filter((line) => !lines.has(line) && !commands.test(line))).toEqual([]);
});
