import { describe, expect, test } from "vitest";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import { askBlocks, blocksOf, isTaken } from "../../provider/guest/blocks.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { MIB } from "../support/fake-guest.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

const domain = { name: "web-1", uuid: "11111111-2222-3333-4444-555555555555", id: 1 };

/** A guest with blocks of 128 MiB: 1 GiB from its boot, and two above 4 GiB, one of which is offline. */
const guest = { block: 128 * MIB, online: [0, 1, 2, 3, 4, 5, 6, 7, 32], offline: [33] };

function dimm(base: string | undefined, mib: number): MemoryDevice {
  return { model: "dimm", size: mib * MIB, ...(base !== undefined && { base }) };
}

describe("what a guest has of a DIMM", () => {
  test.each<[string, MemoryDevice, boolean | undefined, object | undefined]>([
    ["all blocks, used or not", dimm("0x100000000", 256), true, { all: 2, online: 1, offline: 1 }],
    ["none", dimm("0x110000000", 256), false, { all: 2, online: 0, offline: 0 }],
    ["one of two", dimm("0x108000000", 256), undefined, { all: 2, online: 0, offline: 1 }],
    ["part of a block that isn't there", dimm("0x110000000", 100), false, { all: 1, online: 0, offline: 0 }],
    ["three blocks by their ends", dimm("0x116400000", 256), false, { all: 3, online: 0, offline: 0 }],
    ["a neighbour's block", dimm("0x10e400000", 256), undefined, { all: 3, online: 0, offline: 1 }],
    ["no address", dimm(undefined, 256), undefined, undefined],
  ])("%s", (_, device, taken, blocks) => {
    expect(isTaken(device, guest)).toBe(taken);
    expect(blocksOf(device, guest)).toEqual(blocks);
  });

  test("isn't asked about other devices, of which a guest may use only a part", () => {
    expect(isTaken({ ...dimm("0x110000000", 256), model: "virtio-mem" }, guest)).toBeUndefined();
  });
});

describe("asking for the blocks", () => {
  test("gives their size and numbers", async () => {
    const host = new FakeHypervisor();
    host.domains.set(domain.uuid, { ...domain, power: "running", autostart: false, live: "<domain/>" });
    host.agent = ({ execute }) =>
      execute === "guest-get-memory-block-info"
        ? { size: 128 * MIB * 1024 }
        : [...guest.online, ...guest.offline].map((index) => ({
            "phys-index": index,
            online: guest.online.includes(index),
          }));
    expect(await askBlocks(host, domain, new FakeClock())).toEqual({ kind: "blocks", blocks: guest });
  });

  test.each([
    [
      "refuses",
      () => Promise.reject(new Error("Guest agent is not responding")),
      "Guest agent is not responding",
    ],
    ["answers something else", () => Promise.resolve({ size: "large" }), /does not have the expected form$/],
    ["does not answer", () => new Promise<never>(() => {}), "no answer within 2 s"],
  ])("gives the reason where the agent %s", async (_, agentCommand, reason) => {
    const host = new FakeHypervisor();
    host.agentCommand = agentCommand;
    expect(await askBlocks(host, domain, new FakeClock())).toEqual({
      kind: "silent",
      reason: typeof reason === "string" ? reason : expect.stringMatching(reason),
    });
  });
});
