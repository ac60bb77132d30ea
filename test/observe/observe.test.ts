import { describe, expect, test } from "vitest";
import type { PowerState } from "../../provider/libvirt/hypervisor.ts";
import { observe } from "../../provider/observe/observe.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { recordedCalls } from "../support/recorded-calls.ts";

const uuid = "11111111-2222-3333-4444-555555555555";
const domain = { name: "web-1", uuid, id: 1 };
const xml = (mib: number) =>
  `<domain><name>web-1</name><uuid>${uuid}</uuid><memory unit='MiB'>${mib}</memory></domain>`;

function hostWith(power: PowerState, has: { live?: string; inactive?: string }): FakeHypervisor {
  const host = new FakeHypervisor();
  host.domains.set(uuid, { name: "web-1", uuid, power, autostart: true, ...has });
  return host;
}

describe("an observation of a domain", () => {
  test.each<[PowerState, string]>([
    ["running", "running"],
    ["blocked", "running"],
    ["shutdown", "running"],
    ["nostate", "running"],
    ["paused", "paused"],
    ["pmsuspended", "paused"],
  ])("%s counts as %s, with both definitions", async (power, seen) => {
    const observation = await observe(hostWith(power, { live: xml(1), inactive: xml(2) }), domain, {
      autostart: true,
    });
    expect(observation).toMatchObject({
      power,
      autostart: true,
      observed: { power: seen, persistent: true, live: { memory: 1024 }, nextBoot: { memory: 2048 } },
      definition: { memory: 2048 },
    });
  });

  test.each<[PowerState]>([["shutoff"], ["crashed"]])(
    "%s counts as off, and has no live XML",
    async (power) => {
      const { observed } = await observe(hostWith(power, { inactive: xml(2) }), domain);
      expect(observed).toMatchObject({ power: "off", persistent: true, nextBoot: { memory: 2048 } });
      expect(observed).not.toHaveProperty("live");
    },
  );

  test("a domain that goes off while it is read is off, and its definition isn't taken for what runs", async () => {
    const host = hostWith("running", { live: xml(1), inactive: xml(2) });
    const state = host.state.bind(host);
    host.state = async (ref) => {
      const answer = await state(ref);
      if (host.domains.get(uuid)?.live !== undefined) host.turnOff(uuid);
      return answer;
    };
    const { power, observed } = await observe(host, domain);
    expect(power).toBe("shutoff");
    expect(observed).toMatchObject({ power: "off", nextBoot: { memory: 2048 } });
    expect(observed).not.toHaveProperty("live");
  });

  describe("that ran a moment ago", () => {
    const running = { running: true };

    test("asks everything in one round trip", async () => {
      const { host, calls } = recordedCalls(hostWith("running", { live: xml(1), inactive: xml(2) }));
      const observation = observe(host, domain, running);
      expect(calls).toEqual(["state", "isPersistent", "xml, live", "xml, inactive"]);
      const { observed } = await observation;
      expect(observed).toMatchObject({ live: { memory: 1024 }, nextBoot: { memory: 2048 } });
      expect(calls).toHaveLength(4);
    });

    test("is off where it has gone off since, with what the next start has", async () => {
      const host = hostWith("shutoff", { inactive: xml(2) });
      const { observed } = await observe(host, domain, running);
      expect(observed).toEqual((await observe(host, { ...domain, id: -1 })).observed);
      expect(observed).toMatchObject({ power: "off", nextBoot: { memory: 2048 } });
      expect(observed).not.toHaveProperty("live");
    });

    test("has no next boot where its definition is gone", async () => {
      const { observed } = await observe(hostWith("running", { live: xml(1) }), domain, running);
      expect(observed).toMatchObject({ persistent: false, live: { memory: 1024 } });
      expect(observed).not.toHaveProperty("nextBoot");
    });
  });

  test("a transient domain: the live XML is its definition, and it has no autostart", async () => {
    const observation = await observe(hostWith("running", { live: xml(1) }), domain, { autostart: true });
    expect(observation).toMatchObject({
      autostart: false,
      observed: { power: "running", persistent: false, live: { memory: 1024 } },
      definition: { memory: 1024 },
    });
    expect(observation.observed).not.toHaveProperty("nextBoot");
  });

  test("what goes into the state is plain JSON, without name, ownership or anything secret", async () => {
    const { observed } = await observe(hostWith("running", { live: xml(1), inactive: xml(2) }), domain);
    expect(JSON.parse(JSON.stringify(observed))).toStrictEqual(observed);
    expect(JSON.stringify(observed)).not.toContain("web-1");
  });
});
