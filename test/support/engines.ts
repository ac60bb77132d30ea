import { describe, expect, test } from "vitest";
import { engineOnThisMachine } from "../engine/driver.ts";
import type { EngineKind, OnEngine } from "./stack-on-lab.ts";

const found = await engineOnThisMachine();

/** Pulumi's CLI where there is one, else the tests' small engine; with hosts in processes of their own. */
export const ENGINE: OnEngine = { engine: found.kind, traces: [] };

/** With Pulumi's own hosts: the tests' small engine, and Pulumi's CLI where there is one. */
const ENGINES: readonly EngineKind[] = found.kind === "pulumi" ? ["small", "pulumi"] : ["small"];

const TITLES: Record<EngineKind, string> = {
  "in-process": "on the small engine, in one process",
  small: "on the small engine",
  pulumi: "on Pulumi's CLI",
};

/**
 * Runs scenarios on every engine that this machine has, and with the hosts in one process. What they traced must be the
 * same everywhere: the calls that each operation made of the provider, the steps that it took, and the state that it left.
 * For what the engine has a part in: how it shows and counts, what it does with failures, secrets and unknown values.
 */
export function onEachEngine(scenarios: (on: OnEngine) => void): void {
  onEngines([...ENGINES, "in-process"], scenarios);
}

/** The same without the one process, for scenarios about Pulumi's hosts or with a guest that takes its time to boot. */
export function onEachEngineWithHosts(scenarios: (on: OnEngine) => void): void {
  onEngines(ENGINES, scenarios);
}

function onEngines(engines: readonly EngineKind[], scenarios: (on: OnEngine) => void): void {
  const runs = engines.map((engine): OnEngine => ({ engine, traces: [] }));
  for (const on of runs) describe(TITLES[on.engine], () => scenarios(on));
  test("the same calls and the same states everywhere", ({ skip }) => {
    const [first, ...others] = runs;
    skip(others.length === 0, "there is only one engine: no Pulumi CLI");
    expect(first?.traces).not.toEqual([]);
    for (const other of others) expect(other.traces).toEqual(first?.traces);
  });
}
