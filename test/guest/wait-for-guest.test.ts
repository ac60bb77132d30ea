import { test as property } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OnlinePolicy } from "../../provider/args/settings.ts";
import { Deadline } from "../../provider/deadline.ts";
import type { MemoryDevice } from "../../provider/domain/state.ts";
import { type Expectation, expectAttached } from "../../provider/guest/expectation.ts";
import type { GuestReport, Speaker } from "../../provider/guest/report.ts";
import { describeMissing, describeProgress } from "../../provider/guest/text.ts";
import { waitForGuest } from "../../provider/guest/wait-for-guest.ts";
import { FakeGuest, GIB, MIB } from "../support/fake-guest.ts";

/** What must be reported once so much more has arrived in a guest without DIMMs. */
function expectReport(speaker: Speaker, report: GuestReport, added: number): Expectation {
  const expected = expectAttached(speaker, report, added, { memory: 0, currentMemory: 0, devices: [] });
  if (expected === undefined) throw new Error("the report doesn't tell");
  return expected;
}

interface Options {
  speaker?: Speaker;
  online?: OnlinePolicy;
  seconds?: number;
  added?: number;
}

/** Waits for two more blocks by default, and keeps the progress that is shown meanwhile. */
async function wait(
  guest: FakeGuest,
  { speaker = "agent", online = "agent", seconds = 60, added = 256 * MIB }: Options = {},
) {
  const before = guest.report(speaker);
  const expected = expectReport(speaker, before, added);
  const progress: string[] = [];
  const onProgress = async (report: GuestReport) => void progress.push(describeProgress(report, expected));
  const deadline = Deadline.inSeconds(seconds, guest.clock);
  const result = await waitForGuest(guest.source(speaker), {
    before,
    expected,
    deadline,
    online,
    onProgress,
  });
  return {
    result,
    progress,
    why: result.missing > 0 ? describeMissing(result, { before, expected, online }) : "",
  };
}

describe("a guest that brings memory online by itself", () => {
  test("is waited for until all of it is there, and its progress is shown when it changes", async () => {
    const guest = new FakeGuest();
    guest.happens.set(1000, (one) => one.bringOnline([32]));
    guest.happens.set(2000, (one) => one.bringOnline([33]));
    const { result, progress } = await wait(guest);
    expect(result).toEqual({ report: guest.report(), missing: 0 });
    expect(progress).toEqual(["512 of 768 MiB online", "640 of 768 MiB online"]);
    expect(guest.clock.now()).toBe(2000);
    expect(guest.onlined).toEqual([]);
  });

  test("is asked at once: one that was quick costs no wait", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, (one) => one.bringOnline([32, 33]));
    expect(await wait(guest)).toMatchObject({ result: { missing: 0 }, progress: [] });
    expect(guest.clock.now()).toBe(0);
  });

  test("may leave out the map of the new memory, by the balloon", async () => {
    const guest = new FakeGuest();
    const source = { speaker: "balloon" as const, added: 256 * MIB };
    const before = guest.report("balloon");
    const expected = expectReport("balloon", before, source.added);
    for (const [counted, isThere] of [
      [252, true],
      [251, false],
    ] as const) {
      const report = { ...before, memory: before.memory + counted * MIB };
      const deadline = Deadline.inSeconds(1, guest.clock);
      const wait = { before, expected, deadline, online: "agent" as const, onProgress: async () => {} };
      const one = { speaker: "balloon" as const, ask: async () => report };
      expect((await waitForGuest(one, wait)).missing === 0).toBe(isThere);
    }
  });
});

