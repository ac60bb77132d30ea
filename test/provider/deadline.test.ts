import { describe, expect, test } from "vitest";
import { backoff, Deadline, hostClock } from "../../provider/deadline.ts";
import { FakeClock } from "../support/fake-clock.ts";

const late = () => new Error("too late");
const never = () => new Promise<never>(() => {});

function scene() {
  const clock = new FakeClock();
  const abort = new AbortController();
  const deadline = Deadline.inMs(1_500, clock, abort.signal);
  return { clock, abort, deadline };
}

describe("a deadline", () => {
  test("counts down, and stays over", async () => {
    const { clock, deadline } = scene();
    expect([deadline.remaining, deadline.remainingSeconds, deadline.isOver]).toEqual([1_500, 2, false]);
    await clock.sleep(1_499);
    expect([deadline.remaining, deadline.remainingSeconds, deadline.isOver]).toEqual([1, 1, false]);
    await clock.sleep(1);
    expect([deadline.remaining, deadline.remainingSeconds, deadline.isOver]).toEqual([0, 1, true]);
    await clock.sleep(1_000);
    expect([deadline.remaining, deadline.isOver]).toEqual([0, true]);
  });

  test("can be given in seconds, and is over at once with none", () => {
    const clock = new FakeClock();
    expect(Deadline.inSeconds(2, clock).remaining).toBe(2_000);
    expect(Deadline.inSeconds(0, clock).isOver).toBe(true);
  });

  test("has siblings, which end by themselves", async () => {
    const { clock, deadline } = scene();
    const sibling = deadline.sibling(2_000);
    await clock.sleep(1_500);
    expect([deadline.isOver, sibling.remaining]).toEqual([true, 500]);
  });
});

describe("sleeping", () => {
  test("takes its time, but never longer than the deadline", async () => {
    const { clock, deadline } = scene();
    await deadline.sleep(1_000);
    expect(clock.now()).toBe(1_000);
    await deadline.sleep(1_000);
    expect(clock.now()).toBe(1_500);
    await deadline.sleep(1_000);
    expect(clock.now()).toBe(1_500);
  });

  test("ends when it is aborted, with the reason; later sleeps don't begin", async () => {
    const { clock, abort, deadline } = scene();
    clock.after(200, () => abort.abort(new Error("cancelled")));
    await expect(deadline.sleep(1_000)).rejects.toThrow("cancelled");
    await expect(deadline.sleep(1_000)).rejects.toThrow("cancelled");
    expect([clock.now(), clock.sleepers]).toEqual([200, 0]);
  });
});

describe("a pause", () => {
  test("ends when it is woken, and leaves no timer", async () => {
    const { clock, deadline } = scene();
    const woken = new Promise<void>((resolve) => clock.after(300, resolve));
    await deadline.pause(1_000, woken);
    expect([clock.now(), clock.sleepers]).toEqual([300, 0]);
  });

  test("ends by itself, at the latest with the deadline", async () => {
    const { clock, deadline } = scene();
    await deadline.pause(1_000, never());
    expect(clock.now()).toBe(1_000);
    await deadline.pause(1_000, never());
    expect([clock.now(), clock.sleepers]).toEqual([1_500, 0]);
  });

  test("ends when it is aborted", async () => {
    const { clock, abort, deadline } = scene();
    clock.after(300, () => abort.abort(new Error("cancelled")));
    await expect(deadline.pause(1_000, never())).rejects.toThrow("cancelled");
    expect(clock.sleepers).toBe(0);
  });
});

describe("a race", () => {
  test("answers what the work does in time, and leaves no timer", async () => {
    const { clock, deadline } = scene();
    const work = clock.sleep(1_000).then(() => "done");
    expect(await deadline.race(work, late)).toBe("done");
    expect(await deadline.race(Promise.resolve(undefined), late)).toBeUndefined();
    expect([clock.now(), clock.sleepers]).toEqual([1_000, 0]);
  });

  test("fails as the work does", async () => {
    const { clock, deadline } = scene();
    await expect(deadline.race(Promise.reject(new Error("refused")), late)).rejects.toThrow("refused");
    expect(clock.sleepers).toBe(0);
  });

  test("fails when the time is up, whatever becomes of the work then", async () => {
    const { clock, deadline } = scene();
    const work = clock.sleep(2_000).then(() => {
      throw new Error("nobody listens any more");
    });
    await expect(deadline.race(work, late)).rejects.toThrow("too late");
    expect(clock.now()).toBe(1_500);
    await clock.sleep(1_000);
  });

  test("fails when it is aborted, also where that was before it began", async () => {
    const { clock, abort, deadline } = scene();
    clock.after(300, () => abort.abort(new Error("cancelled")));
    await expect(deadline.race(never(), late)).rejects.toThrow("cancelled");
    await expect(deadline.race(never(), late)).rejects.toThrow("cancelled");
    expect([clock.now(), clock.sleepers]).toEqual([300, 0]);
  });
});

test("the pauses between attempts double up to the longest", () => {
  const pauses = backoff({ first: 100, longest: 1_000 });
  expect(Array.from({ length: 6 }, () => pauses.next().value)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

describe("the host's clock", () => {
  test("is monotonic", async () => {
    const before = hostClock.now();
    await hostClock.sleep(1);
    expect(hostClock.now()).toBeGreaterThan(before);
  });

  test("ends a sleep with the reason of the abort", async () => {
    const abort = new AbortController();
    const sleep = hostClock.sleep(60_000, abort.signal);
    abort.abort(new Error("cancelled"));
    await expect(sleep).rejects.toThrow("cancelled");
    await expect(hostClock.sleep(60_000, abort.signal)).rejects.toThrow("cancelled");
  });
});
