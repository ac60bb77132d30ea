import { describe, expect, test } from "vitest";
import type { Inputs } from "../../provider/args/inputs.ts";
import { readDomain } from "../../provider/domain/read.ts";
import { Cancelled } from "../../provider/errors.ts";
import { update } from "../../provider/operations/update.ts";
import type { Outputs } from "../../provider/outputs.ts";
import { memoryView } from "../../provider/plan/observed.ts";
import { Session } from "../../provider/session.ts";
import type { FakeClock } from "../support/fake-clock.ts";
import { withCurrent } from "../support/fake-domain-xml.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { interruptions } from "../support/interruptions.ts";
import { OneResource, URN } from "../support/one-resource.ts";
import { SimulatedLinux } from "../support/simulated-linux.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2, autostart: true };

interface Story {
  name: string;
  /** Undefined: it is created. */
  before?: object;
  /** What it had grown to since. */
  grown?: object;
  /** Undefined: it is destroyed. */
  after?: object;
  prepare?: (host: FakeHypervisor, clock: FakeClock) => void;
}

/** A Linux guest that takes memory offline at first, and whose agent brings it online. */
function linux(host: FakeHypervisor, clock: FakeClock): SimulatedLinux {
  const guest = new SimulatedLinux(host, clock);
  guest.onlinesItself = false;
  return guest;
}

/** A guest that takes its time to shut down. */
function slowShutdown(host: FakeHypervisor, clock: FakeClock): void {
  host.guestObeysShutdown = false;
  const shutdown = host.shutdown.bind(host);
  host.shutdown = async (domain) => {
    await shutdown(domain);
    clock.after(7_000, () => {
      if (host.domains.get(domain.uuid)?.live !== undefined) host.turnOff(domain.uuid);
    });
  };
}

/** A guest that gives a DIMM up after some seconds. */
function slowRelease(host: FakeHypervisor, clock: FakeClock): void {
  const detachDevice = host.detachDevice.bind(host);
  host.guestGivesUp.clear();
  host.detachDevice = async (domain, alias, where) => {
    await detachDevice(domain, alias, where);
    if (where.live) clock.after(3_000, () => host.giveUp(domain.uuid, alias));
  };
}

/** A guest that takes memory of a virtio-mem device after some seconds. */
function slowToTake(host: FakeHypervisor, clock: FakeClock): void {
  const updateDevice = host.updateDevice.bind(host);
  host.virtioMem.most = 0;
  host.updateDevice = async (domain, xml, where) => {
    await updateDevice(domain, xml, where);
    clock.after(3_000, () => {
      const { live = "" } = host.domains.get(domain.uuid) ?? {};
      host.change(domain.uuid, { live: withCurrent(live, ({ requested = 0 }) => requested) });
    });
  };
}

const shrinks = { ...args, hotplug: { allowUnplug: true, maxDimmSize: "512MiB" } };
const restarts = { ...args, hotplug: { whenNotPossible: "restart" } };

const stories: Story[] = [
  { name: "create", after: args },
  { name: "create of a domain that stays off", after: { ...args, running: false } },
  {
    name: "grow by two DIMMs, more vCPUs",
    before: args,
    after: { ...args, memory: "1515MiB", vcpus: 4, hotplug: { maxDimmSize: "256MiB" } },
    prepare: linux,
  },
  {
    name: "shrink by two of three DIMMs",
    before: shrinks,
    grown: { ...shrinks, memory: "2539MiB" },
    after: { ...shrinks, memory: "1515MiB" },
    prepare: slowRelease,
  },
  {
    name: "restart",
    before: restarts,
    after: { ...restarts, memory: "1300MiB", vcpus: 4 },
    prepare: slowShutdown,
  },
  { name: "replace", before: args, after: { ...args, memory: "900MiB" }, prepare: slowShutdown },
  {
    name: "shut down and change",
    before: args,
    after: { ...args, memory: "1300MiB", running: false },
    prepare: slowShutdown,
  },
  {
    name: "grow by virtio-mem",
    before: { ...args, hotplug: { device: "virtio-mem" } },
    after: { ...args, memory: "1515MiB", hotplug: { device: "virtio-mem" } },
    prepare: slowToTake,
  },
  { name: "start", before: { ...args, running: false }, after: { ...args, memory: "1300MiB" } },
  {
    name: "grow, and a balloon",
    before: args,
    after: { ...args, memory: "1259MiB", currentMemory: "512MiB" },
  },
  { name: "destroy", before: args, prepare: slowShutdown },
  {
    name: "refresh",
    before: args,
    grown: { ...args, memory: "1259MiB" },
    after: { ...args, memory: "1515MiB" },
    prepare: linux,
  },
];

