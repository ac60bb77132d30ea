import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { validArguments } from "../support/arbitrary-inputs.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, OneResource } from "../support/one-resource.ts";
import { PluginInProcess } from "../support/plugin-in-process.ts";

/** DiffResponse.DiffChanges. */
const NONE = 1;
const STATES = join(import.meta.dirname, "../operations/states");

/** Without what the fake host doesn't have. */
const programs = validArguments.map(({ adopt: _, arch: __, uri: ___, cpu: ____, ...program }) => program);

type Properties = Record<string, unknown>;
interface State {
  id: string;
  inputs: Properties;
  outputs: Properties;
}

/** The plugin's service on this host, as a run of Pulumi has it. */
async function pluginOn(host: FakeHypervisor): Promise<PluginInProcess> {
  const plugin = new PluginInProcess(host);
  await plugin.configure({ uri: "qemu:///system" });
  return plugin;
}

/** What the plugin says of a state and its unchanged program, as the engine asks when an alias names the dynamic resource. */
async function differenceOf(
  { id, inputs: oldInputs, outputs }: State,
  program: Properties,
  host: FakeHypervisor,
) {
  const plugin = await pluginOn(host);
  const callsBefore = host.calls.length;
  const { inputs, failures } = await plugin.check(oldInputs, program);
  const { changes, replaces, detailedDiff } = await plugin.diff(id, outputs, inputs, { oldInputs });
  const calls = host.calls.slice(callsBefore);
  return { changes, replaces, detailedDiff, failures, calls, said: plugin.said };
}

const UNCHANGED = { changes: NONE, replaces: [], detailedDiff: {}, failures: [], calls: [], said: [] };

describe("a state of the dynamic host makes no difference to the plugin, and costs no call", () => {
  test.each(readdirSync(STATES))("that an earlier version wrote: %s", async (file) => {
    const { program, domain, state } = JSON.parse(readFileSync(join(STATES, file), "utf8"));
    const host = new FakeHypervisor();
    host.domains.set(domain.uuid, { ...domain });
    expect(await differenceOf(state, program, host)).toEqual(UNCHANGED);
  });

  property.prop([programs], { numRuns: 40 })(
    "that this version writes, whatever the program",
    async (program) => {
      const { host, stack } = await created(program);
      expect(await differenceOf(stack.recorded, program, host)).toEqual(UNCHANGED);
    },
  );
});

property.prop([programs], { numRuns: 40 })(
  "a state of the plugin makes no difference to the dynamic host, and costs no call",
  async (program) => {
    const host = new FakeHypervisor();
    const plugin = await pluginOn(host);
    const { inputs, failures } = await plugin.check({}, program);
    expect(failures).toEqual([]);
    const { id, properties: outputs } = await plugin.create(inputs);
    const stack = new OneResource(host);
    stack.state = { id, inputs, outputs, isPartial: false };
    host.calls.length = 0;
    expect(await stack.up(program)).toBe("same");
    expect(host.calls).toEqual([]);
  },
);
