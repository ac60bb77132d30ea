import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { bundleScript } from "../scripts/plugin/bundle.ts";
import type { Lab } from "../test/lab/lab.ts";

/** Where our plugin's executable is, once it is built. */
const OURS = join(import.meta.dirname, "../dist/plugin");
/** The Node of both plugins and of the hosts. */
const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;

/** An environment in which the engine writes the state once, at the end (pulumi/pulumi#10668). */
export const ONE_CHECKPOINT = { PULUMI_EXPERIMENTAL: "true", PULUMI_SKIP_CHECKPOINTS: "true" };

/** The configuration of domains without KVM on a libvirt daemon. */
export function onDaemon(uri: string): Record<string, string> {
  return { "libvirt-hotplug:uri": uri, "libvirt-hotplug:domainType": "qemu" };
}

/** A stack whose program is YAML, which costs less than a program in Node: mostly engine and plugin are left. */
export interface YamlStack {
  readonly dir: string;
  /** Sets the memory of all resources in the program. */
  write(memory: string): void;
  /** Runs the CLI, without the preview of an up. */
  run(operation: "up" | "preview" | "refresh", env?: Record<string, string>): Promise<void>;
  /** What the state has of the program's resources. */
  resources(): StoredResource[];
}

interface StoredResource {
  type: string;
  inputs: object;
  outputs: object;
}

interface YamlStackOptions {
  /** Names the folder, and the stack's resources with a number. */
  name: string;
  plugin: "libvirt-hotplug" | "trivial";
  count: number;
  /** Properties of the n-th resource besides its memory. */
  properties?: (n: number) => object;
  config?: Record<string, string>;
  /** Added to the CLI's environment, which the plugin has too. */
  env?: Record<string, string>;
}

/** The stack and its back end lie in the lab's folder, and go with it. */
export async function yamlStack(lab: Lab, options: YamlStackOptions): Promise<YamlStack> {
  const { name, plugin, count, properties = () => ({}), config = {}, env = {} } = options;
  const dir = lab.file(name);
  const backend = join(dir, "state");
  mkdirSync(backend, { recursive: true });
  const path = plugin === "trivial" ? await trivialPlugin(lab) : OURS;
  const type = plugin === "trivial" ? "trivial:Resource" : "libvirt-hotplug:Domain";
  const write = (memory: string) => {
    const resources = Array.from({ length: count }, (_, index) => {
      const given = { memory, ...properties(index + 1) };
      return [`${name}-${index + 1}`, { type, properties: given }];
    });
    const program = {
      ...{ name: "bench", runtime: "yaml", plugins: { providers: [{ name: plugin, path }] } },
      resources: Object.fromEntries(resources),
    };
    // JSON is YAML.
    writeFileSync(join(dir, "Pulumi.yaml"), JSON.stringify(program));
  };
  const pulumi = (args: string[], once: Record<string, string> = {}) =>
    runPulumi(args, dir, {
      ...{ PATH, PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "only for a benchmark" },
      ...{ PULUMI_SKIP_UPDATE_CHECK: "true", ...env, ...once },
    });
  write("256MiB");
  await pulumi(["stack", "init", "dev"]);
  for (const [key, value] of Object.entries(config)) await pulumi(["config", "set", key, value]);
  return {
    dir,
    write,
    run: (operation, once) =>
      pulumi([operation, ...(operation === "preview" ? [] : ["--yes", "--skip-preview"])], once),
    resources: () => resourcesIn(backend),
  };
}

function resourcesIn(backend: string): StoredResource[] {
  const file = join(backend, ".pulumi/stacks/bench/dev.json");
  const { resources } = JSON.parse(readFileSync(file, "utf8")).checkpoint.latest;
  return resources.filter(({ type }: StoredResource) => !type.startsWith("pulumi:"));
}

/** The environment in which the trivial plugin's resources have as many properties as this one. */
export function trivialLike({ inputs, outputs }: StoredResource): Record<string, string> {
  return { TRIVIAL_INPUTS: JSON.stringify(inputs), TRIVIAL_OUTPUTS: JSON.stringify(outputs) };
}

async function runPulumi(args: string[], cwd: string, env: Record<string, string>): Promise<void> {
  const cli = spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    cli.once("error", reject);
    cli.once("close", resolve);
  });
  const [code, out, errors] = await Promise.all([ended, text(cli.stdout), text(cli.stderr)]);
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${out}${errors}`);
}

/** Bundled as ours is, so that neither has more files to load at its start. */
async function trivialPlugin(lab: Lab): Promise<string> {
  const dir = lab.file("trivial-plugin");
  mkdirSync(dir, { recursive: true });
  const { code } = await bundleScript("bench/trivial-plugin.ts");
  writeFileSync(join(dir, "package.json"), '{ "type": "commonjs" }\n');
  writeFileSync(join(dir, "pulumi-resource-trivial"), `#!/usr/bin/env node\n${code}`, { mode: 0o755 });
  return dir;
}
