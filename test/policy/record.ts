// Records what the Pulumi CLI passes to a policy pack about a stack on a private libvirt, for the tests of the rules:
// `node test/policy/record.ts dynamic` and `… plugin`. It needs the CLI on PATH, and dist/ (`npm run build`).
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { startLab } from "../lab/lab.ts";
import type { Host, Recording } from "./recorded-runs.ts";

const ROOT = join(import.meta.dirname, "../..");

type Domains = Record<string, Record<string, unknown>>;

/** The program of the class reads its domains from a file. */
const PROGRAM = `const pulumi = require("@pulumi/pulumi");
const { Domain } = require("pulumi-libvirt-hotplug");
const made = {};
for (const [name, { $secret, $of, memory, ...args }] of Object.entries(require("./domains.json"))) {
  const size = $of ? made[$of].liveMemory : $secret ? pulumi.secret(memory) : memory;
  made[name] = new Domain(name, { ...args, memory: size });
}
`;

/** A policy pack that writes down each call as a line of JSON, with unknown and secret values as Pulumi's engine sent them. */
const PACK = `const { appendFileSync } = require("node:fs");
const deserialize = require("@pulumi/policy/deserialize");
const { deserializeProperties } = deserialize;
const sent = new WeakMap();
deserialize.deserializeProperties = (message, keepsSecrets) => {
  const properties = deserializeProperties(message, keepsSecrets);
  sent.set(properties, message.toJavaScript());
  return properties;
};
const rawOf = (properties) => sent.get(properties.__isSpecialProxy ? properties.__getSpecialProxyTarget : properties);
const resourceOf = ({ type, name, urn, props, opts, provider }) => ({
  ...{ type, name, urn, properties: rawOf(props), options: { additionalSecretOutputs: opts.additionalSecretOutputs } },
  ...(provider && { provider: { type: provider.type, name: provider.name, properties: rawOf(provider.props) } }),
});
const isDomain = ({ type }) => type.endsWith(":Domain");
const isPreview = process.env.PULUMI_NODEJS_DRY_RUN === "true";
const write = (kind, value) =>
  appendFileSync(process.env.RECORDED_CALLS, JSON.stringify({ isPreview, kind, value }) + "\\n");
const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("recorder", {
  enforcementLevel: "advisory",
  policies: [
    {
      ...{ name: "record", description: "Records." },
      validateResource: (args) => isDomain(args) && write("resource", resourceOf(args)),
      validateStack: ({ resources }) => write("stack", resources.filter(isDomain).map(resourceOf)),
    },
  ],
});
`;

interface Call {
  isPreview: boolean;
  kind: "resource" | "stack";
  value: unknown;
}

/** The calls of a preview come before those of its update. */
function runsOf(calls: readonly Call[]): object[] {
  return [true, false]
    .map((isPreview) => ({ isPreview, calls: calls.filter((call) => call.isPreview === isPreview) }))
    .filter((run) => run.calls.length > 0)
    .map(({ isPreview, calls }) => ({
      isPreview,
      resources: calls.filter(({ kind }) => kind === "resource").map(({ value }) => value),
      stack: calls.find(({ kind }) => kind === "stack")?.value ?? [],
    }));
}

