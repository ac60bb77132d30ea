import { describe, expect, it, test } from "vitest";
import { HOTPLUG_SETTINGS } from "../../provider/args/settings.ts";
import { dimmXml } from "../../provider/domain/device.ts";
import { MIB } from "../support/fake-guest.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { createdLinux, GROWING } from "../support/growing-linux.ts";
import type { OneResource } from "../support/one-resource.ts";
import { PluginStack } from "../support/plugin-stack.ts";
import type { SimulatedLinux } from "../support/simulated-linux.ts";

interface Lab {
  host: FakeHypervisor;
  stack: OneResource;
  guest: SimulatedLinux;
}

type Setting = keyof typeof HOTPLUG_SETTINGS;
type Hotplug = Record<string, unknown>;

/** Runs a program with so much memory, and with the setting's old value or another one. */
type Up = (memory: number, value?: unknown) => Promise<unknown>;

/** A change of a setting that an update has something to do for, and what comes before it. */
interface Case {
  setting: Setting;
  from: unknown;
  to: unknown;
  /** The other settings, which are arguments. */
  others?: Hotplug;
  /** Brings the domain there. */
  before: (lab: Lab, up: Up) => Promise<unknown>;
  memory: number;
}

const later = { whenNotPossible: "nextBoot" };
const settled = (_: Lab, up: Up) => up(1280);

const CASES: Case[] = [
  { setting: "enabled", from: true, to: false, before: settled, memory: 1280 },
  { setting: "enabled", from: false, to: true, others: later, before: settled, memory: 1280 },
  {
    setting: "alignment",
    from: "256MiB",
    to: "128MiB",
    others: later,
    before: (_, up) => up(1152),
    memory: 1152,
  },
  { setting: "whenNotPossible", from: "nextBoot", to: "restart", before: (_, up) => up(1100), memory: 1100 },
  { setting: "whenNotPossible", from: "nextBoot", to: "replace", before: (_, up) => up(1100), memory: 1100 },
  { setting: "whenNotPossible", from: "nextBoot", to: "error", before: (_, up) => up(1100), memory: 1100 },
  { setting: "applyOn", from: "nextBoot", to: "now", before: settled, memory: 1280 },
  { setting: "device", from: "dimm", to: "virtio-mem", before: settled, memory: 1280 },
  {
    ...{ setting: "allowUnplug", from: false, to: true, others: later, memory: 1024 },
    before: async ({ host }, up) => {
      await up(1280);
      host.guestGivesUp.add("ua-pulumi-dimm0");
      await up(1024);
    },
  },
  {
    ...{ setting: "online", from: "none", to: "agent", memory: 1280 },
    before: ({ guest }, up) => {
      guest.onlinesItself = false;
      return up(1280);
    },
  },
  {
    ...{ setting: "online", from: "none", to: "guest", memory: 1280 },
    before: ({ guest }, up) => {
      guest.onlinesItself = false;
      return up(1280);
    },
  },
  {
    ...{ setting: "awaitGuest", from: false, to: 60, memory: 1280 },
    before: async ({ guest }, up) => {
      guest.onlinesItself = false;
      guest.setAgent("off");
      await expect(up(1280, 10)).rejects.toThrow(/less than it should have/);
      await up(1280);
      guest.setAgent("on");
    },
  },
  {
    ...{ setting: "heal", from: false, to: true, memory: 1380 },
    before: async ({ host, stack }, up) => {
      await up(1024);
      plugMisplaced(host);
      await stack.refresh();
      await up(1380);
    },
  },
];

const configured = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** Another tool's DIMM of odd size, and one of this provider that QEMU put right behind it, where the guest can't use it. */
function plugMisplaced(host: FakeHypervisor): void {
  const { uuid, live = "" } = host.only;
  const devices = [
    dimmXml({ size: 100 * MIB, node: 0, alias: "dimm0", slot: 0, base: "0x100000000" }),
    dimmXml({ size: 256 * MIB, node: 0, alias: "ua-pulumi-dimm1", slot: 1, base: "0x106400000" }),
  ];
  host.change(uuid, { live: live.replace("</devices>", `${devices.join("")}</devices>`) });
  host.guestGivesUp.add("ua-pulumi-dimm1");
}

