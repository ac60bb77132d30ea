import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";

const ROOT = join(import.meta.dirname, "../..");
const DYNAMIC = join(import.meta.dirname, "recorded/dynamic");

/** The fenced blocks of docs/review.md that quote output. */
const QUOTED = [
  ...readFileSync(join(ROOT, "docs/review.md"), "utf8").matchAll(/^(`{3,4})(?:markdown)?\n(.*?)^\1$/gms),
].map(([, , block = ""]) => block);

/** A line that quotes a command, or marks output that is left out. */
const BETWEEN = /^(?:…|(?:\$ )?(?:pulumi preview --json \| )?npx pulumi-libvirt-hotplug review.*)$\n?/m;

function trimmed(text: string): string {
  return text.replace(/\n{2,}/g, "\n").trim();
}

test("docs/review.md quotes the command, line after line", async () => {
  const outputs = await Promise.all(
    [
      [join(DYNAMIC, "preview.json")],
      ["--after", join(DYNAMIC, "up.events.json")],
      ["--format", "github", join(DYNAMIC, "preview.json")],
      ["--help"],
      ["/dev/null"],
    ].map((args) => commandLine(["review", ...args])),
  );
  const printed = outputs.map(({ out, error }) => trimmed(`${out}\n${error}`));
  const parts = QUOTED.flatMap((block) => block.split(BETWEEN).map(trimmed)).filter((part) => part !== "");
  expect(parts.length).toBeGreaterThanOrEqual(6);
  expect(parts.filter((part) => !printed.some((text) => text.includes(part)))).toEqual([]);
});
