// The plugin as files: its folder in the npm package, and its tarballs.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import type { Bundle } from "./bundle.ts";
import { type TarFile, tarball } from "./tarball.ts";

const EXECUTABLE = "pulumi-resource-libvirt-hotplug";

/** The oldest Node of "engines" in package.json. */
const oldest = manifest.engines.node.replace(">=", "");
const missing = `${EXECUTABLE} needs Node.js ${oldest} or later, but there is no "node" on PATH`;

/** The names that Pulumi has for the platforms on which Node and the plugin run. */
const PLATFORMS = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64", "windows-amd64"];

/** The plugin's folder in the npm package, for every platform. */
export async function pluginFolder({ code, licences }: Bundle): Promise<TarFile[]> {
  const files = [await executable(code), ...(await windowsFiles())];
  return [...files, { name: "THIRD-PARTY-LICENSES", mode: 0o644, content: licences }];
}

/** The archives that `pulumi plugin install` takes, by the names under which it downloads them. */
export async function pluginTarballs(bundle: Bundle): Promise<[name: string, content: Buffer][]> {
  const files = await pluginFolder(bundle);
  const windows = tarball(files);
  const forWindows = new Set((await windowsFiles()).map(({ name }) => name));
  const others = tarball(files.filter(({ name }) => !forWindows.has(name)));
  return PLATFORMS.map((platform) => [
    `${EXECUTABLE}-v${manifest.version}-${platform}.tar.gz`,
    platform.startsWith("windows") ? windows : others,
  ]);
}

/**
 * The executable: one file, a shell script that runs the JavaScript at its end. The shell reads it only as far as `exec`.
 */
async function executable(code: string): Promise<TarFile> {
  const launch = await launcher();
  if (launch.includes("'")) throw new Error("launch.cjs has an apostrophe");
  const lines = [
    "#!/bin/sh",
    "if ! command -v node >/dev/null 2>&1; then",
    `  echo '${missing}' >&2`,
    "  exit 1",
    "fi",
    `exec node -e '${launch}' "$0" "$@"`,
    "//# JavaScript",
    code,
  ];
  return { name: EXECUTABLE, mode: 0o755, content: lines.join("\n") };
}

/** What Windows needs beside the executable, which it can't run. */
async function windowsFiles(): Promise<TarFile[]> {
  const lines = [
    "@echo off",
    "where /q node",
    "if errorlevel 1 (",
    `  echo ${missing} 1>&2`,
    "  exit /b 1",
    ")",
    `node "%~dp0launch.cjs" "%~dp0${EXECUTABLE}" %*`,
    "",
  ];
  return [
    { name: `${EXECUTABLE}.cmd`, mode: 0o755, content: lines.join("\r\n") },
    { name: "launch.cjs", mode: 0o644, content: await launcher() },
  ];
}

async function launcher(): Promise<string> {
  const source = await readFile(join(import.meta.dirname, "launch.cjs"), "utf8");
  const code = source.replace(/^\/\/.*\n/gm, "");
  const [major, minor] = oldest.split(".");
  return code.replace("const oldest = [0, 0];", `const oldest = [${major}, ${minor}];`);
}
