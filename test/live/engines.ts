import { describe, expect, test } from "vitest";
import { engineOnThisMachine, type OpenStackOptions } from "../engine/driver.ts";
import type { Trace } from "./stack-on-lab.ts";

/** `in-process`: the small engine, with the program and the provider in the test's own process. */
type EngineKind = NonNullable<OpenStackOptions["engine"]> | "in-process";

/** The engine that a scenario runs on, and where it notes what it came to. */
export interface OnEngine {
  engine: EngineKind;
  traces: Trace[];
}

const { kind } = await engineOnThisMachine();

/** The tests' small engine, and Pulumi's CLI where there is one. */
const ENGINES: readonly EngineKind[] = kind === "pulumi" ? ["small", "pulumi"] : ["small"];

/**
 * Runs scenarios on every engine that this machine has. What they traced must be the same on all: the calls that
 * each operation made of the provider, the steps that it took, and the state that it left.
 */
export function onEachEngine(scenarios: (on: OnEngine) => void): void {
  const runs = ENGINES.map((engine): OnEngine => ({ engine, traces: [] }));
  for (const on of runs)
    describe(`on ${on.engine === "small" ? "the small engine" : "Pulumi's CLI"}`, () => scenarios(on));
  test("the same calls and the same states on every engine", ({ skip }) => {
    const [first, ...others] = runs;
    skip(others.length === 0, "there is one engine alone: no Pulumi CLI");
    expect(first?.traces).not.toEqual([]);
    for (const other of others) expect(other.traces).toEqual(first?.traces);
  });
}