/** A stack whose domain is there already, and a run of it that can be cancelled. */
async function scene({ before, grown, prepare }: Story) {
  const host = new FakeHypervisor();
  host.placesDimms = true;
  const stack = new OneResource(host);
  for (const slot of [0, 1, 2]) host.guestGivesUp.add(`ua-pulumi-dimm${slot}`);
  if (before !== undefined) await stack.up({ ...before });
  if (grown !== undefined) await stack.up({ ...grown });
  if (before !== undefined) prepare?.(host, stack.clock);
  host.calls.length = 0;
  return { host, stack };
}

/** What is done until the cancellation and after it. */
class Cancellation {
  readonly controller = new AbortController();
  sleeps = 0;
  /** What began after it: sleeps, and hooks would too. */
  readonly later: string[] = [];
  abortedAt = 0;
  callsAtAbort = 0;

  constructor(
    host: FakeHypervisor,
    stack: OneResource,
    at: { call?: number; sleep?: number; after?: string },
  ) {
    const { clock } = stack;
    const abort = () => {
      if (this.controller.signal.aborted) return;
      this.abortedAt = clock.now();
      this.callsAtAbort = host.calls.length;
      this.controller.abort();
    };
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => {
      if (this.controller.signal.aborted && !signal?.aborted) this.later.push(`sleep ${ms}`);
      this.sleeps += 1;
      if (this.sleeps === at.sleep) setImmediate(abort);
      return sleep(ms, signal);
    };
    const push = host.calls.push.bind(host.calls);
    host.calls.push = (...names) => {
      const count = push(...names);
      if (host.calls.length === at.call || names[0] === at.after) abort();
      return count;
    };
    stack.signal = this.controller.signal;
  }
}

