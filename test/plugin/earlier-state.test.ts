import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { validArguments } from "../support/arbitrary-inputs.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, OneResource } from "../support/one-resource.ts";
import { serviceOn } from "../support/plugin-service.ts";

const URN = "urn:pulumi:dev::shop::libvirt-hotplug:index:Domain::web-1";
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

/** What the plugin says of a state and its unchanged program, as the engine asks when an alias names the dynamic resource. */
async function differenceOf(state: State, program: Properties, host: FakeHypervisor) {
  const { call, said } = await serviceOn(host);
  const callsBefore = host.calls.length;
  const checked = await call("Check", { urn: URN, olds: state.inputs, news: program });
  const diff = await call("Diff", {
    ...{ urn: URN, id: state.id, olds: state.outputs, old_inputs: state.inputs },
    news: checked.inputs,
  });
  return { diff, failures: checked.failures, said, calls: host.calls.slice(callsBefore) };
}

const UNCHANGED = {
  diff: { changes: NONE, replaces: [], detaileddiff: {} },
  failures: [],
  said: [],
  calls: [],
};

describe("a state of the dynamic host makes no difference to the plugin, and costs no call", () => {
  test.each(readdirSync(STATES))("that an earlier version wrote: %s", async (file) => {
    const { program, domain, state } = JSON.parse(readFileSync(join(STATES, file), "utf8"));
    const host = new FakeHypervisor();
    host.domains.set(domain.uuid, { ...domain });
    expect(await differenceOf(state, program, host)).toMatchObject(UNCHANGED);
  });

  property.prop([programs], { numRuns: 40 })(
    "that this version writes, whatever the program",
    async (program) => {
      const { host, stack } = await created(program);
      expect(await differenceOf(stack.recorded, program, host)).toMatchObject(UNCHANGED);
    },
  );
});

property.prop([programs], { numRuns: 40 })(
  "a state of the plugin makes no difference to the dynamic host, and costs no call",
  async (program) => {
    const host = new FakeHypervisor();
    const { call } = await serviceOn(host);
    const { inputs, failures } = await call("Check", { urn: URN, olds: {}, news: program });
    expect(failures).toEqual([]);
    const { id, properties } = await call("Create", { urn: URN, properties: inputs });
    const stack = new OneResource(host);
    stack.state = {
      ...{ id: String(id), inputs: inputs as Properties, outputs: properties as Properties },
      isPartial: false,
    };
    host.calls.length = 0;
    expect(await stack.up(program)).toBe("same");
    expect(host.calls).toEqual([]);
  },
);
