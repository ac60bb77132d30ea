// Compiles the package into dist/ where that is older than its sources: `npm run build`.
//
// sdk is for programs of both kinds. provider is what the state's `__provider` requires: CommonJS alone. cli is the
// package's command.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import {
  appendFile,
  chmod,
  copyFile,
  glob,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { build, type InlineConfig } from "tsdown";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const cache = join(root, ".cache");
const stamp = join(cache, "dist.sha256");

/** Small packages that come as ES modules only, which a CommonJS file can't require on every Node. */
const bundled = ["leven", "p-limit", "uuid", "yocto-queue"];

const sources = await hashOfSources();
if (existsSync(dist) && existsSync(stamp) && (await readFile(stamp, "utf8")) === sources) {
  console.log("dist is up to date");
} else {
  await compile();
  await writeFile(stamp, sources);
  console.log("dist is built");
}

async function hashOfSources(): Promise<string> {
  const patterns = [
    "sdk/**/*.ts",
    "provider/**/*.ts",
    "package-lock.json",
    "package.json",
    "tsconfig.json",
    "scripts/build.ts",
  ];
  const paths: string[] = [];
  for await (const path of glob(patterns, { cwd: root })) paths.push(path);
  const hash = createHash("sha256");
  for (const path of paths.sort()) hash.update(`${path}\0`).update(await readFile(join(root, path)));
  return hash.digest("hex");
}

/** Builds beside dist and changes places at the end, so that a program that uses it never finds it half written. */
async function compile(): Promise<void> {
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, "dist-"));
  try {
    await bundle(fresh, { "sdk/index": "sdk/index.ts" }, ["esm", "cjs"]);
    await bundle(fresh, { "provider/index": "provider/index.ts" }, ["cjs"]);
    await bundle(fresh, { "cli/index": "provider/cli.ts" }, ["cjs"], { dts: false });
    // TypeScript before 4.7 knows neither .d.cts nor "exports"; Pulumi brings 3.8 for programs without one of their own.
    await copyFile(join(fresh, "sdk/index.d.cts"), join(fresh, "sdk/index.d.ts"));
    await addLicenses(join(fresh, "provider/bundled-licenses.txt"));
    // A temporary folder is its maker's alone.
    await chmod(fresh, 0o755);
    await rm(dist, { recursive: true, force: true });
    await rename(fresh, dist);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
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
    target: "node20",
    deps: { onlyBundle: bundled },
    hash: false,
    logLevel: "warn",
    checks: { pluginTimings: false },
    report: false,
  });
}

async function addLicenses(path: string): Promise<void> {
  for (const name of bundled) {
    const folder = join(root, "node_modules", name);
    for await (const license of glob("{license,LICENSE}*", { cwd: folder })) {
      await appendFile(path, `${name}\n\n${await readFile(join(folder, license), "utf8")}\n`);
    }
  }
}