/** What a run says and does. */
async function change(
  { setting, from, to, others = {}, before, memory }: Case,
  by: "argument" | "configuration",
): Promise<object> {
  const lab = await createdLinux();
  const { host, stack, guest } = lab;
  const program = (value: unknown, size: number) => {
    const { [setting]: _, ...hotplug }: Hotplug = { awaitGuest: 10, allowUnplug: true, ...others };
    const args = { memory: `${size}MiB`, maxMemory: "8GiB", hotplug };
    if (by === "argument") return { ...args, hotplug: { ...hotplug, [setting]: value } };
    stack.config = { "libvirt:uri": "qemu:///system", [`libvirt-hotplug:${setting}`]: configured(value) };
    return args;
  };
  await before(lab, (size, value = from) => stack.up(program(value, size)));
  const said = () => stack.run.said.filter((text) => !text.startsWith("setting only"));
  const preview = await stack
    .preview(program(to, memory))
    .then(({ kind, inputs: { memoryPlan, change, memoryChange } }) => ({
      kind,
      memoryPlan,
      change,
      memoryChange,
    }))
    .catch(String);
  const previewed = said();
  const calls = host.calls.length;
  const failure = await stack.up(program(to, memory)).then(() => undefined, String);
  const did = host.calls
    .slice(calls)
    .filter((call) => /^(define|attach|detach|shutdown|start|undefine)/.test(call));
  return {
    preview,
    previewed,
    did,
    failure,
    after: said(),
    offline: guest.offline,
    live: host.only.live,
    inactive: host.only.inactive,
  };
}

describe("a setting that the stack's configuration changes is planned and carried out as the argument is", () => {
  test.each(CASES)("$setting: $from → $to", async (one) => {
    const byArgument = await change(one, "argument");
    expect(byArgument).not.toMatchObject({ preview: { kind: "same" } });
    const normalized = JSON.parse(JSON.stringify(byArgument));
    expect(JSON.parse(JSON.stringify(await change(one, "configuration")))).toEqual(normalized);
  });

  it("for every setting", () => {
    expect([...new Set(CASES.map(({ setting }) => setting))].toSorted()).toEqual(
      Object.keys(HOTPLUG_SETTINGS).toSorted(),
    );
  });
});

test("a change of the configuration that concerns nothing in a domain makes no difference, and no further look", async () => {
  const { stack } = await createdLinux();
  const { memoryPlan } = stack.recorded.inputs;
  stack.config = { "libvirt:uri": "qemu:///system", "libvirt-hotplug:applyOn": "nextBoot" };
  const { kind, inputs } = await stack.preview(GROWING);
  expect([kind, inputs.change, inputs.memoryChange, inputs.memoryPlan]).toEqual([
    ...["same", "none", "none", memoryPlan],
  ]);
  expect(stack.run.said).toEqual([]);
  stack.state = { ...stack.recorded, inputs };
  await stack.preview(GROWING);
  expect(stack.run.connections).toEqual([]);
});

test.each<[Setting, string, string, string, string]>([
  ["alignment", "256MiB", "128MiB", "1152MiB", "live"],
  ["whenNotPossible", "nextBoot", "restart", "1100MiB", "restart"],
  ["whenNotPossible", "nextBoot", "replace", "1100MiB", "replace"],
  ["applyOn", "nextBoot", "now", "1280MiB", "live"],
])(
  "the plugin plans %s: %s → %s in its provider's configuration",
  async (setting, from, to, memory, outcome) => {
    const others = setting === "alignment" ? later : {};
    const stack = new PluginStack(new FakeHypervisor(), { [setting]: from });
    const program = (size: string) => ({
      memory: size,
      maxMemory: "8GiB",
      hotplug: { awaitGuest: false, ...others },
    });
    await stack.up(program("1GiB"));
    await stack.up(program(memory));
    stack.config[setting] = to;
    const { kind, outputs } = await stack.preview(program(memory));
    expect([kind, outputs.change, outputs.memoryChange]).toEqual([
      ...[outcome === "replace" ? "replace" : "update", outcome, outcome],
    ]);
    expect(outputs.memoryPlan).toMatch(new RegExp(`^${outcome}: `));
  },
);
