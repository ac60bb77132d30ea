import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const { version } = manifest;

/** The examples in languages other than Node's, and what has to be on PATH to preview them. */
const EXAMPLES = {
  yaml: ["pulumi", "pulumi-language-yaml"],
  python: ["pulumi", "pulumi-language-python", "python3"],
  go: ["pulumi", "pulumi-language-go", "go"],
};

/** The first time, Python's packages are fetched, and Go compiles Pulumi's SDK for some minutes. */
const FIRST_TIME = 1_800_000;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "libvirt-hotplug-languages-"));
});

// Go makes the folders of its modules read-only, and they are in its own cache.
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.for(Object.keys(EXAMPLES) as (keyof typeof EXAMPLES)[])(
  "examples/%s previews one domain, with the plugin from its tarball",
  { timeout: FIRST_TIME },
  async (language, { skip }) => {
    const missing = await firstMissing(EXAMPLES[language]);
    if (missing !== undefined) skip(`${missing} is not on PATH`);
    const program = join(folder, language);
    const state = join(folder, `${language}.state`);
    cpSync(join(root, "examples", language), program, { recursive: true });
    mkdirSync(state);
    const env = {
      ...process.env,
      // The plugin runs on this Node.
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      GOFLAGS: "-mod=mod",
    };
    const pulumi = (...args: string[]) =>
      run("pulumi", [...args, "--non-interactive"], { cwd: program, env, maxBuffer: 2 ** 26 });

    const file = join(root, `release/pulumi-resource-libvirt-hotplug-v${version}-linux-amd64.tar.gz`);
    await pulumi("plugin", "install", "resource", "libvirt-hotplug", version, "--file", file, "--reinstall");
    await pulumi("stack", "init", "dev");
    const config = {
      "libvirt-hotplug:uri": `qemu:///system?socket=${join(folder, "nobody-listens")}`,
      ...{ kernel: "/vmlinuz", initrd: "/initrd", console: "/tmp/console" },
    };
    for (const [key, value] of Object.entries(config)) await pulumi("config", "set", key, value);
    if (language !== "yaml") await pulumi("package", "add", `libvirt-hotplug@${version}`);

    const { stdout } = await pulumi("preview", "--json");
    const { changeSummary, steps } = JSON.parse(stdout);
    expect(changeSummary).toEqual({ create: 2 });
    const states = steps.map(({ newState }: { newState: object }) => newState);
    expect(states).toContainEqual(
      expect.objectContaining({
        type: "libvirt-hotplug:index:Domain",
        inputs: expect.objectContaining({
          ...{ memory: "1003MiB", maxMemory: "8192MiB", vcpus: 2, serial: { file: "/tmp/console" } },
          boot: {
            ...{ kernel: "/vmlinuz", initrd: "/initrd" },
            commandLine: "console=ttyS0 memhp_default_state=online",
          },
        }),
      }),
    );
  },
);

async function firstMissing(programs: readonly string[]): Promise<string | undefined> {
  for (const program of programs) {
    const found = await run("sh", ["-c", `command -v ${program}`]).then(
      () => true,
      () => false,
    );
    if (!found) return program;
  }
  return undefined;
}