describe("blocks that stay offline", () => {
  const offline = (guest: FakeGuest) => {
    guest.offline = [...guest.offline, 32, 33];
  };

  test("are brought online by the agent after some seconds, and no others", async () => {
    const guest = new FakeGuest();
    guest.offline = [7];
    guest.happens.set(500, offline);
    const { result } = await wait(guest);
    expect(result.missing).toBe(0);
    expect(guest.onlined).toEqual([{ at: 3500, blocks: [32, 33] }]);
    expect(guest.offline).toEqual([7]);
  });

  test("are left to a guest that is on its way", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, offline);
    guest.happens.set(2500, (one) => one.bringOnline([32, 33]));
    expect((await wait(guest)).result.missing).toBe(0);
    expect(guest.onlined).toEqual([]);
  });

  test("are tried again, and reported with the guest's reason when the time is up", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, offline);
    guest.refusal = "the agent could not bring block 32 online (operation-failed, error 12)";
    const { result, why } = await wait(guest, { seconds: 10 });
    expect(result).toMatchObject({ missing: 256 * MIB, refused: guest.refusal });
    expect(guest.onlined.map(({ at }) => at)).toEqual([3000, 6000, 9000]);
    expect(guest.clock.now()).toBe(10_000);
    expect(why).toBe(`2 new memory blocks of 128 MiB are offline: ${guest.refusal}`);
  });

  test('are left to the guest with hotplug.online "guest"', async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, offline);
    const { result, why } = await wait(guest, { online: "guest", seconds: 10 });
    expect(result.missing).toBe(256 * MIB);
    expect(guest.onlined).toEqual([]);
    expect(why).toBe(
      '2 new memory blocks of 128 MiB are offline; with hotplug.online "guest", the guest must bring them online itself (memhp_default_state=online or a udev rule)',
    );
  });

  test("count as arrived where nobody has to bring them online", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, offline);
    expect((await wait(guest, { online: "none" })).result.missing).toBe(0);
    expect(guest.onlined).toEqual([]);
    expect(guest.clock.now()).toBe(0);
  });

  test("are tried within a short patience too", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, offline);
    expect((await wait(guest, { seconds: 2 })).result.missing).toBe(0);
    expect(guest.onlined).toEqual([{ at: 1000, blocks: [32, 33] }]);
  });
});

describe("a guest that never has it", () => {
  test("has no blocks for it", async () => {
    const { result, why } = await wait(new FakeGuest(), { seconds: 5 });
    expect(result.missing).toBe(256 * MIB);
    expect(why).toBe(
      "the guest has no memory blocks for 256 MiB: it rejected that memory or is slow (see its kernel log)",
    );
  });

  test("took a part of it", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, (one) => one.bringOnline([32]));
    guest.happens.set(1, (one) => one.offline.push(33));
    const { why } = await wait(guest, { online: "guest", seconds: 5, added: 512 * MIB });
    expect(why).toMatch(
      /^1 new memory block of 128 MiB is offline; .*; the guest has no memory blocks for 256 MiB: /,
    );
  });

  test("reports only its total, through the balloon", async () => {
    const { why } = await wait(new FakeGuest(), { speaker: "balloon", seconds: 5 });
    expect(why).toMatch(/^its balloon driver reports 411 MiB: the memory may still be offline in the guest/);
  });

  test("stops answering", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, (one) => {
      one.hangs = true;
    });
    const { result, why } = await wait(guest, { seconds: 5 });
    expect(result).toEqual({
      report: guest.report(),
      missing: 256 * MIB,
      noAnswer: "Guest agent is not responding",
    });
    expect(why).toBe("the guest agent stopped responding (Guest agent is not responding)");
  });

  test("has a balloon that stopped reporting", async () => {
    const guest = new FakeGuest();
    const before = guest.report("balloon");
    const expected = expectReport("balloon", before, 256 * MIB);
    const deadline = Deadline.inSeconds(5, guest.clock);
    const wait = { before, expected, deadline, online: "agent" as const, onProgress: async () => {} };
    const frozen = { speaker: "balloon" as const, ask: async () => before };
    const result = await waitForGuest(frozen, wait);
    expect(describeMissing(result, wait)).toBe(
      "its balloon driver has not reported since the attach: the guest hangs or is too busy",
    );
  });

  test("an agent that is away for a while is asked again", async () => {
    const guest = new FakeGuest();
    guest.happens.set(0, (one) => {
      one.hangs = true;
    });
    guest.happens.set(4000, (one) => {
      one.hangs = false;
      one.bringOnline([32, 33]);
    });
    expect((await wait(guest)).result).toEqual({ report: guest.report(), missing: 0 });
  });
});

