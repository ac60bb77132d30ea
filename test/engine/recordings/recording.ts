import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import { type Deployment, openStack } from "../driver.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { inProcessHosts } from "../hosts/in-process.ts";
import { PULUMI_HOSTS } from "../hosts/processes.ts";
import type { StoredResource } from "../stack/resource.ts";
import { isProviderType, nameOf } from "../stack/urn.ts";
import type { RecordedStep, Spec } from "./spec.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");
const PROGRAM = join(FIXTURES, "program");

/** Where program and provider run: in Pulumi's own hosts, in this process, or the program in this process and the provider as a resource plugin. */
export type Where = "hosts" | "in-process" | "plugin";

const require = createRequire(import.meta.url);
const register: (spec: Spec, host: "dynamic" | "plugin") => Promise<Record<string, unknown>> = require(
  join(PROGRAM, "register.js"),
);
const { makeProvider }: { makeProvider: (env: object) => dynamic.ResourceProvider } = require(
  join(PROGRAM, "provider.js"),
);

/** What one command came to: whether it succeeded, the provider's calls, the resources it left, both sorted. */
export interface Recording {
  ok: boolean;
  calls: object[];
  state: object[];
}

/** The steps as the real CLI did them, without what concerns the resource `leftOut`; see `scenarios.ts`. */
export function recorded(name: string, leftOut?: string): Recording[] {
  const steps: { rc: number; calls: string[]; state: string[] }[] = JSON.parse(
    readFileSync(recordingFile(name), "utf8"),
  );
  return steps.map(({ rc, calls, state }) => ({
    ok: rc === 0,
    calls: sorted(calls.map((call) => JSON.parse(call)).filter((call) => call.n !== leftOut)),
    state: sorted(state.map((resource) => JSON.parse(resource)).filter(({ urn }) => nameOf(urn) !== leftOut)),
  }));
}

export function recordingFile(name: string): string {
  return join(import.meta.dirname, "recorded", `${name}.json`);
}

/** Does the steps, with the small engine unless `engine` differs; leaves out what concerns the resource `leftOut`. */
export async function record(
  steps: RecordedStep[],
  where: Where,
  leftOut?: string,
  engine: "small" | "pulumi" = "small",
): Promise<Recording[]> {
  const dir = mkdtempSync(join(tmpdir(), "recording-"));
  try {
    const file = (name: string) => join(dir, name);
    writeFileSync(file("behaviour.json"), "{}");
    const env = {
      CALL_LOG: file("calls"),
      BEHAVIOUR_FILE: file("behaviour.json"),
      SPEC_FILE: file("spec.json"),
    };
    const namespace = where === "plugin" ? "spike:" : "";
    const stack = await openStack({
      projectDir: projectIn(engine === "pulumi" ? copiedTo(dir) : FIXTURES, where),
      stack: "dev",
      backendDir: dir,
      config: { [`${namespace}greeting`]: "hi" },
      ...{ env, engine },
      ...(where !== "hosts" && { hosts: programInProcess(env, where) }),
    });
    await stack.setConfig(`${namespace}pw`, "hunter2", { secret: true });
    const recordings: Recording[] = [];
    for (const { command, spec, behaviour, greeting, ...options } of steps) {
      if (spec) writeFileSync(file("spec.json"), JSON.stringify(spec));
      if (behaviour) writeFileSync(file("behaviour.json"), JSON.stringify(behaviour));
      if (greeting) await stack.setConfig(`${namespace}greeting`, greeting);
      writeFileSync(file("calls"), "");
      // The recordings were made with the CLI's default on two processors.
      const { ok } = await stack[command]({ parallel: 8, ...options });
      const calls = readFileSync(file("calls"), "utf8")
        .split("\n")
        .filter((line) => line !== "");
      recordings.push({
        ok,
        calls: sorted(calls.map((line) => JSON.parse(line)).filter((call) => call.n !== leftOut)),
        state: stateOf(await stack.exportState(), leftOut),
      });
    }
    return recordings;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The program with a dynamic provider, or the one with a resource plugin. */
function projectIn(fixtures: string, where: Where): string {
  return join(fixtures, where === "plugin" ? "plugin" : "program");
}

/** For the CLI, which keeps a stack's configuration in the project's own folder. */
function copiedTo(dir: string): string {
  cpSync(FIXTURES, join(dir, "fixtures"), { recursive: true });
  symlinkSync(join(import.meta.dirname, "../../../node_modules"), join(dir, "node_modules"));
  return join(dir, "fixtures");
}

function programInProcess(
  env: { CALL_LOG: string; BEHAVIOUR_FILE: string; SPEC_FILE: string },
  where: "in-process" | "plugin",
): Hosts {
  const host = where === "plugin" ? "plugin" : "dynamic";
  const inProcess = inProcessHosts({
    program: () => register(JSON.parse(readFileSync(env.SPEC_FILE, "utf8")), host),
    provider: () => ({ kind: "dynamic", provider: makeProvider(env), close: async () => {} }),
  });
  return where === "plugin" ? { ...inProcess, startProvider: PULUMI_HOSTS.startProvider } : inProcess;
}

/** Without what differs from run to run: times, the provider's id, the text of `__provider`, lines of the program. */
function stateOf({ deployment }: Deployment, leftOut: string | undefined): object[] {
  const { resources = [], pending_operations = [] } = deployment;
  const compared = resources.filter(({ urn }) => nameOf(urn) !== leftOut);
  const steady = compared.map(({ created, modified, provider, inputs, outputs, ...resource }) => ({
    ...withoutLines(resource),
    ...(provider ? { provider: provider.replace(/[^:]+$/, "PID") } : {}),
    ...(isProviderType(resource.type) ? { id: "PID" } : {}),
    ...(inputs ? { inputs: withoutCode(inputs) } : {}),
    ...(outputs ? { outputs: withoutCode(outputs) } : {}),
  }));
  const pending = pending_operations.map(({ type, resource }) => ({ pending: type, urn: resource.urn }));
  return sorted([...steady, ...pending]);
}

/** The CLI keeps where the program registered the resource. */
function withoutLines(resource: object): StoredResource {
  const { sourcePosition, stackTrace, ...rest } = resource as StoredResource & Record<string, unknown>;
  return rest;
}

function withoutCode(props: object): object {
  return "__provider" in props ? { ...props, __provider: "P" } : props;
}

/** By their JSON text with sorted keys: concurrent operations come in any order. */
function sorted(items: object[]): object[] {
  const texts = items.map((item) => JSON.stringify(item, sortKeys));
  return texts.sort().map((text) => JSON.parse(text));
}

function sortKeys(_key: string, value: unknown): unknown {
  const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
  return isObject ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}
