import { setTimeout as delay } from "node:timers/promises";

export interface WaitOptions {
  /** Milliseconds until the wait gives up. Default 30 000. */
  timeoutMs?: number;
  /** Milliseconds between two looks. Default 25. */
  intervalMs?: number;
}

/**
 * Looks until `look` gives something else than `undefined` or `false`, and returns that. For conditions that
 * announce themselves by no event. When the time is up: an error with `what` was wanted and, where `seen` is
 * given, what was there instead.
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions & { seen?: () => string } = {},
): Promise<T> {
  const { timeoutMs = 30_000, intervalMs = 25, seen } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() >= deadline) {
      throw new Error(`Waited ${timeoutMs} ms for ${what}${seen ? `; there was:\n${seen()}` : ""}`);
    }
    await delay(intervalMs);
  }
}
