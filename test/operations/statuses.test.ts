import { expect, test } from "vitest";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", shutdownTimeout: 60 };
const hotplug = { awaitGuest: 60, allowUnplug: true };

interface Wait {
  name: string;
  before: object;
  /** The guest does nothing of what it is asked for. */
  stuck: (host: FakeHypervisor) => void;
  work: (stack: OneResource) => Promise<unknown>;
}

const waits: Wait[] = [
  {
    name: "virtio-mem that the guest doesn't take",
    before: { ...args, hotplug: { ...hotplug, device: "virtio-mem" } },
    stuck: (host) => {
      host.virtioMem.most = 0;
    },
    work: (stack) => stack.up({ ...args, memory: "1515MiB", hotplug: { ...hotplug, device: "virtio-mem" } }),
  },
  {
    name: "a balloon that doesn't move",
    before: { ...args, hotplug },
    stuck: (host) => {
      host.guestObeysBalloon = false;
      host.balloon = { actual: 1003 * 1024 };
    },
    work: (stack) => stack.up({ ...args, hotplug, currentMemory: "512MiB" }),
  },
  {
    name: "a guest that doesn't shut down for an update",
    before: args,
    stuck: (host) => {
      host.guestObeysShutdown = false;
    },
    work: (stack) => stack.up({ ...args, running: false }),
  },
  {
    name: "a guest that doesn't shut down for a deletion",
    before: args,
    stuck: (host) => {
      host.guestObeysShutdown = false;
    },
    work: (stack) => stack.destroy(),
  },
];

test.each(waits)(
  "waiting for $name shows each status once: not all outputs are terminals",
  async ({ before, stuck, work }) => {
    const { host, stack } = await created({ ...before });
    stuck(host);
    await work(stack).catch(() => undefined);
    const statuses = stack.run.messages
      .filter(({ severity }) => severity === "status")
      .map(({ text }) => text);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses).toEqual([...new Set(statuses)]);
  },
);

test.each<[string, (stack: OneResource) => Promise<unknown>]>([
  ["a deletion", (stack) => stack.destroy()],
  ["a replace", (stack) => stack.up({ ...args, memory: "1004MiB" })],
])("a guest that %s has shut down isn't shown as shutting down until the end", async (_, work) => {
  const { stack } = await created(args);
  await work(stack);
  const statuses = stack.run.messages.filter(({ severity }) => severity === "status");
  expect(statuses.map(({ text }) => text)).toEqual([
    "shutting the guest down (up to 60 s)",
    "shut the guest down",
  ]);
});
