import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { defined } from "../../provider/defined.ts";
import { parseDomain } from "../../provider/domain/parse.ts";
import { readDomain } from "../../provider/domain/read.ts";
import {
  attribute,
  children,
  type Element,
  find,
  remove,
  serialiseNode,
  setAttribute,
  textOf,
} from "../../provider/domain/tree.ts";
import { UserError } from "../../provider/errors.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { interruptions } from "../support/interruptions.ts";
import { OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";

const FIRST = {
  ...{ memory: "1003MiB", maxMemory: "8GiB", vcpus: 2, cpu: "Nehalem", machine: "pc-q35-7.2" },
  disks: [{ file: "/images/a.qcow2" }],
  interfaces: [{ network: "default" }],
  boot: { kernel: "/boot/vmlinuz", commandLine: "quiet" },
  serial: "pty",
  description: "shop",
  hotplug: { awaitGuest: false, whenNotPossible: "restart" },
};

/** For each argument that a definition stores, and for autostart: other values of it; undefined: not set. */
const OTHERS: Record<string, unknown[]> = {
  vcpus: [4, undefined],
  cpu: ["host-passthrough", undefined],
  machine: ["pc", undefined],
  disks: [
    [{ file: "/images/b.qcow2" }],
    [{ file: "/images/a.qcow2" }, { file: "/images/b.qcow2" }],
    [{ file: "/images/a.qcow2", readOnly: true }],
    [
      { name: "b", file: "/images/b.qcow2" },
      { name: "a", file: "/images/a.qcow2" },
    ],
    [{ file: "/images/a.qcow2" }, { name: "c", file: "/images/c.qcow2", bus: "scsi" }],
    undefined,
  ],
  interfaces: [
    [{ network: "other" }],
    [{ network: "default" }, { bridge: "br0" }],
    [{ network: "default", mac: "52:54:00:00:00:01" }],
    [
      { name: "lan", network: "other" },
      { network: "default", link: "down" },
    ],
    undefined,
  ],
  boot: [{ kernel: "/boot/vmlinuz" }, { kernel: "/boot/other", initrd: "/boot/initrd" }, undefined],
  serial: [{ file: "/log" }, undefined],
  description: ['front <&> "ü"\n', undefined],
  agent: [false, true],
  balloon: [false, true],
  autostart: [true, false],
  currentMemory: ["512MiB"],
  xml: ["<domain type='kvm'><title>mine</title></domain>"],
};

type Args = Record<string, unknown>;

const with_ = (args: Args, change: Args): Args => defined({ ...args, ...change });

async function scene(args: Args = FIRST) {
  const host = new FakeHypervisor();
  const stack = new OneResource(host);
  await stack.up(with_(args, {}));
  host.calls.length = 0;
  return { host, stack };
}

/**
 * Without the mark and the controllers, of which there may be more after one history, without the alias and the place of a device that
 * was attached again, and without the order of the devices.
 */
function definition(host: FakeHypervisor): unknown {
  const own = [...host.domains.values()].find(({ name }) => name === "web-1");
  const { root } = parseDomain(own?.inactive ?? "");
  for (const name of ["metadata", "currentMemory"])
    for (const part of children(root, name)) remove(root, part);
  const devices = find(root, "devices");
  for (const device of children(devices)) {
    const isController = device.name === "controller" && attribute(device, "index") !== "0";
    if (devices && (isController || attribute(device, "type") === "scsi")) remove(devices, device);
    for (const alias of children(device, "alias")) remove(device, alias);
    const target = find(device, "target");
    if (device.name === "disk" && target) setAttribute(target, "dev", undefined);
  }
  const { currentMemory } = readDomain(own?.inactive ?? "");
  return { autostart: own?.autostart, currentMemory, domain: partsOf(root), running: devicesOf(own?.live) };
}

/** The disks and the network interfaces that the running domain has, by what they are. */
function devicesOf(live: string | undefined): string[] | undefined {
  if (live === undefined) return undefined;
  const { disks, cards } = readDomain(live);
  return [
    ...disks.map(({ file, bus }) => `${file} ${bus}`),
    ...cards.map(({ mac, source, link = "up" }) => `${mac} ${source} ${link}`),
  ].sort();
}

function partsOf(of: Element): unknown {
  const inner = children(of).map(partsOf);
  return [
    serialiseNode({ ...of, children: [] }),
    inner.length === 0
      ? textOf(of)
      : inner.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
  ];
}

/** Where another program, `killed`, was ended at that call, without a record. */
async function killedAt(killed: Args, call: number) {
  const made = await scene();
  const recorded = structuredClone(made.stack.state);
  made.host.death = { call, carriedOut: true };
  await made.stack.up({ ...killed }).catch(() => undefined);
  made.host.death = undefined;
  made.stack.state = recorded;
  return made;
}

async function callsOf(killed: Args): Promise<string[]> {
  const { host, stack } = await scene();
  await stack.up({ ...killed });
  return host.calls;
}

/** An update, which is refused where the killed one left a running domain that it would have to restart: a refresh shows it. */
async function upAfterKill(stack: OneResource, args: Args) {
  try {
    return await stack.up({ ...args });
  } catch (error) {
    if (!(error instanceof UserError && error.code === "domain-changed")) throw error;
    await stack.refresh();
    return await stack.up({ ...args });
  }
}

/** An update of another argument, so that the domain is looked at. */
const LATER = { memory: "1259MiB" };

const changes = Object.entries(OTHERS).flatMap(([name, values]) =>
  values.map((value) => [name, JSON.stringify(value) ?? "not set", { [name]: value }] as const),
);

describe("an update that was killed in the middle, and a program that doesn't ask for it any more", () => {
  test.each(changes)(
    "%s, %s: the next update of anything ends with the definition of the program",
    async (_name, _value, change) => {
      const next = with_(FIRST, LATER);
      const undisturbed = await scene();
      await undisturbed.stack.up({ ...next });
      const killed = with_(FIRST, change);
      const calls = await callsOf(killed);
      for (const call of interruptions(calls)) {
        const { host, stack } = await killedAt(killed, call);
        await upAfterKill(stack, next);
        expect(definition(host), `after call ${call}`).toEqual(definition(undisturbed.host));
        expect(await stack.up({ ...next }), `after call ${call}`).toBe("same");
      }
    },
  );

  test.each(changes)(
    "%s, %s: a refresh shows it, and the next update sets the recorded value again",
    async (_name, _value, change) => {
      const killed = with_(FIRST, change);
      const calls = await callsOf(killed);
      const undisturbed = await scene();
      for (const call of interruptions(calls)) {
        const { host, stack } = await killedAt(killed, call);
        await stack.refresh();
        await stack.up(with_(FIRST, {}));
        expect(definition(host), `after call ${call}`).toEqual(definition(undisturbed.host));
        expect(await stack.up(with_(FIRST, {})), `after call ${call}`).toBe("same");
      }
    },
  );
});

const program = fc
  .record(
    Object.fromEntries(
      Object.entries(OTHERS)
        .filter(([name]) => name !== "xml")
        .map(([name, values]) => [
          name,
          fc.constantFrom(Reflect.get(FIRST, name), Reflect.get(FIRST, name), ...values),
        ]),
    ),
  )
  // check refuses a balloon target without a balloon.
  .map((args): Args => (args.balloon === false ? { ...args, currentMemory: undefined } : args));

describe("any two programs", () => {
  property.prop([program, program, fc.nat({ max: 99 }), fc.constantFrom("1003MiB", "1259MiB")], cases(40))(
    "whatever a killed update changed and whatever the next program asks, the definition is the program's",
    async (one, two, at, memory) => {
      const killed = with_(FIRST, { ...one, memory });
      const next = with_(FIRST, { ...two, ...LATER });
      const undisturbed = await scene();
      await undisturbed.stack.up({ ...next });
      const calls = await callsOf(killed);
      const { host, stack } = await killedAt(killed, 1 + (at % Math.max(1, calls.length)));
      await upAfterKill(stack, next);
      expect(definition(host)).toEqual(definition(undisturbed.host));
      expect(await stack.up({ ...next })).toBe("same");
    },
  );
});
