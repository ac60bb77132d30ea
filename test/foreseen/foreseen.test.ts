import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { Headroom, Inputs } from "../../provider/args/inputs.ts";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { defined } from "../../provider/defined.ts";
import { PartialError } from "../../provider/errors.ts";
import { foreseenCreation } from "../../provider/foreseen/creation.ts";
import { withHeadroom } from "../../provider/foreseen/headroom.ts";
import { foreseenUpdate } from "../../provider/foreseen/update.ts";
import { check } from "../../provider/operations/check.ts";
import { create } from "../../provider/operations/create.ts";
import { deleteDomain } from "../../provider/operations/delete.ts";
import { diff } from "../../provider/operations/diff.ts";
import { newDefinition } from "../../provider/operations/new-domain.ts";
import { update } from "../../provider/operations/update.ts";
import type { Outputs } from "../../provider/outputs.ts";
import { Session } from "../../provider/session.ts";
import { hidden, URN } from "../support/arbitrary-inputs.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { URI } from "../support/observations.ts";
import { wire } from "../support/one-resource.ts";
import { cases } from "../support/properties.ts";
import { SimulatedLinux } from "../support/simulated-linux.ts";

type Properties = Record<string, unknown>;

interface Foreseen {
  foreseen: Properties;
  headroom: Headroom | undefined;
  after: Outputs;
  kind: string;
  /** The preview looked at the domain. */
  isLooked: boolean;
}

/** A stack of one domain on a host of its own, whose previews tell the outputs. */
class Previewed {
  readonly host = new FakeHypervisor();
  readonly clock = new FakeClock();
  state: Outputs | undefined;
  inputs: Properties = {};
  isReachable = true;
  /** The work failed, which leaves a part of it. */
  hasFailed = false;

  session(): Session {
    const quiet = () => Promise.resolve();
    const session = new Session({
      connect: async () => {
        if (!this.isReachable) throw new Error("no route");
        return this.host;
      },
      log: { message: quiet, status: quiet },
      environment: { LIBVIRT_DEFAULT_URI: URI },
      clock: this.clock,
    });
    return session;
  }

  /** What the preview foresees and what the work then has, or undefined where the program or the plan is refused. */
  async up(args: Properties): Promise<Foreseen | undefined> {
    const session = this.session();
    const news = await this.checked(session, this.inputs, args);
    if (news === undefined) return undefined;
    if (this.state === undefined) return this.created(session, news);
    const answer = await diff(session, news.uuid, this.state, news).catch(() => undefined);
    if (answer === undefined || answer.changes === false) return undefined;
    if (answer.replaces !== undefined) {
      const again = await this.checked(session, {}, args);
      if (again === undefined) return undefined;
      const foreseen = await this.foreseenCreation(session, again);
      const { headroom } = await withHeadroom(session, {}, again);
      await deleteDomain(session, news.uuid, this.state);
      return this.record(session, { foreseen, headroom }, again, "replace", () => create(session, again));
    }
    const foreseen = this.foreseenUpdate(session, news);
    const { headroom } = await withHeadroom(session, this.inputs, news);
    const { state } = this;
    return this.record(session, { foreseen, headroom }, news, "update", () =>
      update(session, news.uuid, state, news),
    );
  }

  /** What a preview foresees of a change of an existing domain. */
  async preview(args: Properties): Promise<Properties> {
    const session = this.session();
    const news = await this.checked(session, this.inputs, args);
    if (news === undefined || this.state === undefined) throw new Error("nothing to preview");
    await diff(session, news.uuid, this.state, news);
    return this.foreseenUpdate(session, news);
  }

  private foreseenUpdate(session: Session, news: Inputs): Properties {
    const { announced, seen } = session.run.of(URN);
    if (this.state === undefined || announced === undefined) throw new Error("nothing was announced");
    return foreseenUpdate({ state: this.state, news, announced, seen, defaults: session.defaults });
  }

