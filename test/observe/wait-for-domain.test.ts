import { beforeEach, describe, expect, test } from "vitest";
import { Deadline } from "../../provider/deadline.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { isOff, waitUntilOff } from "../../provider/observe/wait-for-domain.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
const xml = `<domain><name>web-1</name><uuid>${uuid}</uuid><memory>1024</memory></domain>`;

let host: FakeHypervisor;
let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
  host = new FakeHypervisor();
  host.domains.set(uuid, {
    name: "web-1",
    uuid,
    power: "running",
    autostart: false,
    inactive: xml,
    live: xml,
  });
});

const offWithin = (ms: number) => waitUntilOff(host, domain, Deadline.inMs(ms, clock));

describe("waiting for a domain to go off", () => {
  test.each([
    ["running", false],
    ["paused", false],
    ["shutdown", false],
    ["shutoff", true],
    ["crashed", false],
  ] as const)("one that is %s is off: %s", async (power, off) => {
    host.change(uuid, { power });
    expect(await isOff(host, domain)).toBe(off);
    expect(await offWithin(0)).toBe(off);
  });

  test("one that crashed is off once its process has ended", async () => {
    host.turnOff(uuid);
    host.change(uuid, { power: "crashed" });
    expect(await isOff(host, domain)).toBe(true);
  });

  test("ends with the event, long before the next look", async () => {
    const began = clock.now();
    clock.after(300, () => host.turnOff(uuid));
    expect(await offWithin(60_000)).toBe(true);
    expect(clock.now() - began).toBeLessThan(1_000);
    expect(host.calls.filter((call) => call === "state")).toHaveLength(2);
  });

  test("ends without an event too, by looking every 2 s", async () => {
    clock.after(5_000, () => host.change(uuid, { power: "shutoff" }));
    expect(await offWithin(60_000)).toBe(true);
    expect(host.calls.filter((call) => call === "state")).toHaveLength(4);
  });

  test("ends when the time is over, and looks once more then", async () => {
    const began = clock.now();
    expect(await offWithin(3_000)).toBe(false);
    expect(clock.now() - began).toBeGreaterThanOrEqual(3_000);
  });

  test("outlasts a daemon that is restarted meanwhile", async () => {
    host.death = { call: 3, carriedOut: false };
    clock.after(7_000, () => {
      host.death = undefined;
      host.turnOff(uuid);
    });
    expect(await offWithin(60_000)).toBe(true);
  });

  test("whatever happens, the subscription ends", async () => {
    host.death = { call: 3, carriedOut: false };
    await expect(offWithin(60_000)).rejects.toThrow(ConnectionError);
    expect(host.subscriptions).toBe(0);
  });
});
