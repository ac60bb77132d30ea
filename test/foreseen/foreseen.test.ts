import { describe, expect, test } from "vitest";
import { DEFAULTS } from "../../provider/args/settings.ts";
import { UNKNOWN } from "../../provider/args/unknown.ts";
import { foreseenCreation } from "../../provider/foreseen/creation.ts";
import { hidden } from "../support/arbitrary-inputs.ts";
import { URI } from "../support/observations.ts";
import { base, Previewed } from "./previewed.ts";

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
