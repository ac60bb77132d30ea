import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { messageOf } from "../../provider/message-of.ts";
import { openStack } from "../engine/driver.ts";
import { installByReadme } from "./install-by-readme.ts";
import { OLDEST_NODE, oldestNode } from "./oldest-node.ts";
import { EXAMPLE } from "./readme.ts";

const run = promisify(execFile);
const repository = join(import.meta.dirname, "../..");
const { devDependencies } = manifest;

/** A folder with a space in its name. */
let folder: string;
/** A program in it, where the packed package is installed. */
let project: string;
let tarball: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "libvirt-hotplug package "));
  const { "@pulumi/pulumi": pulumi, "@types/node": node } = devDependencies;
  const manifest = { private: true, dependencies: { "@pulumi/pulumi": pulumi, "@types/node": node } };
  ({ program: project, tarball } = await installByReadme(folder, manifest));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the tarballs", () => {
  test("of npm holds what is compiled and the page that reviews link to, and nothing else of the repository", async () => {
    const { stdout } = await run("tar", ["--list", "--gzip", "--file", tarball]);
    const others = stdout.split("\n").filter((path) => path !== "" && !path.startsWith("package/dist/"));
    // Reviews link to the reasons.
    const reasons = "package/docs/troubleshooting.md";
    expect(others.toSorted()).toEqual([
      ...["package/LICENSE", "package/README.md", reasons, "package/package.json"],
    ]);
  });

  test("of the plugin have the same bytes wherever they are built", async () => {
    const hashes = async (checkout: string) => {
      const { stdout } = await run("sh", ["-c", "sha256sum *.tar.gz"], { cwd: join(checkout, "release") });
      return stdout;
    };
    expect(await hashes(dirname(tarball))).toBe(await hashes(repository));
  });

  test("of npm doesn't name a plugin, which the CLI would look for", async () => {
    const path = join(project, "node_modules/pulumi-libvirt-hotplug/package.json");
    expect(JSON.parse(await readFile(path, "utf8"))).not.toHaveProperty("pulumi");
  });

  test("of npm has the provider where the state's `__provider` requires it", () => {
    const { provider } = createRequire(join(project, "index.js"))("pulumi-libvirt-hotplug/provider");
    for (const method of ["check", "diff", "create", "read", "update", "delete"]) {
      expect(provider, method).toHaveProperty(method, expect.any(Function));
    }
  });
});

describe("its command", () => {
  /** As `npx pulumi-libvirt-hotplug` runs it. */
  const command = (...args: string[]) =>
    run(join(project, "node_modules/.bin/pulumi-libvirt-hotplug"), args, { cwd: project });

  test("says how it is used", async () => {
    const { stdout } = await command("--help");
    expect(stdout).toMatch(/^Usage: pulumi-libvirt-hotplug <command> \[options\]/);
  });

  test("fails with one clear line where no hypervisor is in reach", async () => {
    const uri = `qemu:///system?socket=${encodeURIComponent(join(project, "nobody-listens"))}`;
    await expect(command("explain", uri, "web-1", "2GiB")).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(
        /^pulumi-libvirt-hotplug: cannot connect to the libvirt daemon at .*nobody-listens: .*\n$/,
      ),
    });
  });
});

