import { execFile, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { tarball } from "../../scripts/plugin/tarball.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const release = join(root, "release");
const NAME = "pulumi-resource-libvirt-hotplug";
const executable = join(root, "dist/plugin", NAME);

let folder: string;

beforeAll(() => {
  // A space in the name, as in "C:\Program Files".
  folder = mkdtempSync(join(tmpdir(), "libvirt-hotplug plugin "));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The first line that the plugin writes, or what it writes to standard error before it ends. */
function start(path: string, PATH: string, ...args: string[]): Promise<{ port?: string; error?: string }> {
  return new Promise((resolve, reject) => {
    const plugin = spawn(path, args, { env: { PATH } });
    let error = "";
    plugin.stderr.setEncoding("utf8").on("data", (text: string) => (error += text));
    plugin.stdout.setEncoding("utf8").once("data", (port: string) => {
      plugin.kill("SIGINT");
      resolve({ port });
    });
    plugin.once("error", reject);
    plugin.once("close", (code) => resolve({ error: `${code}: ${error}` }));
  });
}

const node = dirname(process.execPath);

describe("the executable", () => {
  test("writes its port, wherever it lies", async () => {
    const port = { port: expect.stringMatching(/^\d+\n$/) };
    // dist is in a package of ES modules, in which a file without an extension would be one.
    expect(await start(executable, `${node}:/bin`)).toEqual(port);
    mkdirSync(join(folder, "it's here"));
    const copy = join(folder, "it's here", NAME);
    cpSync(executable, copy);
    expect(await start(copy, `${node}:/bin`, "127.0.0.1:1")).toEqual(port);
  });

  test("names the Node that it needs where there is none", async () => {
    const { error } = await start(executable, join(folder, "nothing"));
    expect(error).toBe(`1: ${NAME} needs Node.js 22.12 or later, but there is no "node" on PATH\n`);
  });

  test.each([
    ["22.11.9", false],
    ["20.20.2", false],
    ["8.0.0", false],
    ["22.12.0", true],
    ["30.0.0", true],
  ])("on Node %s it starts: %s", async (version, starts) => {
    const bin = join(folder, version);
    mkdirSync(bin);
    const preload = join(bin, "version.cjs");
    writeFileSync(
      preload,
      `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });
       Object.defineProperty(process, "version", { value: "v${version}" });\n`,
    );
    const fake = join(bin, "node");
    writeFileSync(fake, `#!/bin/sh\nexec '${process.execPath}' --require '${preload}' "$@"\n`);
    chmodSync(fake, 0o755);
    const { port, error } = await start(executable, `${bin}:/bin`);
    if (starts) expect(port).toMatch(/^\d+\n$/);
    else {
      expect(error).toMatch(
        `1: ${NAME} needs Node.js 22.12 or later, but "node" on PATH is v${version} (${process.execPath})\n`,
      );
    }
  });

  test("needs no file beside it and contains no path of the machine that built it", () => {
    const text = readFileSync(executable, "utf8");
    expect(text).not.toContain(root);
    const required = [...text.matchAll(/\brequire\([`"]([^`"]+)[`"]\)/g)].map(([, name = ""]) => name);
    expect(required).toContain("node:net");
    // It is in the constant string of the dynamic class's states, which isn't run here.
    const others = new Set(required.filter((name) => !isBuiltin(name)));
    expect([...others]).toEqual(["pulumi-libvirt-hotplug/provider"]);
  });
});

describe("the tarballs", () => {
  const name = (platform: string) => `${NAME}-v${manifest.version}-${platform}.tar.gz`;
  const UNIX = ["darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64"].map(name);
  const WINDOWS = name("windows-amd64");

  test("have the names under which Pulumi downloads them", () => {
    expect(readdirSync(release).toSorted()).toEqual([...UNIX, WINDOWS].toSorted());
  });

  test("of Linux and macOS have the same bytes", () => {
    const [first, ...others] = UNIX.map((one) => readFileSync(join(release, one)).toString("base64"));
    for (const other of others) expect(other).toBe(first);
  });

  test("hold the executable and the licences of what is in it; for Windows also what starts it", async () => {
    const list = async (one: string) => (await run("tar", ["-tvzf", join(release, one)])).stdout;
    expect((await list(UNIX[0] ?? "")).replace(/ +\d+ /g, " ").split("\n")).toEqual([
      `-rwxr-xr-x 0/0 1970-01-01 00:00 ${NAME}`,
      "-rw-r--r-- 0/0 1970-01-01 00:00 THIRD-PARTY-LICENSES",
      "",
    ]);
    expect(await list(WINDOWS)).toMatch(new RegExp(`${NAME}\\.cmd\n.*launch\\.cjs\n`));
    const unpacked = join(folder, "windows");
    mkdirSync(unpacked);
    await run("tar", ["-xzf", join(release, WINDOWS), "-C", unpacked]);
    expect(readFileSync(join(unpacked, NAME))).toEqual(readFileSync(executable));
    const command = readFileSync(join(unpacked, `${NAME}.cmd`), "utf8");
    expect(command.replaceAll("\r\n", "")).not.toContain("\n");
    // As the last line of the .cmd file does it.
    const started = await start(process.execPath, node, join(unpacked, "launch.cjs"), join(unpacked, NAME));
    expect(started).toEqual({ port: expect.stringMatching(/^\d+\n$/) });
  });

  test("contain every packed file as it was", async () => {
    const files = ["", "x", "y".repeat(512), "ä".repeat(700)].map((content, index) => ({
      name: `f${index}`,
      mode: index === 1 ? 0o755 : 0o644,
      content,
    }));
    const archive = join(folder, "archive.tar.gz");
    writeFileSync(archive, tarball(files));
    expect(tarball(files)).toEqual(readFileSync(archive));
    const unpacked = join(folder, "unpacked");
    mkdirSync(unpacked);
    await run("tar", ["-xzf", archive, "-C", unpacked]);
    expect(readdirSync(unpacked)).toEqual(files.map((file) => file.name));
    for (const { name, content } of files) expect(readFileSync(join(unpacked, name), "utf8")).toBe(content);
  });

  test("name the licence of every package in it", () => {
    const licences = readFileSync(join(root, "dist/plugin/THIRD-PARTY-LICENSES"), "utf8");
    expect(licences).toMatch(/^@grpc\/grpc-js .*\(Apache-2.0\)$/m);
    expect(licences).toMatch(/^zod .*\(MIT\)$/m);
    expect(licences).not.toMatch(/\(undefined\)/);
  });
});