async function run({ name, after }: Story, stack: OneResource): Promise<unknown> {
  const work =
    name === "refresh" ? stack.refresh() : after === undefined ? stack.destroy() : stack.up({ ...after });
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** What a domain has come to. */
function end(host: FakeHypervisor): object | undefined {
  const [domain] = host.domains.values();
  if (domain === undefined) return undefined;
  // The mark tells what was written last, which depends on how often the run was ended.
  const read = (xml: string | undefined) =>
    xml && { ...readDomain(xml), id: undefined, writtenArguments: undefined };
  return {
    power: domain.power,
    autostart: domain.autostart,
    live: read(domain.live),
    next: read(domain.inactive),
  };
}

/** The sizes and the power that the state records, and those of the domain. */
function truth(host: FakeHypervisor, { state }: OneResource) {
  const [domain] = host.domains.values();
  const memory = (xml: string | undefined) => xml && `${memoryView(readDomain(xml)).memory / 1024}MiB`;
  const { liveMemory, nextBootMemory, state: power } = state?.outputs ?? {};
  return {
    recorded: { power, live: liveMemory, next: nextBootMemory },
    found: { power: domain?.power, live: memory(domain?.live), next: memory(domain?.inactive) },
  };
}

/** A guest that is shutting down to be started again isn't left; no other wait goes on. */
const GOES_ON = ["restart", "replace"];

async function cancelAt(story: Story, at: { call?: number; sleep?: number }, wanted: ReturnType<typeof end>) {
  const where = `${story.name}, cancelled at ${JSON.stringify(at)}`;
  const { host, stack } = await scene(story);
  const couldRun = host.domains.size > 0 && host.only.power === "running";
  const cancellation = new Cancellation(host, stack, at);
  const error = await run(story, stack);
  const elapsed = stack.clock.now() - cancellation.abortedAt;
  expect(cancellation.controller.signal.aborted, where).toBe(true);

  // It ends, and says why if not everything was done.
  if (error !== undefined) expect(String(error), where).toMatch(/cancelled .*/);
  if (!GOES_ON.includes(story.name)) {
    expect(elapsed, where).toBeLessThanOrEqual(1_000);
    expect(cancellation.later, where).toEqual([]);
  }
  expect(host.subscriptions, where).toBe(0);
  expect(stack.clock.sleepers, where).toBe(0);

  // What there is is recorded.
  if (story.name !== "destroy" || error !== undefined) {
    expect(host.domains.size, where).toBe(stack.state === undefined ? 0 : 1);
    const { recorded, found } = truth(host, stack);
    if (stack.state !== undefined && !stack.state.isPendingReplacement)
      expect(recorded, where).toEqual(found);
  }
  // What ran runs.
  if (couldRun && story.after !== undefined && !("running" in story.after))
    expect(host.only.power, where).toBe("running");

  // The next run goes on.
  stack.signal = undefined;
  if (story.after === undefined) {
    if (stack.state !== undefined) await stack.destroy();
  } else {
    await stack.up({ ...story.after });
    expect(await stack.up({ ...story.after }), where).toBe("same");
    expect(stack.recorded.isPartial, where).toBe(false);
    const { ownership } = readDomain(host.only.inactive ?? "");
    expect(ownership, where).toEqual({ version: 1, urn: URN, creating: false });
  }
  expect(end(host), where).toEqual(wanted);
}

describe.each(stories)("$name, cancelled", (story) => {
  async function undisturbed() {
    const { host, stack } = await scene(story);
    const counted = new Cancellation(host, stack, {});
    expect(await run(story, stack)).toBeUndefined();
    const counts = { calls: interruptions(host.calls), sleeps: counted.sleeps };
    stack.signal = undefined;
    if (story.name === "refresh") await stack.up({ ...story.after });
    return { ...counts, wanted: end(host) };
  }

  test("at any call: it ends, what there is is recorded, and the next run goes on", {}, async () => {
    const { calls, wanted } = await undisturbed();
    for (const call of calls) await cancelAt(story, { call }, wanted);
  });

  test("at any wait: the same", async () => {
    const { sleeps, wanted } = await undisturbed();
    for (let sleep = 1; sleep <= sleeps; sleep++) await cancelAt(story, { sleep }, wanted);
  });
});

/** What a run says that is cancelled as soon as it has made that call. */
async function saidAt(story: Story, name: string): Promise<string> {
  const { host, stack } = await scene(story);
  const cancellation = new Cancellation(host, stack, { after: name });
  const error = await run(story, stack);
  expect(cancellation.controller.signal.aborted).toBe(true);
  return error instanceof Error ? error.message : "";
}

describe("a cancelled run says how far it has come", () => {
  const named = (name: string) => {
    const story = stories.find((one) => one.name === name);
    if (story === undefined) throw new Error(`no story ${name}`);
    return story;
  };

  test.each([
    ["create", "define", "Domain web-1: cancelled after it was defined; the next update continues"],
    ["create", "capabilities", "cancelled before anything was changed"],
    [
      "grow by two DIMMs, more vCPUs",
      "attachDevice",
      "Domain web-1: cancelled before it could attach a 256 MiB DIMM in slot 1, node 0 (already done: attach a 256 MiB DIMM in slot 0, node 0); the next update continues",
    ],
    [
      "replace",
      "shutdown",
      "cancelled before domain web-1 was replaced: it was started again; the next update replaces it",
    ],
    [
      "destroy",
      "shutdown",
      "cancelled while domain web-1 was shutting down: it was not deleted, but may still shut down; destroy it again, or run pulumi refresh if it is to stay",
    ],
  ])("%s, at %s", async (name, call, text) => {
    expect(await saidAt(named(name), call)).toBe(text);
  });
});

test("a connection that isn't there yet isn't waited for", async () => {
  const { stack } = await scene({ name: "update", before: args });
  const controller = new AbortController();
  const session = new Session({
    ...{
      connect: () => new Promise<never>(() => {}),
      clock: stack.clock,
      environment: {},
      signal: controller.signal,
    },
    log: { message: async () => {}, status: async () => {} },
  });
  const work = update(
    session,
    "id",
    stack.recorded.outputs as unknown as Outputs,
    stack.recorded.inputs as unknown as Inputs,
  );
  const look = session.look("qemu:///system", "id");
  controller.abort();
  await expect(work).rejects.toThrow(Cancelled);
  await expect(look).rejects.toThrow(Cancelled);
});