describe("its rules for policy packs", () => {
  const load = (how: string, cwd: string) =>
    run(process.execPath, ["--input-type=module", "--eval", how], { cwd });
  const use =
    "try { noDowntime({ outcome: [] }) } catch ({ message }) { console.log(noDowntime().name, message) }";
  const byImport = `const { noDowntime } = await import("pulumi-libvirt-hotplug/policy"); ${use}`;
  const byRequire = `import { createRequire } from "node:module"; const { noDowntime } = createRequire(process.cwd() + "/")("pulumi-libvirt-hotplug/policy"); ${use}`;

  test("need @pulumi/policy, which nothing else does, and say so", async () => {
    const missing =
      /needs the package @pulumi\/policy, which is not installed; run npm install @pulumi\/policy/;
    for (const how of [byImport, byRequire])
      await expect(load(how, project)).rejects.toMatchObject({ stderr: expect.stringMatching(missing) });
    const others = 'await import("pulumi-libvirt-hotplug"); await import("pulumi-libvirt-hotplug/provider")';
    await expect(load(others, project)).resolves.toMatchObject({ stderr: "" });
  });

  test("load as an ES module and as CommonJS, and refuse settings in either", async () => {
    const pack = join(project, "pack");
    await mkdir(join(pack, "node_modules/@pulumi"), { recursive: true });
    const policy = join(repository, "node_modules/@pulumi/policy");
    await symlink(policy, join(pack, "node_modules/@pulumi/policy"));
    const stdout =
      'no-downtime the settings of the rule no-downtime are refused:\n  outcome is not a setting of this rule; did you mean "outcomes"?\n';
    for (const how of [byImport, byRequire])
      await expect(load(how, pack)).resolves.toEqual({ stdout, stderr: "" });
  });
});

const catalogue = '{ ceiling: "8GiB", sizes: { small: { memory: "1003MiB", vcpus: 2 } } }';

const esModule = `${EXAMPLE}export const uuid = web.uuid;
import { catalogue } from "pulumi-libvirt-hotplug/sizes";
export const { maxMemory } = catalogue(${catalogue}).small;
`;

const commonJs = `const { Domain } = require("pulumi-libvirt-hotplug");
const { catalogue } = require("pulumi-libvirt-hotplug/sizes");

const { maxMemory } = catalogue(${catalogue}).small;
const web = new Domain("web-1", { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 });
module.exports = { uuid: web.uuid, plan: web.memoryPlan, maxMemory };
`;

describe("a program that uses it can be previewed with no hypervisor in reach", () => {
  test("JavaScript, CommonJS", async () => {
    await preview("commonjs", { private: true }, { "index.js": commonJs });
  });

  test("JavaScript, ES module", async () => {
    await preview("module", { private: true, type: "module" }, { "index.js": esModule });
  });

  test("TypeScript, by the compiler that Pulumi brings", async () => {
    await preview("typescript", { private: true }, { "index.ts": esModule });
  });

  describe("TypeScript, with tools of the program's own", () => {
    const strict = {
      compilerOptions: { strict: true, target: "es2022", module: "nodenext", types: ["node"] },
    };

    beforeAll(async () => {
      await install(`typescript@${devDependencies.typescript}`, "ts-node@10.9.2");
    });

    test("CommonJS", async () => {
      await preview("own-commonjs", { private: true }, { "index.ts": esModule, "tsconfig.json": strict });
    });

    test("ES module", async () => {
      const ownModule = { private: true, type: "module" };
      await preview("own-module", ownModule, { "index.ts": esModule, "tsconfig.json": strict });
    });
  });
});

describe(`on Node ${OLDEST_NODE}, the oldest one that package.json allows`, () => {
  let node: string;
  let missing: string | undefined;

  beforeAll(async () => {
    try {
      node = await oldestNode();
    } catch (error) {
      missing = `Node ${OLDEST_NODE} can't be installed: ${messageOf(error)}`;
    }
  });

  test("the command and the provider load, and Node has nothing to warn of", async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    const script =
      'console.log(process.version, typeof require("pulumi-libvirt-hotplug/provider").provider.diff)';
    const provider = await run(node, ["--eval", script], { cwd: project });
    expect(provider).toEqual({ stdout: `v${OLDEST_NODE} function\n`, stderr: "" });
    const command = await run(node, ["node_modules/.bin/pulumi-libvirt-hotplug", "--help"], { cwd: project });
    expect(command).toMatchObject({ stdout: expect.stringMatching(/^Usage: /), stderr: "" });
  });

  test("a program can be previewed, by Pulumi's own hosts on that Node", async ({ skip }) => {
    if (missing !== undefined) skip(missing);
    const program = `${commonJs}module.exports.version = process.version;\n`;
    const { execPath } = process;
    // The small engine starts Pulumi's hosts with it.
    process.execPath = node;
    try {
      const outputs = await preview("oldest-node", { private: true }, { "index.js": program });
      expect(outputs).toHaveProperty("version", `v${OLDEST_NODE}`);
    } finally {
      process.execPath = execPath;
    }
  });
});