  private async foreseenCreation(session: Session, inputs: Inputs): Promise<Properties> {
    const { xml } = await newDefinition(session, this.host, inputs);
    return foreseenCreation({ inputs, uri: URI, xml, adopts: false, defaults: session.defaults });
  }

  private async created(session: Session, news: Inputs) {
    const foreseen = await this.foreseenCreation(session, news);
    const { headroom } = await withHeadroom(session, {}, news);
    return this.record(session, { foreseen, headroom }, news, "create", () => create(session, news));
  }

  private async checked(session: Session, olds: Properties, args: Properties): Promise<Inputs | undefined> {
    const { inputs, failures } = await check(session, wire(olds), { ...hidden, ...args });
    return failures.length === 0 ? (wire(inputs) as unknown as Inputs) : undefined;
  }

  private async record(
    session: Session,
    { foreseen, headroom }: Pick<Foreseen, "foreseen" | "headroom">,
    inputs: Inputs,
    kind: string,
    work: () => Promise<{ outs: Outputs }>,
  ): Promise<Foreseen | undefined> {
    try {
      const { outs } = await work();
      this.state = wire(outs) as unknown as Outputs;
      this.inputs = wire(defined({ ...inputs, headroom }));
      const isLooked = kind !== "update" || session.run.of(URN).seen !== undefined;
      return { foreseen: wire(foreseen), headroom, after: this.state, kind, isLooked };
    } catch (error) {
      // The guest, or libvirt, refuses.
      this.hasFailed = true;
      if (!(error instanceof PartialError || error instanceof Error)) throw error;
      return undefined;
    }
  }
}

const HIDDEN = /^__/;
/** The outcome of the run, which is over after it. */
const OF_THE_RUN = ["change", "memoryChange"];

/** Expects every known value to be what the outputs have: also that a foreseen absence is one. */
function expectForeseen(foreseen: unknown, after: unknown, path = ""): void {
  if (foreseen === UNKNOWN) return;
  if (Array.isArray(foreseen) && Array.isArray(after)) {
    expect(foreseen.length, path).toBe(after.length);
    foreseen.forEach((value, index) => {
      expectForeseen(value, after[index], `${path}[${index}]`);
    });
  } else if (isObject(foreseen) && isObject(after)) {
    for (const key of new Set([...Object.keys(foreseen), ...Object.keys(after)]))
      if (!(path === "" && (HIDDEN.test(key) || OF_THE_RUN.includes(key))))
        expectForeseen(foreseen[key], after[key], `${path}.${key}`);
  } else expect(foreseen, path).toEqual(after);
}

/** Expects what check foresees of the room to grow to be what the outputs have, and the slots those of the domain itself. */
function expectHeadroom({ headroom = {}, after }: Foreseen, host: FakeHypervisor): void {
  const { slots, memory, vcpus, running } = headroom;
  if (memory !== undefined) expect(memory).toEqual(after.reachable);
  if (vcpus !== undefined) expect(vcpus).toEqual(after.reachableVcpus ?? []);
  if (slots !== undefined) expect(slots).toBe(freeSlotsOf(host, after));
  if (memory !== undefined) expect(running).toBe(after.state === "shutoff" ? false : undefined);
}

/** An off domain gets those of the arguments when it is started. */
function freeSlotsOf(host: FakeHypervisor, { memorySlots }: Outputs): number {
  const { live, inactive } = host.only;
  const dimms = (live ?? inactive ?? "").match(/<memory model=.dimm./g)?.length ?? 0;
  const started = live?.match(/<maxMemory slots=.(\d+)/)?.[1] ?? 0;
  return Math.max(0, (live === undefined ? memorySlots : Number(started)) - dimms);
}

