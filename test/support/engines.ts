import { describe, expect, test } from "vitest";
import { engineOnThisMachine } from "../engine/driver.ts";
import {
  type EngineKind,
  type OnEngine,
  type ProviderHostKind,
  type Trace,
  withoutMarks,
} from "./stack-on-lab.ts";

const found = await engineOnThisMachine();

/** Pulumi's CLI where there is one, else the tests' small engine; with hosts in processes of their own. */
export const ENGINE: OnEngine = { engine: found.kind, traces: [] };

type On = Required<Omit<OnEngine, "traces">>;

/** In processes of their own: the tests' small engine, and Pulumi's CLI where there is one. */
const ENGINES: readonly EngineKind[] = found.kind === "pulumi" ? ["small", "pulumi"] : ["small"];
const DYNAMIC = ENGINES.map((engine): On => ({ engine, host: "dynamic" }));
/** The plugin's executable runs once a scenario, on the CLI where there is one. */
const PLUGIN: On = { engine: found.kind, host: "plugin" };

const ENGINE_TITLES: Record<EngineKind, string> = {
  "in-process": "on the small engine, in one process",
  small: "on the small engine",
  pulumi: "on Pulumi's CLI",
};
const HOST_TITLES = { dynamic: "through the dynamic provider", plugin: "through the plugin" };

/**
 * Runs scenarios on every engine that this machine has, with the hosts in one process too, and through either host of the
 * provider. What they traced must be the same on every engine: the calls that each operation made of the provider, the steps
 * that it took, and the state that it left. For what the engine has a part in: how it shows and counts, what it does with
 * failures, secrets and unknown values.
 */
export function onEachEngine(scenarios: (on: Required<OnEngine>) => void): void {
  const inProcess = (["dynamic", "plugin"] as const).map((host): On => ({ engine: "in-process", host }));
  onEngines([...DYNAMIC, ...inProcess, ...(found.kind === "pulumi" ? [PLUGIN] : [])], scenarios);
}

/** The same without the one process, for scenarios about Pulumi's hosts or with a guest that takes its time to boot. */
export function onEachEngineWithHosts(scenarios: (on: Required<OnEngine>) => void): void {
  onEngines([...DYNAMIC, PLUGIN], scenarios);
}

function onEngines(all: readonly On[], scenarios: (on: Required<OnEngine>) => void): void {
  const runs = all.map((on) => ({ ...on, traces: [] as Trace[] }));
  for (const on of runs)
    describe(`${ENGINE_TITLES[on.engine]}, ${HOST_TITLES[on.host]}`, () => scenarios(on));
  const of = (host: ProviderHostKind) => runs.filter((run) => run.host === host).map(({ traces }) => traces);
  test("the same calls and the same states everywhere", ({ skip }) => {
    const [first, ...others] = of("dynamic");
    skip(others.length === 0, "there is only one engine: no Pulumi CLI");
    expect(first).not.toEqual([]);
    for (const other of others) expect(other).toEqual(first);
  });
  test("the same steps and the same states through either host", () => {
    const [dynamic, plugin] = [of("dynamic"), of("plugin")].map((all) => all.at(-1)?.map(ofEitherHost));
    expect(dynamic).not.toEqual([]);
    expect(plugin).toEqual(dynamic);
  });
}

/** What follows from the URN, which has the type in it, and what only one of the hosts needs. */
const OF_A_HOST = new Set([
  ...["id", "uuid", "mac", "__urn", "__provider", "__secret", "__secrets"],
  "headroom",
]);

function ofEitherHost({ operation, ok, done, state }: Trace): object {
  const text = JSON.stringify({ operation, ok, steps: done?.steps.toSorted(), state }, (key, value) =>
    OF_A_HOST.has(key) ? undefined : withoutMarks(value),
  );
  return JSON.parse(text.replaceAll("libvirt-hotplug:index:Domain", "pulumi-nodejs:dynamic/libvirt:Domain"));
}
