import { beforeEach, describe, expect, test } from "vitest";
import { readDomain } from "../../provider/domain/read.ts";
import type { FakeHypervisor } from "../support/fake-hypervisor.ts";
import { created, type OneResource } from "../support/one-resource.ts";

const MIB = 1024;
const BLOCK = 128 * MIB;

const args = { memory: "1GiB", maxMemory: "8GiB" };
const grown = { ...args, memory: "1280MiB" };
const grownMore = { ...args, memory: "1536MiB" };

let host: FakeHypervisor;
let stack: OneResource;

beforeEach(async () => {
  ({ host, stack } = await created(args));
  host.placesDimms = true;
});

/** Blocks for all that libvirt says the guest has, or for the `most` that it takes; those from `offlineFrom` on stay offline. */
function bootGuest({ offlineFrom = 1000, most = 1000, block = BLOCK } = {}): void {
  const { uuid, live = "" } = host.only;
  host.change(uuid, {
    live: live.replace(/(name=.org\.qemu\.guest_agent\.0.)(?! state)/, "$1 state='connected'"),
  });
  host.agent = ({ execute }) => {
    if (execute === "guest-get-memory-block-info") return { size: block * 1024 };
    const count = Math.min(most, readDomain(host.only.live ?? "").memory / block);
    if (execute === "guest-get-memory-blocks")
      return Array.from({ length: count }, (_, index) => ({
        "phys-index": blockNumber(index, block),
        online: index < offlineFrom,
      }));
    return [{ "phys-index": offlineFrom, response: "operation-failed", "error-code": 12 }];
  };
}

/** Boot memory of 1 GiB, and DIMMs from 4 GiB on. */
function blockNumber(index: number, block: number): number {
  const boot = (1024 * MIB) / block;
  return index < boot ? index : index - boot + (4096 * MIB) / block;
}

const warnings = () =>
  stack.run.messages.filter(({ severity }) => severity === "warning").map(({ text }) => text);
const impatient = { hotplug: { awaitGuest: 1, online: "guest" } };

describe("after an attach", () => {
  test("the guest's report is an output, with its source", async () => {
    bootGuest();
    expect(await stack.up(grown)).toBe("update");
    expect(stack.recorded.outputs).toMatchObject({ guestMemory: "1280MiB", guestMemoryFrom: "agent" });
    expect(stack.run.said.at(-1)).toBe("attached 256 MiB in slot 0; confirmed by the guest agent: 1280 MiB");
    expect(await stack.up(grown)).toBe("same");
    await stack.refresh();
    expect(stack.recorded.outputs).toMatchObject({ guestMemory: "1280MiB", guestMemoryFrom: "agent" });
  });

  test("a guest that can't be asked gets a warning and isn't waited for", async () => {
    await stack.up(grown);
    expect(warnings()).toEqual([
      "attached 256 MiB in slot 0; couldn't confirm with the guest: no guest agent and no balloon statistics",
    ]);
    expect(stack.recorded.outputs).not.toHaveProperty("guestMemory");
    expect(await stack.up(grown)).toBe("same");
  });

  test("a paused guest takes the memory later", async () => {
    bootGuest();
    host.change(host.only.uuid, { power: "paused" });
    await stack.up(grown);
    expect(warnings()).toEqual([
      "attached 256 MiB in slot 0; couldn't confirm with the guest: it is paused and takes the memory when it resumes",
    ]);
    expect(host.calls).not.toContain("agentCommand");
  });

  test("awaitGuest: false waits for nothing, without a message", async () => {
    bootGuest({ most: 8 });
    await stack.up({ ...grown, hotplug: { awaitGuest: false } });
    expect(host.calls).toContain("attachDevice");
    expect(host.calls).not.toContain("memoryStats");
    expect(stack.recorded.outputs).not.toHaveProperty("guestMemory");
    expect(warnings()).toEqual([]);
  });

  test("a change that attaches nothing doesn't ask the guest", async () => {
    bootGuest();
    host.calls.length = 0;
    await stack.up({ ...args, shutdownTimeout: 2 });
    expect(host.calls).not.toContain("agentCommand");
    expect(host.calls).not.toContain("memoryStats");
  });
});

test("a DIMM that isn't whole memory blocks of the guest is refused before the attach, even if the agent answers late", async () => {
  bootGuest({ block: 512 * MIB });
  const { agent } = host;
  let looks = 2;
  host.agent = (command) => {
    looks -= 1;
    if (looks >= 0) throw new Error("Guest agent is not responding");
    return agent?.(command);
  };
  await expect(stack.up(grown)).rejects.toThrow(
    /the guest's memory blocks are 512 MiB, and a DIMM of 256 MiB is not a multiple .* set hotplug.alignment to "512MiB"; nothing was attached$/,
  );
  expect(host.calls).not.toContain("attachDevice");
  expect(stack.recorded).toMatchObject({ outputs: { memory: "1024MiB" }, isPartial: false });
});