async function record(host: Host): Promise<void> {
  const lab = await startLab({ arch: "x86_64" });
  try {
    const dir = lab.file("rec");
    const pack = lab.file("pack");
    const calls = lab.file("calls");
    mkdirSync(join(dir, "state"), { recursive: true });
    writePackage(dir, PROGRAM);
    symlinkSync(ROOT, join(dir, "node_modules/pulumi-libvirt-hotplug"));
    writePackage(pack, PACK);
    writeFileSync(join(pack, "PulumiPolicy.yaml"), "runtime: nodejs\n");
    const env = {
      ...process.env,
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      PULUMI_BACKEND_URL: `file://${join(dir, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "only for a recording",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      RECORDED_CALLS: calls,
    };
    const pulumi = async (...args: string[]) =>
      (await promisify(execFile)("pulumi", args, { cwd: dir, env, maxBuffer: 2 ** 26 })).stdout;
    const save = async (name: Recording, ...args: string[]) => {
      rmSync(calls, { force: true });
      await pulumi(...args, "--policy-pack", pack);
      const runs = runsOf(
        readFileSync(calls, "utf8")
          .trimEnd()
          .split("\n")
          .map((line): Call => JSON.parse(line)),
      );
      const recorded = execFileSync("pulumi", ["version"], { encoding: "utf8", env }).trim();
      const text = JSON.stringify({ recorded: `Pulumi ${recorded}`, runs }, null, 2);
      const file = join(import.meta.dirname, "recorded", `${host}-${name}.json`);
      writeFileSync(file, `${text.replaceAll(lab.uri, "qemu:///system")}\n`);
    };
    const write = (domains: Domains) => writeProgram(dir, host, domains);

    const off = { shutdownTimeout: 0, forceOff: true };
    const [web, other, sec, unk] = ["web", "off", "sec", "unk"].map((role) => `${role}-${host}`) as [
      string,
      string,
      string,
      string,
    ];
    const made = {
      [web]: { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2, ...off },
      [other]: { memory: "512MiB", vcpus: 1, ...off },
    };
    write(made);
    await pulumi("stack", "init", host);
    await pulumi("config", "set", "libvirt-hotplug:uri", lab.uri);
    await pulumi("config", "set", "libvirt-hotplug:domainType", "qemu");
    await pulumi("config", "set", "libvirt-hotplug:awaitGuest", "false");
    await save("create", "preview");
    await pulumi("up", "--yes", "--skip-preview");
    const changed = {
      [web]: { ...made[web], memory: "1259MiB" },
      [other]: { ...made[other], memory: "700MiB" },
      [sec]: { memory: "600MiB", vcpus: 1, $secret: true, ...off },
    };
    write({ ...changed, [unk]: { $of: web, vcpus: 1, ...off } });
    await save("change", "preview");
    await save("up", "up", "--yes");
    // An update would end the outcomes of the one before.
    await pulumi("destroy", "--yes", "--skip-preview", "--target", `**::${unk}`);
    write({ ...changed, [web]: { ...changed[web], shutdownTimeout: 7 } });
    await save("setting", "preview");
    const grown = {
      ...changed,
      [web]: { ...changed[web], memory: "1515MiB" },
      [sec]: { ...changed[sec], memory: "856MiB" },
    };
    write(grown);
    await save("target", "preview", "--target", `**::${web}`);
    await save("grow", "preview");
    await lab.stopDaemon();
    await save("noroute", "preview");
    await lab.startDaemon();
    await pulumi("destroy", "--yes", "--skip-preview");
  } finally {
    await lab.stop();
  }
}

function writePackage(dir: string, main: string): void {
  mkdirSync(join(dir, "node_modules"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules/@pulumi"), join(dir, "node_modules/@pulumi"));
  writeFileSync(join(dir, "index.js"), main);
  const dependencies = { "@pulumi/pulumi": "*", "@pulumi/policy": "*" };
  writeFileSync(
    join(dir, "package.json"),
    JSON.stringify({ name: "recorder", version: "1.0.0", main: "index.js", dependencies }),
  );
}

function writeProgram(dir: string, host: Host, domains: Domains): void {
  if (host === "dynamic") {
    writeFileSync(join(dir, "Pulumi.yaml"), "name: rec\nruntime: nodejs\n");
    writeFileSync(join(dir, "domains.json"), JSON.stringify(domains));
    return;
  }
  const resources = Object.entries(domains).map(([name, { $secret, $of, memory, ...args }]) => {
    const size =
      $of !== undefined ? `\${${$of}.liveMemory}` : $secret === true ? { "fn::secret": memory } : memory;
    return [name, { type: "libvirt-hotplug:Domain", properties: { ...args, memory: size } }];
  });
  const program = {
    ...{ name: "rec", runtime: "yaml" },
    plugins: { providers: [{ name: "libvirt-hotplug", path: join(ROOT, "dist/plugin") }] },
    resources: Object.fromEntries(resources),
  };
  // JSON is YAML.
  writeFileSync(join(dir, "Pulumi.yaml"), JSON.stringify(program, null, 2));
}

await record(process.argv[2] === "plugin" ? "plugin" : "dynamic");
