// Records what the Pulumi CLI writes about a stack on a private libvirt, for the tests of `review`:
// `node test/review/record.ts dynamic`, `… plugin` and `… failed` (updates that fail, of the plugin). It needs the CLI on PATH,
// and dist/ (`npm run build`).
import { execFile } from "node:child_process";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { agentAnswers } from "../lab/agent.ts";
import { type Lab, startLab } from "../lab/lab.ts";

const ROOT = join(import.meta.dirname, "../..");
const RECORDED = join(import.meta.dirname, "recorded");

/** Where the recordings have this package, wherever it was. */
const PACKAGE = "/home/user/node_modules/pulumi-libvirt-hotplug";

type Domains = Record<string, Record<string, unknown>>;

/** The program of the class reads its domains from a file; "$secret" makes the memory a secret. */
const PROGRAM = `const pulumi = require("@pulumi/pulumi");
const { Domain } = require("pulumi-libvirt-hotplug");
for (const [name, { $secret, memory, ...args }] of Object.entries(require("./domains.json"))) {
  new Domain(name, { ...args, memory: $secret ? pulumi.secret(memory) : memory });
}
`;

function domainsBefore(lab: Lab): Domains {
  const { kernel, initrd } = lab.guest;
  const off = { shutdownTimeout: 0, forceOff: true };
  return {
    "web-1": {
      ...{ memory: "512MiB", maxMemory: "4GiB", vcpus: 1, maxVcpus: 4, ...off },
      serial: { file: lab.file("web-1.log") },
      boot: { kernel, initrd, commandLine: "console=ttyS0 quiet memhp_default_state=online" },
    },
    "web-2": { memory: "1003MiB", maxMemory: "8GiB", shutdownTimeout: 0 },
    "batch-1": { memory: "1GiB", maxMemory: "8GiB", hotplug: { whenNotPossible: "restart" }, ...off },
    "cache-1": { memory: "1GiB", maxMemory: "1536MiB", hotplug: { whenNotPossible: "nextBoot" }, ...off },
    "db-1": {
      ...{ memory: "1GiB", maxMemory: "8GiB", ...off },
      numa: [{ memory: "512MiB" }, { memory: "512MiB" }],
      hotplug: { targetNode: "spread" },
      disks: [{ name: "data", file: lab.file("db-1.qcow2"), size: "64MiB" }],
    },
    "ci-1": {
      ...{ memory: "1GiB", maxMemory: "8GiB", ...off },
      hotplug: { allowUnplug: true, maxDimmSize: "256MiB", awaitGuest: false },
    },
    "vault-1": { memory: "1GiB", maxMemory: "8GiB", $secret: true, ...off },
    "old-1": { memory: "512MiB", maxMemory: "8GiB", ...off },
  };
}

function changed(domains: Domains, sizes: Record<string, Record<string, unknown>>): Domains {
  const { "old-1": _, ...kept } = domains;
  const all = Object.entries(kept).map(([name, args]) => [name, { ...args, ...sizes[name] }]);
  return {
    ...Object.fromEntries(all),
    "new-1": { memory: "1GiB", maxMemory: "8GiB", shutdownTimeout: 0, forceOff: true },
  };
}

type Host = "dynamic" | "plugin";

interface Stack {
  pulumi: (args: string[], more?: Record<string, string>) => Promise<string>;
  write: (domains: Domains) => void;
  /** Writes a recording without this machine's paths. */
  save: (name: string, text: string) => void;
}

