import { expect, test } from "vitest";
import { onlineNewBlocks } from "../../provider/guest/bring-online.ts";
import type { GuestSource } from "../../provider/guest/report.ts";

/** A guest with these blocks offline, and the blocks that its agent was asked to bring online. */
function scene(offline: () => number[], refusal?: string) {
  const onlined: number[][] = [];
  const time = { now: 0 };
  const source: GuestSource = {
    speaker: "agent",
    ask: async () => ({ memory: 0, offline: offline() }),
    bringOnline: async (blocks) => {
      onlined.push(blocks);
      return refusal;
    },
  };
  const clock = { now: () => time.now, sleep: async () => {} };
  return { onlined, time, source, clock };
}

test("blocks that have been offline for 3 s are brought online; those that were offline before are left alone", async () => {
  const { onlined, time, source, clock } = scene(() => [3, 8, 9]);
  const look = onlineNewBlocks(source, [3], clock);
  expect(await look()).toEqual({ blocks: 2 });
  time.now = 2_900;
  await look();
  expect(onlined).toEqual([]);
  time.now = 3_000;
  expect(await look()).toEqual({ blocks: 2 });
  expect(onlined).toEqual([[8, 9]]);
});

test("blocks that the guest brings online in time are left to it", async () => {
  let offline = [8];
  const { onlined, time, source, clock } = scene(() => offline);
  const look = onlineNewBlocks(source, [], clock);
  await look();
  offline = [];
  expect(await look()).toEqual({ blocks: 0 });
  offline = [9];
  time.now = 5_000;
  await look();
  expect(onlined).toEqual([]);
});

test("a refusal is kept, and tried again", async () => {
  const { onlined, time, source, clock } = scene(
    () => [8],
    "the guest agent could not bring memory block 8 online",
  );
  const look = onlineNewBlocks(source, [], clock);
  await look();
  time.now = 3_000;
  expect(await look()).toEqual({
    blocks: 1,
    refused: "the guest agent could not bring memory block 8 online",
  });
  time.now = 4_000;
  await look();
  time.now = 7_000;
  await look();
  expect(onlined.length).toBe(2);
});

test("an agent that stops answering keeps nothing waiting", async () => {
  const { source, clock } = scene(() => {
    throw new Error("not connected");
  });
  expect(await onlineNewBlocks(source, [], clock)()).toEqual({ blocks: 0, refused: "not connected" });
});
