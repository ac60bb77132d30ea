import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { withVcpus } from "../support/fake-domain-xml.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";
import { headlineOf } from "../support/texts.ts";

const args = { memory: "1003MiB", maxMemory: "8GiB", vcpus: 2 };
const MIB = 1024;

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
});

/** What someone else changes, by virsh or by a reboot. */
function byHand(where: "live" | "inactive", edit: (xml: string) => string): void {
  host.change(host.only.uuid, { [where]: edit(host.only[where] ?? "") });
}

const plugged = (xml: string) =>
  xml.replace(
    "</devices>",
    "<memory model='dimm'><target><size unit='MiB'>256</size><node>0</node></target><address type='dimm' slot='0'/></memory></devices>",
  );

/** The visible inputs that a refresh changed. */
async function drift(): Promise<object> {
  const before = stack.recorded.inputs;
  await stack.refresh();
  const { inputs } = stack.recorded;
  return Object.fromEntries(
    Object.entries(inputs).filter(
      ([key, value]) => !key.startsWith("__") && JSON.stringify(value) !== JSON.stringify(before[key]),
    ),
  );
}

describe("a refresh", () => {
  test("of a domain that has what the program wants changes nothing, before and after a growth", async () => {
    for (const memory of ["1003MiB", "1259MiB"]) {
      await stack.up({ ...args, memory });
      const before = structuredClone(stack.recorded);
      await stack.refresh();
      expect(stack.recorded).toEqual(before);
      expect(await stack.up({ ...args, memory })).toBe("same");
    }
  });

  test("of a domain that runs although it shouldn't shows its memory, too", async () => {
    await stack.up({ ...args, running: false });
    await host.start({ id: -1, ...host.only });
    byHand("live", plugged);
    expect(await drift()).toMatchObject({ memory: "1259MiB", running: true });
  });

  test("returns no inputs without drift, so that the engine keeps its own", async () => {
    const { id, outputs } = stack.recorded;
    expect(await stack.run.provider.read?.(id, outputs)).not.toHaveProperty("inputs");
  });

  test("of a domain that doesn't exist removes it from the state, and the next up creates it", async () => {
    host.domains.clear();
    await stack.refresh();
    expect(stack.state).toBeUndefined();
    expect(await stack.up(args)).toBe("create");
  });

  test("without a route to the host is an error, and the state stays", async () => {
    const before = structuredClone(stack.recorded);
    stack.hosts = { "qemu:///system": new ConnectionError("nobody answers") };
    await expect(stack.refresh()).rejects.toThrow("nobody answers");
    expect(stack.recorded).toEqual(before);
  });

  test("whose connection breaks in the middle is an error too", async () => {
    const first = host.calls.length + 1;
    for (let call = first; call < first + 6; call++) {
      host.death = { call, carriedOut: false };
      host.calls.length = first - 1;
      await expect(stack.refresh()).rejects.toThrow("is gone");
      expect(stack.state).toBeDefined();
    }
  });

  test("of a paused domain shows its state, and needs no change", async () => {
    host.change(host.only.uuid, { power: "paused" });
    expect([await drift(), stack.recorded.outputs.state]).toEqual([{}, "paused"]);
    expect(await stack.up(args)).toBe("same");
  });

  test("of a domain that someone undefined while it runs shows it as transient", async () => {
    await host.undefine({ name: "web-1", uuid: host.only.uuid, id: 1 });
    expect(await drift()).toEqual({});
    expect(stack.recorded.outputs).not.toHaveProperty("nextBootMemory");
    expect(stack.recorded.outputs.__observed).toMatchObject({ persistent: false });
  });

  test("takes the vCPUs from the program's own XML", async () => {
    await stack.up({ memory: "1003MiB", maxMemory: "8GiB", xml: "<domain><vcpu>3</vcpu></domain>" });
    expect(await drift()).toEqual({});
  });
});

describe("what someone changed shows as the observed value of each argument, and the next up restores it", () => {
  test.each<[string, () => void, object, string]>([
    [
      "the definition's memory",
      () => byHand("inactive", (xml) => xml.replace(/memory='\d+'/, `memory='${2048 * MIB}'`)),
      { memory: "2048MiB" },
      "live: 2048 → 1003 MiB in the definition (the running domain already has it)",
    ],
    [
      "the definition's ceiling and slots",
      () =>
        byHand("inactive", (xml) =>
          xml.replace(/<maxMemory.*<\/maxMemory>/, "<maxMemory slots='4' unit='GiB'>16</maxMemory>"),
        ),
      { maxMemory: "16384MiB", memorySlots: 4 },
      "next boot: maxMemory 8 GiB in 16 slots, after a shutdown and start",
    ],
    [
      "a definition without maxMemory, which no argument value can express",
      () => byHand("inactive", (xml) => xml.replace(/<maxMemory.*<\/maxMemory>/, "")),
      {},
      "next boot: maxMemory 8 GiB in 16 slots, after a shutdown and start",
    ],
    [
      "vCPUs",
      () => byHand("inactive", (xml) => withVcpus(xml, 4).xml),
      { vcpus: 4 },
      "live: vCPUs 4 → 2 in the definition (the running domain already has it)",
    ],
    [
      "autostart",
      () => host.change(host.only.uuid, { autostart: true }),
      { autostart: true },
      "live: turn autostart off",
    ],
    ["power", () => host.turnOff(host.only.uuid), { running: false }, "live: start the domain, which is off"],
    [
      "a crash",
      () => {
        host.turnOff(host.only.uuid);
        host.change(host.only.uuid, { power: "crashed" });
      },
      { running: false },
      "live: start the domain, which is off",
    ],
  ])("%s", async (_, change, shown, said) => {
    change();
    expect(await drift()).toEqual(shown);
    const again = await drift();
    expect(again).toEqual({});
    expect(await stack.up({ ...args, memorySlots: 16 })).toBe("update");
    expect(stack.run.said.map(headlineOf)).toEqual([said]);
    const { memory, maxMemory, vcpus, currentVcpus } = readDomain(host.only.inactive ?? "");
    expect({ memory, maxMemory, vcpus, currentVcpus }).toEqual({
      memory: 1003 * MIB,
      maxMemory: { size: 8192 * MIB, slots: 16 },
      vcpus: 8,
      currentVcpus: 2,
    });
    expect(host.only).toMatchObject({ power: "running", autostart: false });
    expect([await drift(), await stack.up({ ...args, memorySlots: 16 })]).toEqual([
      expect.not.objectContaining({ memory: expect.anything() }),
      "same",
    ]);
  });

  test("a DIMM attached by hand: the observed size, which the program may adopt or undo", async () => {
    byHand("live", plugged);
    expect(await drift()).toEqual({ memory: "1259MiB" });
    expect(stack.recorded.outputs).toMatchObject({
      memory: "1003MiB",
      liveMemory: "1259MiB",
      nextBootMemory: "1003MiB",
      pendingMemory: "1003MiB",
      memoryDevices: [{ model: "dimm", size: "256MiB", slot: 0, node: 0 }],
    });
    expect((await stack.preview(args)).replaces).toEqual(["memory"]);
    expect(await stack.up({ ...args, memory: "1259MiB" })).toBe("update");
    expect(readDomain(host.only.inactive ?? "").memory).toBe(1259 * MIB);
    expect(await drift()).toEqual({});
  });
});
