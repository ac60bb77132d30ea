import { describe, expect, test } from "vitest";
import { findSource } from "../../provider/guest/source.ts";
import { describeUnsuitable } from "../../provider/guest/text.ts";
import type { AgentCommand, MemoryStats } from "../../provider/libvirt/hypervisor.ts";
import { GIB, MIB } from "../support/fake-guest.ts";
import { FakeHypervisor } from "../support/fake-hypervisor.ts";

const DOMAIN = { name: "web", uuid: "", id: 1 };
const BALLOON = { available: 414_992, lastUpdate: 1_700_000_000 };
const NO_STATISTICS: [string, MemoryStats][] = [
  ["none", {}],
  ["a driver that never reported", { available: 414_992, lastUpdate: 0 }],
  ["no figure for what the guest has", { lastUpdate: 1_700_000_000 }],
];

function agent({ execute }: AgentCommand): unknown {
  return execute === "guest-get-memory-blocks" ? [{ "phys-index": 0, online: true }] : { size: 134_217_728 };
}

async function find(guest: Partial<Pick<FakeHypervisor, "agent" | "balloon">>, connected: boolean) {
  const hypervisor = Object.assign(new FakeHypervisor(), guest);
  const found = await findSource(hypervisor, DOMAIN, connected);
  const calls = hypervisor.calls;
  return found.kind === "found" ? { speaker: found.source.speaker, calls } : { reason: found.reason, calls };
}

describe("who speaks for a guest", () => {
  test("the agent, which knows each memory block, before the balloon", async () => {
    const { speaker, calls } = await find({ agent, balloon: BALLOON }, true);
    expect(speaker).toBe("agent");
    expect(calls).not.toContain("memoryStats");
  });

  test("the balloon where no agent is connected: nothing is sent to it, and nothing waits for it", async () => {
    expect(await find({ agent, balloon: BALLOON }, false)).toEqual({
      speaker: "balloon",
      calls: ["memoryStats"],
    });
  });

  test("the balloon where the agent is connected and does not answer", async () => {
    expect(await find({ balloon: BALLOON }, true)).toMatchObject({ speaker: "balloon" });
  });

  test.each(NO_STATISTICS)("nobody, where the balloon has %s", async (_, balloon) => {
    expect(await find({ balloon }, false)).toMatchObject({
      reason: "no guest agent and no balloon statistics",
    });
    expect(await find({ balloon }, true)).toMatchObject({
      reason:
        "the guest agent is connected but unusable (QEMU guest agent is not connected), and there are no balloon statistics",
    });
  });

  test("an agent's errors are shown on one line, without what a terminal would act on", async () => {
    const rude = () => {
      throw new Error("\u001b[31mno\nblocks\u202e");
    };
    expect(await find({ agent: rude }, true)).toMatchObject({
      reason:
        "the guest agent is connected but unusable ( [31mno blocks ), and there are no balloon statistics",
    });
  });
});

describe("a DIMM that the guest could not take", () => {
  const report = (block?: number) => ({ memory: 0, offline: [], ...(block !== undefined && { block }) });

  test("is named before it is attached, with the alignment that works", () => {
    expect(describeUnsuitable(report(2 * GIB), [2 * GIB, 256 * MIB])).toBe(
      'the guest\'s memory blocks are 2 GiB, and a DIMM of 256 MiB is not a multiple of that: the guest would reject it and every later DIMM; set hotplug.alignment to "2048MiB"',
    );
  });

  test("whole blocks are fine, and so is a block size that nobody knows", () => {
    expect(describeUnsuitable(report(128 * MIB), [256 * MIB, 128 * MIB])).toBeUndefined();
    expect(describeUnsuitable(report(), [100 * MIB])).toBeUndefined();
  });
});
