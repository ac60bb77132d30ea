import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { cases } from "../support/properties.ts";
import { SimulatedLinux } from "../support/simulated-linux.ts";
import { base, expectForeseen, expectHeadroom, Previewed, type Properties } from "./previewed.ts";

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
