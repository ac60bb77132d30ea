import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { expect } from "vitest";
import type { DomainArgs } from "../../sdk/index.ts";
import {
  type OpenStackOptions,
  openStack,
  type RunOptions,
  type RunResult,
  type StackDriver,
} from "../engine/driver.ts";
import type { Hosts } from "../engine/hosts/hosts.ts";
import type { Lab } from "../lab/lab.ts";

const ROOT = join(import.meta.dirname, "../..");
const RECORDER = join(import.meta.dirname, "record-calls.cjs");

/** `in-process`: the small engine, with program and provider in the test's own process. */
export type EngineKind = NonNullable<OpenStackOptions["engine"]> | "in-process";

/** The class of the dynamic provider, or the resource plugin's. */
export type ProviderHostKind = "dynamic" | "plugin";

/** What the program and the provider of a stack read and write, by path. */
export interface ProgramFiles {
  domainsFile: string;
  hostFile: string;
  callsFile: string;
}

/** The engine and the provider host that a scenario runs on, and where it traces what it did. */
export interface OnEngine {
  engine: EngineKind;
  /** Default: the dynamic provider, or what PROVIDER_HOST in the environment says. */
  host?: ProviderHostKind;
  traces: Trace[];
}

const DEFAULT_HOST: ProviderHostKind = process.env.PROVIDER_HOST === "plugin" ? "plugin" : "dynamic";

/** `{ secret }` becomes a secret, `{ output: [name, key] }` an output of a domain that was made before this one. */
export type Arg<T> = T | { secret: T } | { output: [domain: string, output: string] };
export type Args = { [K in keyof DomainArgs]?: Arg<DomainArgs[K]> | undefined } & {
  /** Resource options. */
  options?: CustomResourceOptions;
};

const DOMAINS = "domains.json";
const HOST = "host";

/** The program of Pulumi's own host: plain JavaScript, since ts-node takes its time. Tests edit the files that it reads. */
const PROGRAM = `
const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");
const makeDomains = require(${inThisFolder("domains-program.cjs")});

const classes = {
  dynamic: () => require("pulumi-libvirt-hotplug").Domain,
  plugin: () => require(${inThisFolder("plugin-domain.cjs")})(pulumi),
};
const domains = JSON.parse(readFileSync("${DOMAINS}", "utf8"));
module.exports = makeDomains(pulumi, classes[readFileSync("${HOST}", "utf8")](), domains);
`;

function inThisFolder(file: string): string {
  return JSON.stringify(join(import.meta.dirname, file));
}

/** What one operation asked of the provider and left behind, as far as it is the same on every engine. */
export interface Trace {
  operation: string;
  ok: boolean;
  /** Not of an operation that failed: what is done before a failure depends on the order in which resources register. */
  done?: { steps: string[]; calls: string[] };
  state: object[];
}

type Operation = "preview" | "up" | "refresh" | "destroy";

/** A domain that QEMU runs and that boots nothing: it starts in a moment, and has no guest to wait for. */
export const BARE = { memory: "256MiB", maxMemory: "2GiB", shutdownTimeout: 0, agent: false, balloon: false };

/** No KVM, and no guest's word where a test doesn't ask for it: most domains here boot nothing. */
const ON_LAB = { "libvirt-hotplug:domainType": "qemu", "libvirt-hotplug:awaitGuest": "false" };

/** A plugin gets the keys of its own namespace only; the dynamic provider takes either. */
function forPlugin(key: string): string {
  return key === "libvirt:uri" ? "libvirt-hotplug:uri" : key;
}

/** What an operation said of one domain, a line each, its severity first; statuses are left out. */
export function said({ diagnostics }: RunResult, domain: string): string {
  return diagnostics
    .filter(({ urn, ephemeral }) => urn.endsWith(`::${domain}`) && ephemeral !== true)
    .map(({ severity, message }) => `${severity}: ${message}`)
    .join("\n");
}

