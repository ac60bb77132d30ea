// Records what the Pulumi CLI writes about a stack on a private libvirt, for the tests of `review`:
// `node test/review/record.ts dynamic` and `… plugin`. It needs the CLI on PATH, and dist/ (`npm run build`). With `by-hand` as its
// second argument it only records the previews of domains that somebody changed by hand, with `failed` updates that fail (of the
// plugin).
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

type Host = "dynamic" | "plugin";

type Domains = Record<string, Record<string, unknown>>;

/** The program of the class reads its domains from a file; "$secret" makes the memory a secret, and "$hidden" is a secret description. */
const PROGRAM = `const pulumi = require("@pulumi/pulumi");
const { Domain } = require("pulumi-libvirt-hotplug");
for (const [name, { $secret, $hidden, memory, ...args }] of Object.entries(require("./domains.json"))) {
  const description = $hidden && pulumi.secret($hidden);
  new Domain(name, { ...args, description, memory: $secret ? pulumi.secret(memory) : memory });
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

/** A stack on the lab, whose program is one of this provider. */
interface Stack {
  lab: Lab;
  pulumi: (args: string[], more?: Record<string, string>) => Promise<string>;
  write: (domains: Domains) => void;
  save: (name: string, text: string) => void;
}

async function withStack(host: Host, record: (stack: Stack) => Promise<void>): Promise<void> {
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
      mkdirSync(join(RECORDED, host), { recursive: true });
      writeFileSync(join(RECORDED, host, name), clean);
    };

    write({});
    await pulumi(["stack", "init", "prod"]);
    await pulumi(["config", "set", "libvirt-hotplug:uri", lab.uri]);
    await pulumi(["config", "set", "libvirt-hotplug:domainType", "qemu"]);
    await record({ lab, pulumi, write, save });
    await pulumi(["destroy", "--yes", "--skip-preview"]);
  } finally {
    await lab.stop();
  }
}

async function recordFleet({ lab, pulumi, write, save }: Stack): Promise<void> {
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
    "db-1": { memory: "2GiB", disks: [{ ...disksOf(before, "db-1")[0], size: "128MiB" }] },
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
}

/** Domains of a kind each, and what somebody does to them behind the state's back. */
function domainsByHand(lab: Lab): Domains {
  const small = {
    memory: "512MiB",
    maxMemory: "4GiB",
    agent: false,
    balloon: false,
    shutdownTimeout: 0,
    forceOff: true,
  };
  const disk = (name: string) => ({ name, file: lab.file(`${name}.qcow2`), size: "16MiB" });
  const later = { whenNotPossible: "nextBoot" };
  return {
    "off-1": small,
    "off-2": { ...small, $hidden: "a secret text" },
    "paused-1": small,
    "dimm-1": small,
    "dimm-2": small,
    "edited-1": { ...small, hotplug: later },
    "lowered-1": { ...small, balloon: true },
    "gone-1": small,
    "vcpus-1": { ...small, maxVcpus: 4 },
    "hidden-1": { ...small, $hidden: "a secret text" },
    "hidden-2": { ...small, $hidden: "a secret text", hotplug: later },
    "hidden-3": { ...small, $hidden: "a secret text", numa: [{ memory: "256MiB" }, { memory: "256MiB" }] },
    "shown-1": { ...small, graphics: { type: "vnc", password: "hunter22" } },
    "disk-1": { ...small, disks: [disk("disk-1a"), disk("disk-1b")], hotplug: later },
    "disk-2": { ...small, disks: [disk("disk-2a"), disk("disk-2b")] },
  };
}

async function changeByHand({ lab }: Stack): Promise<void> {
  await lab.virsh("destroy", "off-1");
  await lab.virsh("destroy", "off-2");
  await lab.virsh("suspend", "paused-1");
  const dimm = lab.file("dimm.xml");
  writeFileSync(
    dimm,
    '<memory model="dimm"><target><size unit="MiB">256</size><node>0</node></target></memory>',
  );
  await lab.virsh("attach-device", "dimm-1", dimm, "--live");
  await lab.virsh("attach-device", "dimm-2", dimm, "--live");
  const edited = lab.file("edited.xml");
  const xml = await lab.virsh("dumpxml", "edited-1", "--inactive");
  writeFileSync(
    edited,
    xml
      .replace(/(<memory unit='KiB'>)\d+/, `$1${640 * 1024}`)
      .replace(/(<currentMemory unit='KiB'>)\d+/, `$1${640 * 1024}`)
      .replace(/(<cell [^>]*memory=')\d+/, `$1${640 * 1024}`),
  );
  await lab.virsh("define", edited);
  await lab.virsh("setmem", "lowered-1", "400MiB", "--live");
  await lab.virsh("destroy", "gone-1");
  await lab.virsh("undefine", "gone-1");
  await lab.virsh("setvcpus", "vcpus-1", "2", "--live");
}

async function recordByHand(stack: Stack): Promise<void> {
  const { lab, pulumi, write, save } = stack;
  const before = domainsByHand(lab);
  write(before);
  await pulumi(["up", "--yes", "--skip-preview"]);
  const after = (sizes: Record<string, Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(before).map(([name, args]) => [name, { ...args, memory: "768MiB", ...sizes[name] }]),
    );
  const first = (name: string) => ({ disks: disksOf(before, name).slice(0, 1) });
  const sizes = {
    "dimm-1": { memory: "1GiB" },
    "edited-1": { memory: "512MiB" },
    "vcpus-1": { memory: "512MiB", vcpus: 3 },
    "hidden-2": { memory: "600MiB" },
    "disk-1": { ...first("disk-1"), memory: "600MiB" },
    "disk-2": first("disk-2"),
  };
  write(after(sizes));
  await lab.stopDaemon();
  save("unreachable.json", await pulumi(["preview", "--json"]));
  await lab.startDaemon();
  await changeByHand(stack);
  save("by-hand.json", await pulumi(["preview", "--json"]));
  const stream = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
  save("by-hand.events.json", await pulumi(["preview", "--json"], stream));
  const disruptive = { hotplug: { whenNotPossible: "restart" }, memory: "600MiB" };
  write(
    after({
      ...sizes,
      "off-1": disruptive,
      "paused-1": disruptive,
      "dimm-1": disruptive,
      "dimm-2": { memory: "600MiB" },
      "hidden-1": disruptive,
      "hidden-3": { memory: "600MiB" },
    }),
  );
  save("by-hand-restart.json", await pulumi(["preview", "--json"]));
  write({ ...before, "edited-1": { ...before["edited-1"], memory: "600MiB" } });
  save("by-hand-refused.json", await pulumi(["preview", "--json"]));
  write({ ...before, "missing-1": { memory: "512MiB", maxMemory: "4GiB", adopt: true } });
  save("refused-create.json", await pulumi(["preview", "--json"]));
  write(before);
}

/** Domains without a guest, so that a shutdown and the removal of a disk get no answer. */
async function recordFailed({ lab, pulumi, write, save }: Stack): Promise<void> {
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
  save("failed-update.json", await pulumi(up));
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
  save("failed-replace.json", await pulumi([...up, "--skip-preview"]));
  write({ ...fleet, "api-1": grown("api-1"), "strict-1": grown("strict-1") });
  save("failed-refused.json", await pulumi([...up, "--skip-preview"]));
  write({ ...fleet, "strict-1": grown("strict-1") });
  save("failed-preview.json", await pulumi(up));
  write({ ...fleet, "slow-1": { ...fleet["slow-1"], forceOff: true } });
  await pulumi([...up, "--skip-preview"]);
}

function disksOf(domains: Domains, name: string): object[] {
  return domains[name]?.disks as object[];
}

function writeProgram(dir: string, host: Host, domains: Domains): void {
  if (host === "dynamic") {
    writeFileSync(join(dir, "Pulumi.yaml"), "name: fleet\nruntime: nodejs\n");
    writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "fleet", main: "index.js" }));
    writeFileSync(join(dir, "domains.json"), JSON.stringify(domains));
    return;
  }
  const resources = Object.entries(domains).map(([name, { $secret, $hidden, memory, ...args }]) => {
    const size = $secret === true ? { "fn::secret": memory } : memory;
    const description = $hidden === undefined ? {} : { description: { "fn::secret": $hidden } };
    return [name, { type: "libvirt-hotplug:Domain", properties: { ...args, ...description, memory: size } }];
  });
  const program = {
    ...{ name: "fleet", runtime: "yaml" },
    plugins: { providers: [{ name: "libvirt-hotplug", path: join(ROOT, "dist/plugin") }] },
    resources: Object.fromEntries(resources),
  };
  // JSON is YAML.
  writeFileSync(join(dir, "Pulumi.yaml"), JSON.stringify(program, null, 2));
}

const RECORDS = new Map([
  ["by-hand", recordByHand],
  ["failed", recordFailed],
]);

await withStack(
  process.argv[2] === "plugin" ? "plugin" : "dynamic",
  RECORDS.get(process.argv[3] ?? "") ?? recordFleet,
);