async function onStack(
  host: Host,
  folder: string,
  body: (lab: Lab, stack: Stack) => Promise<void>,
): Promise<void> {
  const lab = await startLab({ arch: "x86_64" });
  try {
    const dir = lab.file("fleet");
    const backend = join(dir, "state");
    mkdirSync(backend, { recursive: true });
    mkdirSync(join(dir, "node_modules"), { recursive: true });
    symlinkSync(join(ROOT, "node_modules/@pulumi"), join(dir, "node_modules/@pulumi"));
    symlinkSync(ROOT, join(dir, "node_modules/pulumi-libvirt-hotplug"));
    writeFileSync(join(dir, "index.js"), PROGRAM);
    const env = {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      PULUMI_BACKEND_URL: `file://${backend}`,
      PULUMI_CONFIG_PASSPHRASE: "only for a recording",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const pulumi = async (args: string[], more: Record<string, string> = {}) => {
      try {
        const options = { cwd: dir, env: { ...env, ...more }, maxBuffer: 2 ** 26 };
        return (await promisify(execFile)("pulumi", args, options)).stdout;
      } catch (error) {
        const { stdout, stderr } = error as { stdout: string; stderr: string };
        console.error(`pulumi ${args.join(" ")} failed: ${stderr}`);
        return stdout;
      }
    };
    const write = (domains: Domains) => writeProgram(dir, host, domains);
    const save = (name: string, text: string) => {
      const clean = text
        .replaceAll(lab.dir, "/run/lab")
        // Node and Pulumi name files by where links lead.
        .replaceAll(dirname(realpathSync(join(ROOT, "node_modules"))), PACKAGE)
        .replaceAll(ROOT, PACKAGE);
      mkdirSync(join(RECORDED, folder), { recursive: true });
      writeFileSync(join(RECORDED, folder, name), clean);
    };

    // The stack's configuration goes to its file, which needs a program.
    write({});
    await pulumi(["stack", "init", "prod"]);
    await pulumi(["config", "set", "libvirt-hotplug:uri", lab.uri]);
    await pulumi(["config", "set", "libvirt-hotplug:domainType", "qemu"]);
    await body(lab, { pulumi, write, save });
    await pulumi(["destroy", "--yes", "--skip-preview"]);
  } finally {
    await lab.stop();
  }
}

async function recordFleet(host: Host): Promise<void> {
  await onStack(host, host, async (lab, { pulumi, write, save }) => {
    const before = domainsBefore(lab);
    write(before);
    await pulumi(["up", "--yes", "--skip-preview"]);
    await lab.console(lab.file("web-1.log")).waitFor(/GUEST memtotal_kb=/, { timeoutMs: 300_000 });
    await agentAnswers(lab, "web-1");
    const grown = { ...before, "ci-1": { ...before["ci-1"], memory: "1536MiB" } };
    write(grown);
    await pulumi(["up", "--yes", "--skip-preview"]);
    save("nothing.json", await pulumi(["preview", "--json"]));

    const sizes = {
      "web-1": { memory: "768MiB", vcpus: 2 },
      "web-2": { memory: "1300MiB" },
      "batch-1": { memory: "1100MiB" },
      "cache-1": { memory: "1100MiB" },
      "db-1": { memory: "2GiB", disks: [{ ...disksOf(before)[0], size: "128MiB" }] },
      "vault-1": { memory: "1280MiB" },
    };
    write(changed(grown, { ...sizes, "ci-1": { memory: "1280MiB" } }));
    save("preview.json", await pulumi(["preview", "--json"]));
    save(
      "preview.events.json",
      await pulumi(["preview", "--json"], { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" }),
    );
    const hotplug = { whenNotPossible: "error" };
    write(changed(grown, { ...sizes, "batch-1": { memory: "1100MiB", hotplug } }));
    save("refused.json", await pulumi(["preview", "--json"]));
    write(changed(grown, sizes));
    save("up.events.json", await pulumi(["up", "--yes", "--skip-preview", "--json"]));
  });
}

/** Domains without a guest, so that a shutdown and the removal of a disk get no answer. */
async function recordFailed(): Promise<void> {
  await onStack("plugin", "failed", async (lab, { pulumi, write, save }) => {
    const up = ["up", "--yes", "--json"];
    const bare = { memory: "256MiB", maxMemory: "2GiB", shutdownTimeout: 0, forceOff: true };
    const disks = (name: string, count: number) =>
      ["a", "b"].slice(0, count).map((disk) => ({
        ...{ name: disk, file: lab.file(`${name}-${disk}.qcow2`), size: "16MiB" },
      }));
    const nextBoot = { hotplug: { whenNotPossible: "nextBoot" } };
    const refusing = { hotplug: { whenNotPossible: "error" } };
    const before: Domains = {
      "api-1": { ...bare, disks: disks("api-1", 2) },
      "db-1": { ...bare, disks: disks("db-1", 2), ...nextBoot },
      "old-1": bare,
    };
    write(before);
    await pulumi(["up", "--yes", "--skip-preview"]);

    // The disk stays attached, so the deletion of old-1 isn't begun.
    const { "old-1": _, ...kept } = before;
    write({
      "api-1": { ...kept["api-1"], memory: "300MiB", disks: disks("api-1", 1) },
      "db-1": { ...kept["db-1"], memory: "300MiB", disks: disks("db-1", 1) },
    });
    save("update.json", await pulumi(up));
    await pulumi(["destroy", "--yes", "--skip-preview"]);

    // The refusal of strict-1 ends the run while api-1 shuts down; batch-1 can't be created again; slow-1 can't be deleted.
    const slow = { ...bare, shutdownTimeout: 5 };
    const fleet: Domains = {
      "api-1": slow,
      "batch-1": bare,
      "slow-1": { ...bare, shutdownTimeout: 1, forceOff: false },
      "strict-1": { ...bare, ...refusing },
    };
    write(fleet);
    await pulumi(["up", "--yes", "--skip-preview"]);
    const grown = (name: string) => ({ ...fleet[name], memory: "300MiB" });
    write({
      ...fleet,
      "batch-1": { ...grown("batch-1"), boot: { kernel: lab.file("no-such-kernel") } },
      "slow-1": grown("slow-1"),
    });
    save("replace.json", await pulumi([...up, "--skip-preview"]));
    write({ ...fleet, "api-1": grown("api-1"), "strict-1": grown("strict-1") });
    save("refused.json", await pulumi([...up, "--skip-preview"]));
    write({ ...fleet, "strict-1": grown("strict-1") });
    save("preview.json", await pulumi(up));
    write({ ...fleet, "slow-1": { ...fleet["slow-1"], forceOff: true } });
    await pulumi([...up, "--skip-preview"]);
  });
}

function disksOf(domains: Domains): object[] {
  return domains["db-1"]?.disks as object[];
}

function writeProgram(dir: string, host: Host, domains: Domains): void {
  if (host === "dynamic") {
    writeFileSync(join(dir, "Pulumi.yaml"), "name: fleet\nruntime: nodejs\n");
    writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "fleet", main: "index.js" }));
    writeFileSync(join(dir, "domains.json"), JSON.stringify(domains));
    return;
  }
  const resources = Object.entries(domains).map(([name, { $secret, memory, ...args }]) => {
    const size = $secret === true ? { "fn::secret": memory } : memory;
    return [name, { type: "libvirt-hotplug:Domain", properties: { ...args, memory: size } }];
  });
  const program = {
    ...{ name: "fleet", runtime: "yaml" },
    plugins: { providers: [{ name: "libvirt-hotplug", path: join(ROOT, "dist/plugin") }] },
    resources: Object.fromEntries(resources),
  };
  // JSON is YAML.
  writeFileSync(join(dir, "Pulumi.yaml"), JSON.stringify(program, null, 2));
}

const [, , what] = process.argv;
if (what === "failed") await recordFailed();
else await recordFleet(what === "plugin" ? "plugin" : "dynamic");