describe("at any time", () => {
  const growth = fc.array(fc.record({ at: fc.nat(20_000), count: fc.integer({ min: 1, max: 4 }) }), {
    maxLength: 6,
  });

  property.prop([growth, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 8 })])(
    "a wait confirms what is there and nothing else, and ends in time",
    async (grows, seconds, blocks) => {
      const guest = new FakeGuest();
      let next = 32;
      for (const { at, count } of grows)
        guest.happens.set(at, (one) => one.bringOnline(Array.from({ length: count }, () => next++)));
      const added = blocks * guest.block;
      const before = guest.report().memory;
      const { result } = await wait(guest, { seconds, added });
      expect(guest.clock.now()).toBeLessThanOrEqual(seconds * 1000);
      expect(result.missing).toBe(Math.max(0, before + added - guest.report().memory));
      if (result.missing > 0) expect(guest.clock.now()).toBe(seconds * 1000);
    },
  );
});

test("progress is shown in the unit of the whole", () => {
  const shown = (memory: number, of: number) =>
    describeProgress(
      { memory, offline: [] },
      expectReport("agent", { memory: 0, online: [], offline: [], block: MIB }, of),
    );
  expect(shown(1.1 * GIB, 3 * GIB)).toBe("1.1 of 3.0 GiB online");
  expect(shown(404.7 * MIB, 768 * MIB)).toBe("404 of 768 MiB online");
});

describe("what a guest must report", () => {
  const dimm: MemoryDevice = { model: "dimm", size: GIB, base: "0x100000000" };
  const attached = { memory: 2 * GIB, currentMemory: 2 * GIB, devices: [dimm], reserved: 100 * MIB };
  const boot = [0, 1, 2, 3, 4, 5, 6, 7];

  test("by the agent: the blocks of its DIMMs, but not those that it kept offline from boot", () => {
    const report = {
      memory: 11 * 128 * MIB,
      online: [...boot.slice(1), 32, 33, 34, 35],
      offline: [0, 36],
      block: 128 * MIB,
    };
    expect(expectAttached("agent", report, 256 * MIB, attached)).toEqual({
      speaker: "agent",
      memory: 11 * 128 * MIB + 256 * MIB + 512 * MIB,
      added: 256 * MIB + 512 * MIB,
      slack: 0,
      others: [0],
    });
  });

  test("by the balloon driver: the memory without what the kernel keeps, except for less than half a block", () => {
    const total = (short: number) => ({ memory: 2 * GIB - 100 * MIB - short, offline: [] });
    const expected = (short: number) => expectAttached("balloon", total(short), 0, attached);
    expect(expected(64 * MIB)).toMatchObject({ memory: total(64 * MIB).memory });
    expect(expected(128 * MIB)).toMatchObject({ memory: total(0).memory, added: 128 * MIB, slack: 64 * MIB });
  });

  test("by the balloon driver, which doesn't count what the balloon has taken or a virtio-mem device doesn't have yet", () => {
    const vmem: MemoryDevice = { model: "virtio-mem", size: GIB, requested: GIB, current: 0 };
    const more = { memory: 3 * GIB, currentMemory: 2.5 * GIB, devices: [dimm, vmem], reserved: 100 * MIB };
    const report = { memory: 1.5 * GIB - 100 * MIB, offline: [] };
    expect(expectAttached("balloon", report, 0, more)).toMatchObject({ added: 0, memory: report.memory });
  });

  test("can't be told by the balloon driver where nobody knows what the kernel keeps", () => {
    const { reserved: _, ...unknown } = attached;
    expect(expectAttached("balloon", { memory: GIB, offline: [] }, 0, unknown)).toBeUndefined();
  });
});