function isObject(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const size = fc.constantFrom("512MiB", "768MiB", "1GiB", "1280MiB", "1300MiB", "1536MiB", "2GiB", "3GiB");
const CHANGES = {
  memory: size,
  maxMemory: fc.constantFrom("3GiB", "4GiB", "8GiB"),
  memorySlots: fc.constantFrom(2, 16, 32),
  currentMemory: fc.constantFrom("512MiB", "768MiB"),
  vcpus: fc.constantFrom(1, 2, 4),
  description: fc.constantFrom("shop", "front"),
  machine: fc.constantFrom("q35", "pc"),
  balloon: fc.boolean(),
  running: fc.boolean(),
  autostart: fc.boolean(),
  forceOff: fc.boolean(),
  discardSavedState: fc.boolean(),
  shutdownTimeout: fc.constantFrom(5, 60),
  numa: fc.constantFrom([{ memory: "256MiB" }, { memory: "256MiB" }], [{ memory: "512MiB" }]),
  interfaces: fc.subarray([
    { network: "default", mac: "52:54:00:00:00:01", waitForAddress: 1 },
    { network: "default", mac: "52:54:00:00:00:02" },
    { bridge: "br0", mac: "52:54:00:00:00:03", waitForAddress: 1 },
  ]),
  reportAddresses: fc.boolean(),
  xml: fc.constantFrom("<domain/>", "<domain><on_crash>preserve</on_crash></domain>"),
  hotplug: fc.record(
    {
      whenNotPossible: fc.constantFrom("replace", "restart", "restart", "nextBoot"),
      applyOn: fc.constantFrom("now", "now", "nextBoot"),
      device: fc.constantFrom("dimm", "dimm", "virtio-mem"),
      allowUnplug: fc.boolean(),
      alignment: fc.constantFrom("128MiB", "256MiB", "512MiB"),
      maxDimmSize: fc.constantFrom("512MiB"),
      enabled: fc.constantFrom(true, true, false),
      targetNode: fc.constantFrom(0, 0, "spread"),
      awaitGuest: fc.constantFrom(false, 5),
    },
    { requiredKeys: [] },
  ),
};

/** A few arguments at once: of many, the host refuses some. */
const change = fc
  .tuple(fc.record(CHANGES), fc.subarray(Object.keys(CHANGES), { maxLength: 5 }))
  .map(([all, names]): Properties => Object.fromEntries(names.map((name) => [name, Reflect.get(all, name)])));

/** A change that decides which sizes are live, and nothing else. */
const settings = CHANGES.hotplug.map((hotplug): Properties => ({ hotplug }));

/** What somebody does with the domain between two runs. */
const hand = fc.constantFrom("nothing", "nothing", "nothing", "destroy", "suspend", "save");

const guest = fc.record({
  agent: fc.constantFrom("none", "on", "off"),
  obeysBalloon: fc.boolean(),
  placesDimms: fc.boolean(),
});

interface Story {
  first: Properties;
  changes: { args: Properties; by: string; isMerged: boolean }[];
  guest: { agent: string; obeysBalloon: boolean; placesDimms: boolean };
}

const story: fc.Arbitrary<Story> = fc.record({
  first: change,
  changes: fc.array(
    fc.record({
      args: fc.oneof({ weight: 4, arbitrary: change }, settings),
      by: hand,
      isMerged: fc.boolean(),
    }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  guest,
});

const base = { memory: "1GiB", maxMemory: "8GiB", uri: URI };

function prepare({ guest }: Story): Previewed {
  const stack = new Previewed();
  const { host } = stack;
  for (let slot = 0; slot < 16; slot++) host.guestGivesUp.add(`ua-pulumi-dimm${slot}`);
  host.guestObeysBalloon = guest.obeysBalloon;
  host.placesDimms = guest.placesDimms;
  // Each answer has another address.
  let last = 0;
  const answer =
    (...macs: string[]) =>
    () =>
      macs.map((mac) => ({ mac: `52:54:00:00:00:0${mac}`, address: `10.0.0.${++last % 256}`, prefix: 24 }));
  Object.defineProperty(host.addresses, "lease", { get: answer("1", "2") });
  Object.defineProperty(host.addresses, "arp", { get: answer("3") });
  return stack;
}

function byHand({ host }: Previewed, by: string): void {
  const [domain] = host.domains.values();
  if (domain === undefined || domain.live === undefined || by === "nothing") return;
  if (by === "suspend") Object.assign(domain, { power: "paused", reason: 1 });
  else {
    const saved = by === "save" ? { saved: { xml: domain.live } } : {};
    delete domain.live;
    Object.assign(domain, { power: "shutoff", reason: 1, ...saved });
  }
}

describe("what a preview foresees", () => {
  const seen = new Map<string, number>();
  let judged = 0;
  let pending = 0;

  property.prop([story], { ...cases(100), endOnFailure: true })(
    "is what the update then has",
    async (one) => {
      const stack = prepare(one);
      let args: Properties = { ...base, ...one.first };
      const made = await stack.up(args);
      fc.pre(made !== undefined);
      expectForeseen(made.foreseen, made.after);
      expectHeadroom(made, stack.host);
      const { agent } = one.guest;
      if (agent !== "none" && stack.host.only.live !== undefined)
        new SimulatedLinux(stack.host, stack.clock).agent = agent === "on" ? "on" : "off";
      let isTouched = false;
      for (const { args: changes, by, isMerged } of one.changes) {
        byHand(stack, by);
        isTouched ||= by !== "nothing";
        const wanted = { ...(isMerged ? args : base), ...changes };
        const done = await stack.up(wanted);
        if (stack.hasFailed) return;
        if (done === undefined) continue;
        args = wanted;
        seen.set(done.kind, (seen.get(done.kind) ?? 0) + 1);
        // What somebody did isn't in the state, from which a change of a setting is previewed.
        const isKnown = done.isLooked || !isTouched;
        isTouched = false;
        if (!isKnown) continue;
        expectForeseen(done.foreseen, done.after);
        expectHeadroom(done, stack.host);
        if (done.headroom !== undefined) judged += 1;
        if (done.headroom?.liveMemorySlots !== undefined) pending += 1;
      }
    },
  );

  test("has been of updates and of replacements", () => {
    expect(seen.get("update")).toBeGreaterThan(30);
    expect(seen.get("replace")).toBeGreaterThan(2);
    expect(judged).toBeGreaterThan(20);
    expect(pending).toBeGreaterThan(5);
  });
});

/** A running domain of 1 GiB. */
async function running(): Promise<Previewed> {
  const stack = new Previewed();
  await stack.up(base);
  return stack;
}

const ofDomain = { state: "running", liveMemory: "1024MiB", nextBootMemory: "1024MiB", memoryDevices: [] };

describe("a preview", () => {
  test("knows everything of a domain of which only a setting changes", async () => {
    const stack = await running();
    for (const change of [
      { shutdownTimeout: 7 },
      { description: "shop" },
      { autostart: true },
      { vcpus: 2 },
    ]) {
      const foreseen = await stack.preview({ ...base, ...change });
      expect(foreseen).toMatchObject({ ...ofDomain, reachable: stack.state?.reachable });
      expect(JSON.stringify(foreseen)).not.toContain(UNKNOWN);
    }
  });

  test("knows the sizes and the DIMM of a live growth, but not where QEMU puts it", async () => {
    const foreseen = await (await running()).preview({ ...base, memory: "1280MiB" });
    expect(foreseen).toMatchObject({
      state: "running",
      liveMemory: "1280MiB",
      nextBootMemory: "1280MiB",
      memoryDevices: [
        { model: "dimm", size: "256MiB", alias: "ua-pulumi-dimm0", slot: 0, node: 0, base: UNKNOWN },
      ],
      reachable: [{ from: "1536MiB", to: "8192MiB", step: "256MiB" }],
      guestMemory: UNKNOWN,
      memoryPlan: expect.stringContaining("1024 → 1280 MiB"),
      change: "live",
    });
    expect(foreseen).not.toHaveProperty("pendingMemory");
  });

  test("keeps the addresses unless the cards or the power change", async () => {
    const card = { network: "default", mac: "52:54:00:00:00:01" };
    const lease = { mac: card.mac, address: "192.168.122.7", prefix: 24 };
    const stack = new Previewed();
    stack.host.addresses.lease = [lease];
    const args = { ...base, interfaces: [{ ...card, waitForAddress: 5 }] };
    const made = await stack.up(args);
    expect(made?.foreseen).toMatchObject({ addresses: UNKNOWN });
    const known = [{ ...lease, family: "ipv4", source: "lease" }];
    expect(made?.after).toMatchObject({ addresses: known });
    const restart = { memory: "1300MiB", hotplug: { whenNotPossible: "restart" } };
    for (const [change, addresses] of [
      [{ memory: "1280MiB" }, known],
      [{ shutdownTimeout: 7 }, known],
      [{ running: false }, []],
      [restart, UNKNOWN],
      [{ interfaces: [...args.interfaces, { bridge: "br0" }] }, UNKNOWN],
      [{ interfaces: [{ ...card, waitForAddress: 9 }] }, known],
      [{ interfaces: UNKNOWN }, UNKNOWN],
      [{ reportAddresses: true }, UNKNOWN],
    ])
      expect(await stack.preview({ ...args, ...(change as object) })).toMatchObject({ addresses });
    expect(await stack.preview({ ...args, interfaces: [card] })).not.toHaveProperty("addresses");
  });

  test("knows what waits for the next boot", async () => {
    const hotplug = { whenNotPossible: "nextBoot" };
    const foreseen = await (await running()).preview({ ...base, memory: "1300MiB", hotplug });
    expect(foreseen).toMatchObject({
      ...{ ...ofDomain, nextBootMemory: "1300MiB", pendingMemory: "1300MiB" },
      memoryPlan: expect.stringContaining("next boot"),
    });
  });

  test("knows no size that depends on an unknown value, and still whether the domain runs", async () => {
    const foreseen = await (await running()).preview({ ...base, memory: UNKNOWN });
    expect(foreseen).toMatchObject({
      ...{ memory: UNKNOWN, maxMemory: "8192MiB", state: "running", uri: URI },
      ...{ liveMemory: UNKNOWN, nextBootMemory: UNKNOWN, pendingMemory: UNKNOWN, memoryDevices: UNKNOWN },
      ...{ reachable: UNKNOWN, guestMemory: UNKNOWN },
    });
  });

  test("without a route to the host knows the sizes and the whole sentence of the plan, but no device", async () => {
    const stack = await running();
    stack.isReachable = false;
    const foreseen = await stack.preview({ ...base, memory: "1280MiB" });
    expect(foreseen).toMatchObject({
      ...{ liveMemory: "1280MiB", nextBootMemory: "1280MiB", memoryDevices: UNKNOWN, reachable: UNKNOWN },
      memoryPlan: expect.stringMatching(/^live: 1024 → 1280 MiB/),
    });
  });

  test("of a create knows what the definition says", async () => {
    const made = await new Previewed().up({ ...base, vcpus: 2 });
    expect(made?.foreseen).toMatchObject({
      ...{ ...ofDomain, reachable: [{ from: "1280MiB", to: "8192MiB", step: "256MiB" }] },
      uuid: made?.after.uuid,
    });
  });

  test("of a create without its host knows what the program says", () => {
    const inputs = {
      ...hidden,
      name: "web-1",
      uuid: "u",
      memory: "1024MiB",
      maxMemory: "8192MiB",
      memorySlots: 16,
    };
    const creation = {
      inputs: { ...inputs, running: false },
      uri: UNKNOWN,
      xml: undefined,
      defaults: DEFAULTS,
    };
    const foreseen = foreseenCreation({ ...creation, adopts: false });
    expect(foreseen).toMatchObject({
      memory: "1024MiB",
      uri: UNKNOWN,
      state: "shutoff",
      liveMemory: UNKNOWN,
    });
    expect(foreseenCreation({ ...creation, adopts: true })).toMatchObject({ name: "web-1", state: UNKNOWN });
  });
});
