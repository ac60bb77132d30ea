import { fc, test as property } from "@fast-check/vitest";
import { expect } from "vitest";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { CheckFailed, created, type OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";
import { MIB } from "../support/scene.ts";
import { headlineOf } from "../support/texts.ts";

const FIRST = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };

/** What somebody does to the domain with virsh. */
interface ByHand {
  name: string;
  act(host: FakeHypervisor): unknown;
}

const plugged = (mib: number): ByHand => ({
  name: `a DIMM of ${mib} MiB`,
  act: (host) => {
    const { name, uuid, power } = host.only;
    if (power === "shutoff") return;
    const target = `<target><size unit='MiB'>${mib}</size><node>0</node></target>`;
    const xml = `<memory model='dimm'>${target}<alias name='ua-theirs'/></memory>`;
    return host.attachDevice({ name, uuid, id: 1 }, xml, { live: true });
  },
});

const edited = (from: number, to: number): ByHand => ({
  name: `${from} → ${to} MiB in the definition`,
  act: (host) => {
    const { uuid, inactive = "" } = host.only;
    host.change(uuid, { inactive: inactive.replaceAll(`>${from * MIB}<`, `>${to * MIB}<`) });
    const cells = (host.only.inactive ?? "").replaceAll(`memory='${from * MIB}'`, `memory='${to * MIB}'`);
    host.change(uuid, { inactive: cells });
  },
});

const poweredOff: ByHand = {
  name: "off",
  act: (host) => {
    const { name, uuid, power } = host.only;
    return power === "shutoff" ? undefined : host.destroy({ name, uuid, id: 1 });
  },
};

const paused: ByHand = {
  name: "paused",
  act: (host) => {
    if (host.only.power === "running") host.change(host.only.uuid, { power: "paused", reason: 1 });
  },
};

const anyAct = fc.constantFrom(
  ...[plugged(256), plugged(512), edited(1003, 1259), edited(1003, 900), edited(8192, 4096)],
  ...[poweredOff, paused],
);

const anyProgram = fc
  .record(
    {
      memory: fc.constantFrom("1003MiB", "1259MiB", "1515MiB", "900MiB"),
      maxMemory: fc.constantFrom("8GiB", "4GiB"),
      vcpus: fc.constantFrom(2, 2, 3),
      running: fc.constantFrom(true, false),
      hotplug: fc.record({ whenNotPossible: fc.constantFrom("replace", "restart", "nextBoot", "error") }),
    },
    { requiredKeys: [] },
  )
  .map((change) => ({ ...FIRST, ...change }));

/** The beginnings of headlines. */
const OUTCOMES: Record<string, string> = {
  live: "live",
  "next boot": "nextBoot",
  restart: "restart",
  replace: "replace",
  refused: "refuse",
};

/** What check computes, which policies see, and the headline of the plan that the reader sees. */
async function previewed(stack: OneResource, program: Record<string, unknown>) {
  const { check } = stack;
  const checked: Record<string, unknown>[] = [];
  stack.check = async (...given) => {
    const inputs = await check.apply(stack, given);
    checked.push(inputs);
    return inputs;
  };
  const error = await stack.preview(program).then(
    () => undefined,
    (caught: Error) => caught,
  );
  stack.check = check;
  fc.pre(!(error instanceof CheckFailed));
  const rows = [...stack.run.rows, ...(error ? [headlineOf(error.message) ?? ""] : [])];
  const plan = rows.find((row) => (row.split(": ")[0] ?? "") in OUTCOMES);
  return { change: checked[0]?.change, plan };
}

property.prop([fc.array(anyAct, { minLength: 1, maxLength: 2 }), anyProgram], cases(100))(
  "whatever a refresh found and the program asks for: policies see what the preview announces",
  async (acts, program) => {
    const { host, stack } = await created(FIRST);
    for (const { act } of acts) await act(host);
    await stack.refresh();
    const { change, plan } = await previewed(stack, program);
    expect([plan, change]).toEqual([plan, plan === undefined ? "none" : OUTCOMES[plan.split(": ")[0] ?? ""]]);
  },
);
