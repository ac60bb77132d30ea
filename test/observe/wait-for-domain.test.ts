import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { isOff, waitUntilOff } from "../../provider/observe/wait-for-domain.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { settled } from "../support/settled.ts";

const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
const xml = `<domain><name>web-1</name><uuid>${uuid}</uuid><memory>1024</memory></domain>`;

let host: FakeHypervisor;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
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

afterEach(() => {
  vi.useRealTimers();
});

describe("waiting for a domain to go off", () => {
  test.each([
    ["running", false],
    ["paused", false],
    ["shutdown", false],
    ["shutoff", true],
    ["crashed", true],
  ] as const)("one that is %s is off: %s", async (power, off) => {
    host.change(uuid, { power });
    expect(await isOff(host, domain)).toBe(off);
    expect(await settled(waitUntilOff(host, domain, 0))).toBe(off);
  });

  test("ends with the event, long before the next look", async () => {
    const began = Date.now();
    setTimeout(() => host.turnOff(uuid), 300);
    expect(await settled(waitUntilOff(host, domain, 60_000))).toBe(true);
    expect(Date.now() - began).toBeLessThan(1_000);
    expect(host.calls.filter((call) => call === "state")).toHaveLength(2);
  });

  test("ends without an event too, by looking every 2 s", async () => {
    setTimeout(() => host.change(uuid, { power: "shutoff" }), 5_000);
    expect(await settled(waitUntilOff(host, domain, 60_000))).toBe(true);
    expect(host.calls.filter((call) => call === "state")).toHaveLength(4);
  });

  test("ends when the time is over, and looks once more then", async () => {
    const began = Date.now();
    expect(await settled(waitUntilOff(host, domain, 3_000))).toBe(false);
    expect(Date.now() - began).toBeGreaterThanOrEqual(3_000);
  });

  test("outlasts a daemon that is restarted meanwhile", async () => {
    host.death = { call: 3, carriedOut: false };
    setTimeout(() => {
      host.death = undefined;
      host.turnOff(uuid);
    }, 7_000);
    expect(await settled(waitUntilOff(host, domain, 60_000))).toBe(true);
  });

  test("whatever happens, the subscription ends", async () => {
    host.death = { call: 3, carriedOut: false };
    await expect(settled(waitUntilOff(host, domain, 60_000))).rejects.toThrow(ConnectionError);
    expect(host.subscriptions).toBe(0);
  });
});
