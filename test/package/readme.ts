import { readFileSync } from "node:fs";
import { join } from "node:path";

const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** The README's program. */
export const EXAMPLE = firstBlock("ts", readme);

/** The README's commands that install the package. */
export const INSTALL = firstBlock("sh", readme.split("\n## Install\n")[1] ?? "");

function firstBlock(language: string, text: string): string {
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "ms").exec(text)?.[1];
  if (block === undefined) throw new Error(`README.md has no block of ${language} where one is expected`);
  return block;
}
