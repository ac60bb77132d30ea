import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandLine } from "../command/command-line.ts";

test.each(["explain", "review", "sizes"])("docs/%s.md has the help of its command", async (name) => {
  const page = readFileSync(join(import.meta.dirname, `../../docs/${name}.md`), "utf8");
  const { out } = await commandLine([name, "--help"]);
  expect(page).toContain(`\`\`\`\n$ npx pulumi-libvirt-hotplug ${name} --help\n${out.trimEnd()}\n\`\`\`\n`);
});
