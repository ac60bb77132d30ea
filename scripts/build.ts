// Compiles the package into dist/, and packs the plugin into release/, where they are older than their sources:
// `npm run build`.
//
// sdk is what programs import, as an ES module or as CommonJS; its sizes load the planner. policy is what policy packs import.
// provider is what the state's `__provider` requires. cli is the package's command. plugin is the resource plugin for every
// language, which release/ has as tarballs by platform.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, glob, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, type InlineConfig } from "tsdown";
import { bundlePlugin } from "./plugin/bundle.ts";
import { pluginFolder, pluginTarballs } from "./plugin/package.ts";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const release = join(root, "release");
const cache = join(root, ".cache");
const stamp = join(cache, "dist.sha256");

/** The oldest Node in "engines" of package.json, the first in which CommonJS can require an ES module. */
const TARGET = "node22.12";

const sources = await hashOfSources();
if (
  existsSync(dist) &&
  existsSync(release) &&
  existsSync(stamp) &&
  (await readFile(stamp, "utf8")) === sources
) {
  console.log("dist and release are up to date");
} else {
  await compile();
  await writeFile(stamp, sources);
  console.log("dist and release are built");
}

async function hashOfSources(): Promise<string> {
  const patterns = [
    "sdk/**/*.ts",
    "provider/**/*.{ts,json}",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "scripts/{build.ts,plugin/*}",
  ];
  const paths: string[] = [];
  for await (const path of glob(patterns, { cwd: root })) paths.push(path);
  const hash = createHash("sha256");
  for (const path of paths.sort()) hash.update(`${path}\0`).update(await readFile(join(root, path)));
  return hash.digest("hex");
}

/** Builds in a folder of its own and then replaces dist, so that a program that uses dist never finds it half written. */
async function compile(): Promise<void> {
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, "dist-"));
  const packed = await mkdtemp(join(cache, "release-"));
  try {
    await bundle(fresh, { "sdk/index": "sdk/index.ts" }, ["esm", "cjs"]);
    // Some of their libraries are ES modules, whose default CommonJS that is compiled wouldn't find.
    const modules = {
      "sdk/sizes": "sdk/sizes",
      "policy/index": "sdk/policy/index",
      "provider/index": "provider/index",
    };
    for (const [module, source] of Object.entries(modules)) {
      await bundle(fresh, { [module]: `${source}.ts` }, ["esm"]);
      await makeRequirable(join(fresh, module));
    }
    await bundle(fresh, { "cli/index": "provider/cli.ts" }, ["esm"], { dts: false });
    // TypeScript before 4.7 knows neither .d.cts nor "exports"; Pulumi brings 3.8 for programs without one of their own.
    for (const entry of ["sdk/index", "sdk/sizes", "policy/index"])
      await copyFile(join(fresh, `${entry}.d.cts`), join(fresh, `${entry}.d.ts`));
    await packPlugin(join(fresh, "plugin"), packed);
    await replace(dist, fresh);
    await replace(release, packed);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(packed, { recursive: true, force: true });
  }
}

async function replace(folder: string, fresh: string): Promise<void> {
  // mkdtemp makes a folder that only its owner can read.
  await chmod(fresh, 0o755);
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
}

async function packPlugin(folder: string, tarballs: string): Promise<void> {
  const bundle = await bundlePlugin(TARGET);
  await mkdir(folder);
  for (const { name, mode, content } of await pluginFolder(bundle)) {
    await writeFile(join(folder, name), content, { mode });
  }
  for (const [name, content] of await pluginTarballs(bundle)) await writeFile(join(tarballs, name), content);
}

/**
 * Adds CommonJS that loads an ES module. Node 22.12 warns of an ES module that is required, unless it is required from
 * within node_modules; what evaluates a state's `__provider` isn't there, and this file is.
 */
async function makeRequirable(module: string): Promise<void> {
  await writeFile(`${module}.cjs`, `module.exports = require("./${basename(module)}.mjs");\n`);
  await copyFile(`${module}.d.mts`, `${module}.d.cts`);
}

async function bundle(
  outDir: string,
  entry: Record<string, string>,
  format: NonNullable<InlineConfig["format"]>,
  { dts } = { dts: true },
): Promise<void> {
  await build({
    config: false,
    cwd: root,
    entry,
    format,
    outDir,
    clean: false,
    dts,
    platform: "node",
    target: TARGET,
    // Every library is a dependency of the package: none is compiled into it.
    deps: { onlyBundle: [] },
    hash: false,
    logLevel: "warn",
    // Pulumi programs are CommonJS unless they say otherwise.
    checks: { pluginTimings: false, legacyCjs: false },
    report: false,
  });
}