describe("memory that the guest doesn't take", () => {
  beforeEach(async () => {
    bootGuest({ offlineFrom: 9 });
    await expect(stack.up({ ...grown, ...impatient })).rejects.toThrow(
      /^Domain web-1 did not get all of its memory: attached 256 MiB in slot 0; after 1 s \(hotplug.awaitGuest\) the guest has 1152 MiB, 128 MiB less than it should have: 1 new memory block of 128 MiB is offline; .*; the attached memory stays, and the next update asks the guest again$/,
    );
  });

  test("fails the update, which records what was done and what the guest has", () => {
    expect(stack.recorded).toMatchObject({
      isPartial: true,
      outputs: {
        memory: "1280MiB",
        liveMemory: "1280MiB",
        nextBootMemory: "1280MiB",
        guestMemory: "1152MiB",
      },
    });
  });

  test("is waited for again by the next update, which attaches nothing", async () => {
    host.calls.length = 0;
    await expect(stack.up({ ...grown, ...impatient })).rejects.toThrow(
      /attached earlier; after 1 s .* 128 MiB less than/,
    );
    bootGuest();
    expect(await stack.up({ ...grown, ...impatient })).toBe("update");
    expect(stack.recorded).toMatchObject({ isPartial: false, outputs: { guestMemory: "1280MiB" } });
    expect(host.calls).not.toContain("attachDevice");
    expect(await stack.up({ ...grown, ...impatient })).toBe("same");
  });

  test("is still missing after a refresh: the preview says that the guest is waited for again", async () => {
    await stack.refresh();
    expect(await stack.preview({ ...grown, ...impatient })).toMatchObject({ kind: "update" });
    expect(stack.run.said).toEqual([
      'waiting again for the guest: it lacks 128 MiB of the attached memory; hotplug.online is "guest", so the guest must bring it online itself',
    ]);
  });

  test("is waited for together with what is added later", async () => {
    await expect(stack.up({ ...grownMore, ...impatient })).rejects.toThrow(
      /attached 256 MiB in slot 1; after 1 s .* the guest has 1152 MiB, 384 MiB less than/,
    );
    bootGuest();
    await stack.up({ ...grownMore, ...impatient });
    expect(stack.recorded).toMatchObject({ isPartial: false, outputs: { guestMemory: "1536MiB" } });
  });

  test("doesn't matter to a program that doesn't wait", async () => {
    await stack.up({ ...grown, hotplug: { awaitGuest: false, online: "guest" } });
    expect(await stack.up({ ...grown, hotplug: { awaitGuest: false, online: "guest" } })).toBe("same");
  });

  test("is there after the domain was restarted: the old report no longer counts", async () => {
    const { uuid } = host.only;
    host.turnOff(uuid);
    host.boot(uuid);
    bootGuest();
    await stack.refresh();
    expect(stack.recorded.outputs).not.toHaveProperty("guestMemory");
    expect(await stack.up({ ...grown, ...impatient })).not.toBe("replace");
    expect(await stack.up({ ...grown, ...impatient })).toBe("same");
  });
});

describe("a run that was killed while it waited", () => {
  /** The engine has recorded nothing then. */
  async function killed(guest: Parameters<typeof bootGuest>[0]) {
    bootGuest(guest);
    const { state } = stack;
    await expect(stack.up({ ...grown, ...impatient })).rejects.toThrow("less than it should have");
    stack.state = state;
    host.calls.length = 0;
  }

  test("is continued: the next one asks the guest and attaches nothing", async () => {
    await killed({ offlineFrom: 9 });
    bootGuest();
    await stack.up(grown);
    expect(stack.run.said.at(-1)).toBe("attached earlier; confirmed by the guest agent: 1280 MiB");
    expect(stack.recorded.outputs).toMatchObject({ memory: "1280MiB", guestMemory: "1280MiB" });
    expect(host.calls).not.toContain("attachDevice");
    expect(await stack.up(grown)).toBe("same");
  });

  test("is noticed if the guest has not taken the memory", async () => {
    await killed({ offlineFrom: 9 });
    await expect(stack.up({ ...grown, ...impatient })).rejects.toThrow(
      /attached earlier; .* 1 new memory block of 128 MiB is offline/,
    );
    expect(stack.recorded.isPartial).toBe(true);
  });

  test("is noticed if the guest rejected it", async () => {
    await killed({ most: 8 });
    await expect(stack.up({ ...grown, ...impatient })).rejects.toThrow(
      /attached earlier; .* the guest has no memory blocks for 256 MiB/,
    );
  });
});

test("with a secret size neither progress nor failure has a figure", async () => {
  bootGuest({ offlineFrom: 9 });
  const secret = { ...grown, ...impatient, __secret: true };
  await expect(stack.up(secret)).rejects.toThrow(/the guest has … MiB, … MiB less/);
  expect(stack.run.messages.map(({ text }) => text).join()).not.toMatch(/1152|1280|1\.1/);
});