/** What an operation did to one domain. */
export function opOf({ steps }: RunResult, domain: string): string | undefined {
  return steps.find(({ urn }) => urn.endsWith(`::${domain}`))?.op;
}

/** One stack of domains on a lab's libvirt, whose program a test edits. */
export interface StackOnLab extends Pick<StackDriver, Operation | "setConfig"> {
  readonly dir: string;
  /** Sets arguments of a domain; undefined takes one out. A domain that isn't there yet is added. */
  edit(name: string, args: Args): void;
  /** Takes a domain out of the program. */
  drop(name: string): void;
  /** From now on the program's domains are of this host's class; the libvirt of the lab is named by a key that both take. */
  moveTo(host: ProviderHostKind): Promise<void>;
  /** An up that must succeed. */
  apply(options?: RunOptions): Promise<RunResult>;
  /** The outputs of a domain in the state, secrets in clear; undefined when it isn't there. */
  find(name: string): Promise<Record<string, unknown> | undefined>;
  /** The same of a domain that must be there. */
  outputsOf(name: string): Promise<Record<string, unknown>>;
  /** The state of the stack as text; without what is marked as secret in it, unless that is asked for. */
  stateText(options?: { secrets: boolean }): Promise<string>;
  /** All is as the program says: refresh finds no drift, and another up has nothing to do and starts nothing anew. */
  expectSettled(): Promise<void>;
}

interface StackOptions {
  /** Default: in one process, since an operation takes Pulumi's hosts a second and a half to start. */
  on?: OnEngine;
  config?: Record<string, string>;
}

/** Opens a new stack with these domains, in the lab's folder: it ends with the lab. */
export async function stackOnLab(
  lab: Lab,
  domains: Record<string, Args>,
  { on = { engine: "in-process", traces: [] }, config = {} }: StackOptions = {},
): Promise<StackOnLab> {
  const { engine, traces, host = DEFAULT_HOST } = on;
  const configKey = host === "plugin" ? forPlugin : (key: string) => key;
  const dir = mkdtempSync(join(lab.dir, "stack-"));
  const callsFile = join(dir, "calls");
  writeProject(dir);
  const program = structuredClone(domains);
  const domainsFile = join(dir, DOMAINS);
  const write = () => writeFileSync(domainsFile, JSON.stringify(program));
  write();
  const hostFile = join(dir, HOST);
  writeFileSync(hostFile, host);
  const driver = await openStack({
    ...{ projectDir: dir, stack: "dev", backendDir: join(dir, "state") },
    config: Object.fromEntries(
      Object.entries({ ...ON_LAB, "libvirt:uri": lab.uri, ...config }).map(([key, value]) => [
        configKey(key),
        value,
      ]),
    ),
    ...(engine === "in-process"
      ? { engine: "small", hosts: await inProcess({ domainsFile, callsFile, hostFile }) }
      : { engine, env: { NODE_OPTIONS: `--require "${RECORDER}"`, CALLS_FILE: callsFile } }),
  });

  const traced = (operation: Operation) => async (options?: RunOptions) => {
    writeFileSync(callsFile, "");
    const result = await driver[operation](options);
    const done = {
      steps: result.steps.map(({ op, urn }) => `${op} ${urn}`).sort(),
      calls: byResource(readFileSync(callsFile, "utf8")),
    };
    const { ok } = result;
    traces.push({ operation, ok, ...(ok ? { done } : {}), state: await comparableState(driver) });
    return result;
  };
  const stack: StackOnLab = {
    dir,
    preview: traced("preview"),
    up: traced("up"),
    refresh: traced("refresh"),
    destroy: traced("destroy"),
    setConfig: (key, value, o) => driver.setConfig(configKey(key), value, o),
    edit: (name, args) => {
      program[name] = { ...program[name], ...args };
      write();
    },
    drop: (name) => {
      delete program[name];
      write();
    },
    moveTo: async (to) => {
      writeFileSync(hostFile, to);
      await driver.setConfig(forPlugin("libvirt:uri"), lab.uri);
    },
    apply: async (options) => {
      const result = await stack.up(options);
      expect(result.errors).toEqual([]);
      expect(result.ok).toBe(true);
      return result;
    },
    find: async (name) => {
      const resource = (await resources(driver)).find(({ urn }) => urn.endsWith(`::${name}`));
      return resource && (withoutMarks(resource.outputs ?? {}) as Record<string, unknown>);
    },
    outputsOf: async (name) => {
      const found = await stack.find(name);
      if (found === undefined) throw new Error(`${name} is not in the state`);
      return found;
    },
    stateText: async ({ secrets } = { secrets: false }) =>
      JSON.stringify(await driver.exportState(), (key, value) =>
        key === "plaintext" && !secrets ? "[secret]" : value,
      ),
    expectSettled: async () => {
      const pids = () => Object.keys(program).map((name) => [name, lab.qemuPid(domainName(name))]);
      const domainName = (name: string) => String(program[name]?.name ?? name);
      const before = pids();
      const refreshed = await stack.refresh({ expectNoChanges: true });
      expect(refreshed.errors).toEqual([]);
      const second = await stack.up({ expectNoChanges: true });
      expect(second.errors).toEqual([]);
      expect(second.steps.filter(({ op }) => op !== "same")).toEqual([]);
      expect(pids()).toEqual(before);
    },
  };
  return stack;
}

