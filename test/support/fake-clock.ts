import type { Clock } from "../../provider/deadline.ts";

/** How far time moves in one turn of the event loop, so that whoever doesn't sleep gets some work done meanwhile. */
const STEP_MS = 100;

interface Timer {
  due: number;
  fire: () => void;
}

/** A clock that moves only while somebody sleeps, from one due time to the next: a wait of a minute takes no time. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<Timer>();
  readonly #events = new Set<Timer>();
  #isRunning = false;

  now(): number {
    return this.#now;
  }

  /** How many sleep: none after a wait that cleaned up. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper = {
        due: this.#now + ms,
        fire: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(sleeper);
      void this.#run();
    });
  }

  /** Does something once so much time has passed; waiting for it is left to others. */
  after(ms: number, fire: () => void): void {
    this.#events.add({ due: this.#now + ms, fire });
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (;;) {
      // The fake hypervisor answers in the event loop's own time.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#sleepers.size === 0) break;
      const timers = [...this.#events, ...this.#sleepers];
      this.#now = Math.min(this.#now + STEP_MS, ...timers.map(({ due }) => due));
      for (const timer of timers) {
        if (timer.due > this.#now) continue;
        this.#events.delete(timer);
        this.#sleepers.delete(timer);
        timer.fire();
      }
    }
    this.#isRunning = false;
  }
}
