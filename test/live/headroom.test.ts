import { describe, expect, test } from "vitest";
import { labOfThisFile } from "../support/live-lab.ts";
import { recordedRoom } from "../support/room.ts";
import { type Args, BARE, type StackOnLab, stackOnLab } from "../support/stack-on-lab.ts";
import { attachByHand } from "../support/virsh.ts";

const lab = labOfThisFile();

interface Step {
  title: string;
  args: Args;
  /** The figures that only the domain can tell. */
  without?: ("slots" | "memory" | "vcpus")[];
  byHand?: (name: string) => Promise<unknown>;
}

interface Inputs {
  headroom?: Record<string, unknown>;
}

/** What the preview says before the update, and what the update then leaves in the state. */
async function applied(stack: StackOnLab, name: string) {
  const { json } = await stack.preview({ json: true });
  const { steps } = json as { steps: { urn: string; newState?: { inputs: Inputs } }[] };
  const previewed = steps.find(({ urn }) => urn.endsWith(`::${name}`))?.newState?.inputs;
  await stack.apply();
  return { previewed, ...(await recordedRoom(stack, name)) };
}

async function expectForeseen(name: string, steps: readonly Step[]): Promise<void> {
  const stack = await stackOnLab(lab(), {});
  for (const { title, args, without = [], byHand } of steps) {
    await byHand?.(name);
    stack.edit(name, args);
    const { previewed, inputs, outputs, room } = await applied(stack, name);
    for (const figure of without) delete room[figure];
    const expected = Object.keys(room).length === 0 ? undefined : room;
    expect([title, inputs.headroom]).toEqual([title, expected]);
    expect([title, previewed?.headroom]).toEqual([title, expected]);
    expect(outputs).not.toHaveProperty("headroom");
  }
}

describe("what the class's inputs say is live after a change is what the domain then has", () => {
  test("with DIMMs and vCPUs, of any outcome", async () => {
    const restart = { whenNotPossible: "restart", allowUnplug: true, awaitGuest: false } as const;
    await expectForeseen("dimms", [
      { title: "created", args: { ...BARE, vcpus: 1, maxVcpus: 4, forceOff: true } },
      { title: "a DIMM", args: { memory: "512MiB" } },
      {
        title: "two DIMMs of one change, and vCPUs",
        args: { memory: "1280MiB", vcpus: 3, hotplug: { maxDimmSize: "512MiB" } },
      },
      { title: "a setting", args: { shutdownTimeout: 1 } },
      { title: "a setting that decides the sizes", args: { hotplug: restart } },
      {
        title: "beside a DIMM of somebody else",
        args: { memory: "1792MiB" },
        byHand: (name) => attachByHand(lab(), name, 256),
      },
      { title: "the vCPUs up to the maximum", args: { vcpus: 4 } },
      {
        title: "the maximum and the slots of the next boot",
        args: { maxMemory: "4GiB", memorySlots: 32, hotplug: { ...restart, whenNotPossible: "nextBoot" } },
      },
    ]);
  });

  test("replaced, and restarted", async () => {
    await expectForeseen("started", [
      { title: "created", args: { ...BARE, vcpus: 1, maxVcpus: 2, forceOff: true } },
      { title: "replaced", args: { memory: "300MiB" } },
      {
        title: "restarted",
        args: { memory: "400MiB", hotplug: { whenNotPossible: "restart" } },
        without: ["vcpus"],
      },
    ]);
  });

  test("off", async () => {
    await expectForeseen("off", [
      { title: "created", args: { ...BARE, running: false, vcpus: 1, maxVcpus: 4 } },
      { title: "larger", args: { memory: "700MiB" } },
      { title: "more vCPUs", args: { vcpus: 2 } },
      { title: "started", args: { running: true }, without: ["vcpus"] },
      { title: "a DIMM", args: { memory: "956MiB" } },
    ]);
  });

  test("on NUMA nodes, and without room", async () => {
    const nodes = [{ memory: "256MiB" }, { memory: "256MiB" }];
    await expectForeseen("spread", [
      {
        title: "created",
        args: { ...BARE, memory: "512MiB", numa: nodes, hotplug: { targetNode: "spread" } },
      },
      { title: "on both nodes", args: { memory: "1GiB" } },
    ]);
    await expectForeseen("full", [
      { title: "created", args: { ...BARE, maxMemory: "256MiB" } },
      { title: "described", args: { description: "full" } },
    ]);
  });

  test("with virtio-mem", async () => {
    await expectForeseen("vmem", [
      {
        title: "created",
        args: { ...BARE, hotplug: { device: "virtio-mem", awaitGuest: false } },
        // libvirt gives the device its address.
        without: ["slots"],
      },
      { title: "described", args: { description: "elastic" } },
    ]);
  });
});
