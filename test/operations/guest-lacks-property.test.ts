import { test as property } from "@fast-check/vitest";
import fc from "fast-check";
import { expect } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { MIB } from "../support/fake-guest.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";
import { SimulatedLinux } from "../support/simulated-linux.ts";

interface World {
  host: FakeHypervisor;
  stack: OneResource;
  guest: SimulatedLinux;
  /** What the program asks for, in MiB. */
  memory: number;
}

const FROZEN = { error: "Command guest-get-memory-blocks has been disabled: the agent is in frozen state" };

/** What happens between two runs of Pulumi, and the runs. */
const EVENTS = {
  grow: async (world: World) => {
    world.memory += 256;
    await up(world);
  },
  shrink: async (world: World) => {
    if (world.memory > 1024) world.memory -= 256;
    await up(world);
  },
  up: (world: World) => up(world),
  refresh: async ({ stack }: World) => stack.refresh(),
  preview: async (world: World) => preview(world),
  reset: async ({ host, guest }: World) => {
    if (host.only.power === "running") guest.reset();
  },
  "online by itself": async ({ guest }: World) => {
    guest.onlinesItself = true;
  },
  "offline by default": async ({ guest }: World) => {
    guest.onlinesItself = false;
  },
  "brought online in the guest": async ({ host, guest }: World) => {
    if (host.only.power === "running") guest.set(guest.offline, true);
  },
  "agent on": async ({ guest }: World) => guest.setAgent("on"),
  "agent off": async ({ guest }: World) => guest.setAgent("off"),
  "agent frozen": async ({ guest }: World) => guest.setAgent(FROZEN),
  pause: async ({ host }: World) => host.change(host.only.uuid, { power: "paused" }),
  resume: async ({ host }: World) => host.change(host.only.uuid, { power: "running" }),
  "time passes": async ({ stack }: World) => stack.clock.sleep(2_500),
  "started again": async ({ host, guest }: World) => {
    host.turnOff(host.only.uuid);
    host.boot(host.only.uuid);
    guest.reset();
  },
} as const;

type Event = keyof typeof EVENTS;

/** A guest that has memory to lose, and then anything: what changes the guest more often than the rest. */
const events = fc
  .tuple(
    fc.constantFrom<Event>("agent on", "agent off", "agent frozen"),
    fc.constantFrom<Event[]>(["grow"], ["grow", "offline by default", "time passes", "reset"], []),
    fc.array(
      fc.oneof(
        {
          arbitrary: fc.constantFrom<Event>("grow", "reset", "offline by default", "time passes"),
          weight: 1,
        },
        { arbitrary: fc.constantFrom(...(Object.keys(EVENTS) as Event[])), weight: 2 },
      ),
      { maxLength: 10 },
    ),
  )
  .map(([agent, first, rest]) => [agent, ...first, ...rest]);

const program = ({ memory }: World) => ({
  memory: `${memory}MiB`,
  maxMemory: "32GiB",
  hotplug: { awaitGuest: 2, allowUnplug: true, whenNotPossible: "error" },
});

const liveMemory = ({ host }: World) => readDomain(host.only.live ?? "").memory;

/** An update that the guest is said to have followed has left nothing offline, whoever said so. */
async function up(world: World): Promise<void> {
  const { stack, guest, host } = world;
  const isDone = await stack.up(program(world)).then(
    () => true,
    () => false,
  );
  const said = stack.run.said.join("\n");
  if (isDone && host.only.power === "running" && /confirmed by|\(reported by/.test(said))
    expect(guest.memory).toBe(liveMemory(world));
  if (!isDone) world.memory = Math.min(world.memory, liveMemory(world) / MIB);
}

/** A resource that didn't change costs no call. */
async function preview(world: World): Promise<void> {
  const { stack, host } = world;
  const { inputs } = stack.recorded;
  if (inputs.memory !== program(world).memory || inputs.__unsettled === true) return;
  host.calls.length = 0;
  const { kind } = await stack.preview(program(world));
  if (kind === "same" || /^waiting again/.test(stack.run.said[0] ?? "")) expect(host.calls).toEqual([]);
}

async function world(): Promise<World> {
  const { host, stack } = await created(program({ memory: 1024 } as World));
  const guest = new SimulatedLinux(host, stack.clock);
  for (let slot = 0; slot < 16; slot += 1) host.guestGivesUp.add(`ua-pulumi-dimm${slot}`);
  return { host, stack, guest, memory: 1024 };
}

property.prop([events], cases(5))(
  "no sequence of runs, reboots, pauses and agents ends with a guest that is reported as whole and isn't",
  async (sequence) => {
    const scene = await world();
    for (const event of sequence) await EVENTS[event](scene);
    const { stack, guest, host } = scene;

    // In the end an agent answers again: a refresh sees what is lacking, and one update brings it online.
    guest.setAgent("on");
    host.change(host.only.uuid, { power: "running" });
    await stack.clock.sleep(2_500);
    await stack.refresh();
    const lacks = liveMemory(scene) - guest.memory;
    const { missing } = (stack.recorded.outputs.__guest ?? {}) as { missing?: { added: number } };
    expect(missing?.added ?? 0).toBe(lacks);
    scene.memory = liveMemory(scene) / MIB;
    await stack.up(program(scene));
    expect(guest.memory).toBe(liveMemory(scene));
    await stack.refresh();
    expect(await stack.up(program(scene))).toBe("same");
  },
);
