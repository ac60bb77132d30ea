import { vi } from "vitest";

/** What a promise comes to while time passes as fast as it is waited for: with vitest's fake `setTimeout`. */
export async function settled<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = () => {
    isDone = true;
  };
  work.then(end, end);
  while (!isDone) {
    // The fake hypervisor answers in the event loop's own time.
    await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(100);
  }
  return work;
}