describe("its types are found", () => {
  /** What the compiler says of programs of this package.json and this code; it checks all libraries once for all of them. */
  async function typeErrors(
    programs: readonly { name: string; type: string; code?: string }[],
    ...options: string[]
  ): Promise<string> {
    for (const { name, type, code = esModule } of programs) {
      await file(`types/${name}/package.json`, { private: true, type });
      await file(`types/${name}/index.ts`, code);
    }
    const compiler = join(repository, "node_modules/typescript/bin/tsc");
    const common = ["--noEmit", "--strict", "--target", "es2022", "--types", "node"];
    const files = programs.map(({ name }) => `${name}/index.ts`);
    const checked = run(process.execPath, [compiler, ...common, ...options, ...files], {
      cwd: join(project, "types"),
    });
    return checked.then(
      () => "",
      (error) => {
        // Errors in the programs are on stdout; anything else is a failure of the compiler.
        if (!error.stdout) throw error;
        return error.stdout;
      },
    );
  }

  test("by an ES module and by CommonJS, and refuse what isn't an argument", async () => {
    const wrong = EXAMPLE.replace("vcpus", "cpus");
    const errors = await typeErrors(
      [
        { name: "module", type: "module" },
        { name: "commonjs", type: "commonjs" },
        { name: "wrong", type: "module", code: wrong },
      ],
      ...["--module", "nodenext"],
    );
    expect(errors).toMatch(/^wrong\/index\.ts\(.*'cpus' does not exist in type 'DomainArgs'/);
    expect(errors.match(/error TS/g)).toHaveLength(1);
  });

  test("of the sizes by their names, as arguments of a domain", async () => {
    const code = `${esModule}import { catalogue as named } from "pulumi-libvirt-hotplug/sizes";
const sizes = named(${catalogue});
new Domain("web-2", { ...sizes.small, hotplug: { ...sizes.small.hotplug, awaitGuest: 90 } });
new Domain("web-3", { ...sizes.smal });
`;
    const errors = await typeErrors([{ name: "sizes", type: "module", code }], "--module", "nodenext");
    expect(errors).toMatch(/'smal' does not exist on type/);
    expect(errors.match(/error TS/g)).toHaveLength(1);
  });

  test("by a bundler", async () => {
    const bundler = [{ name: "bundler", type: "module" }];
    expect(await typeErrors(bundler, "--module", "esnext", "--moduleResolution", "bundler")).toBe("");
  });
});

/** Previews a program, by Pulumi's own program host and provider host, against a socket that nobody listens on. */
async function preview(
  name: string,
  manifest: object,
  files: Record<string, string | object>,
): Promise<Record<string, unknown>> {
  await file(`${name}/Pulumi.yaml`, `name: ${name}\nruntime: nodejs\n`);
  await file(`${name}/package.json`, manifest);
  for (const [path, content] of Object.entries(files)) await file(`${name}/${path}`, content);
  const stack = await openStack({
    projectDir: join(project, name),
    stack: "dev",
    backendDir: join(project, name, "backend"),
    config: {
      "libvirt:uri": `qemu+unix:///system?socket=${encodeURIComponent(join(project, "nobody-listens"))}`,
    },
    engine: "small",
  });
  const { errors, changes, outputs } = await stack.preview();
  expect(errors).toEqual([]);
  expect(changes).toEqual({ create: 2 });
  expect(outputs).toMatchObject({
    uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    plan: expect.any(String),
    maxMemory: "8192MiB",
  });
  return outputs;
}

async function file(path: string, content: string | object): Promise<void> {
  const whole = join(project, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, typeof content === "string" ? content : JSON.stringify(content));
}

async function install(...packages: string[]): Promise<void> {
  const options = ["--prefer-offline", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, ...packages], { cwd: project });
}
