import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Diagnostic, TranspileOptions } from "typescript";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const require = createRequire(import.meta.url);

interface Compiler {
  version: string;
  transpileModule(text: string, options: TranspileOptions): { diagnostics?: Diagnostic[] };
}

/** Pulumi compiles a program whose package.json doesn't have TypeScript with its own, which is an old one. */
const [vendored = ""] = globSync("vendor/typescript@*/typescript.js", {
  cwd: dirname(require.resolve("@pulumi/pulumi/package.json")),
}).map((path) => join(dirname(require.resolve("@pulumi/pulumi/package.json")), path));
const compiler = require(vendored) as Compiler;

function syntaxErrors(text: string): unknown[] {
  const { diagnostics = [] } = compiler.transpileModule(text, { reportDiagnostics: true });
  return diagnostics.map(({ messageText }) => messageText);
}

test("its compiler is older than the syntax that it refuses", () => {
  expect(syntaxErrors('import { Domain, type DomainArgs } from "pulumi-libvirt-hotplug";')).not.toEqual([]);
});

// rollout.mts isn't a program: Node runs it.
const programs = globSync("examples/*/index.ts", { cwd: root }).toSorted();

test.each(programs)("Pulumi's own TypeScript compiles %s", (program) => {
  expect(syntaxErrors(readFileSync(join(root, program), "utf8"))).toEqual([]);
});

const pages = globSync(["README.md", "docs/*.md"], { cwd: root });

test.each(pages)("and the programs in %s", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const blocks = [...text.matchAll(/^```(?:ts|typescript)\n(.*?)^```/gms)].map(([, block = ""]) => block);
  expect(blocks.flatMap(syntaxErrors)).toEqual([]);
});