/** Loads Pulumi's SDK and the provider, which tests on an engine of their own have no need of. */
async function inProcess(files: ProgramFiles): Promise<Hosts> {
  const { domainsInProcess } = await import("./domains-in-process.ts");
  return domainsInProcess(files);
}

const PLUGINS = `plugins:
  providers:
    - name: libvirt-hotplug
      path: ${join(ROOT, "dist/plugin")}
`;

function writeProject(dir: string): void {
  const runtime = "name: live\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n";
  writeFileSync(join(dir, "Pulumi.yaml"), runtime + PLUGINS);
  writeFileSync(join(dir, "package.json"), '{ "name": "live", "private": true }\n');
  writeFileSync(join(dir, "index.js"), PROGRAM);
  mkdirSync(join(dir, "node_modules/@pulumi"), { recursive: true });
  symlinkSync(ROOT, join(dir, "node_modules/pulumi-libvirt-hotplug"));
  symlinkSync(join(ROOT, "node_modules/@pulumi/pulumi"), join(dir, "node_modules/@pulumi/pulumi"));
}

/** Each resource's calls in their order; resources are worked on side by side. */
function byResource(lines: string): string[] {
  const calls = lines.split("\n").filter(Boolean);
  const names = [...new Set(calls.map((line) => line.split(" ")[0] ?? ""))].sort();
  return names.flatMap((name) => calls.filter((line) => line.startsWith(`${name} `)));
}

async function resources(driver: StackDriver) {
  return (await driver.exportState()).deployment.resources ?? [];
}

async function comparableState(driver: StackDriver): Promise<object[]> {
  return (await resources(driver).then(withoutChance))
    .filter(({ type }) => !type.startsWith("pulumi:providers:"))
    .map(({ urn, id, inputs, outputs, initErrors }) => ({ urn, id, inputs, outputs, initErrors }))
    .sort((a, b) => a.urn.localeCompare(b.urn));
}

/**
 * libvirt numbers domains as they start, whichever stack they belong to; and whether a guest's agent answers a refresh in time
 * is up to the guest.
 */
function withoutChance<State>(state: State): State {
  const chance = new Set(["domainId", "taken"]);
  return JSON.parse(JSON.stringify(state, (key, value) => (chance.has(key) ? undefined : value)));
}

/** Values as they are, where a state has secrets as their marked JSON text. */
export function withoutMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMarks);
  if (typeof value !== "object" || value === null) return value;
  if ("plaintext" in value) return withoutMarks(JSON.parse(String(value.plaintext)));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutMarks(inner)]));
}
