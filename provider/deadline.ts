/** What every wait reads the time from. Tests replace it. */
export interface Clock {
  /** Ends every sleep. Undefined: nothing does. */
  readonly signal?: AbortSignal;
  /** The time at which every deadline ends at the latest. */
  readonly until?: number;
  /** Milliseconds since an arbitrary start. They never go backwards, whatever happens to the system's time of day. */
  now(): number;
  /**
   * @param options with `ref: false` the sleep doesn't keep the process from exiting
   * @throws the signal's reason when it is aborted first
   */
  sleep(ms: number, signal?: AbortSignal, options?: { ref: boolean }): Promise<void>;
}

/** The same clock, on which every sleep ends with a signal. */
export function interruptible(clock: Clock, signal: AbortSignal): Clock {
  return {
    signal,
    now: () => clock.now(),
    sleep: (ms, own, options) =>
      clock.sleep(ms, own === undefined ? signal : AbortSignal.any([own, signal]), options),
  };
}

/** The same clock, on which no deadline is later than so many milliseconds from now. */
export function limited(clock: Clock, ms: number): Clock {
  return {
    ...(clock.signal && { signal: clock.signal }),
    until: clock.now() + ms,
    now: () => clock.now(),
    sleep: (ms, own, options) => clock.sleep(ms, own, options),
  };
}

/** Waits for `work`, which keeps running when the signal comes first. What has ended already is returned in any case. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The host's monotonic clock. */
export const hostClock: Clock = {
  now: () => performance.now(),
  // Every call to libvirt has a deadline, which its reply ends: Node's own promise makes an error with a stack trace for that.
  sleep: (ms, signal, { ref } = { ref: true }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      if (!ref) timer.unref();
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

/**
 * The end of a wait: every wait, time-out and poll loop of the provider counts down one of these.
 *
 * An `AbortSignal` ends the wait early: `sleep`, `pause` and `race` then reject with the signal's reason.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;

  private constructor(clock: Clock, ms: number, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#end = Math.min(clock.now() + ms, clock.until ?? Number.POSITIVE_INFINITY);
    this.#signal = signal;
  }

  static inMs(ms: number, clock: Clock, signal?: AbortSignal): Deadline {
    return new Deadline(clock, ms, signal);
  }

  static inSeconds(seconds: number, clock: Clock, signal?: AbortSignal): Deadline {
    return new Deadline(clock, seconds * 1000, signal);
  }

  /** A deadline of its own on the same clock and signal. */
  sibling(ms: number): Deadline {
    return new Deadline(this.#clock, ms, this.#signal);
  }

  /** Milliseconds left; 0 when it is over. */
  get remaining(): number {
    return Math.max(0, this.#end - this.#clock.now());
  }

  /** The time left as a time-out for a call that takes whole seconds: rounded up, and at least 1. */
  get remainingSeconds(): number {
    return Math.max(1, Math.ceil(this.remaining / 1000));
  }

  get isOver(): boolean {
    return this.remaining === 0;
  }

  /**
   * For what is about to begin within the wait.
   *
   * @throws the reason of the signal, if that has ended the wait
   */
  throwIfAborted(): void {
    this.#clock.signal?.throwIfAborted();
    this.#signal?.throwIfAborted();
  }

  /** Sleeps for `ms`, or until the deadline if that comes first. */
  async sleep(ms: number): Promise<void> {
    await this.#clock.sleep(Math.min(ms, this.remaining), this.#signal);
  }

  /** The same, and it ends as soon as `wake` resolves. */
  async pause(ms: number, wake: Promise<void>): Promise<void> {
    await this.#first(wake, Math.min(ms, this.remaining));
  }

  /**
   * Waits for `work`, which keeps running when the time is up.
   *
   * @throws what `late` returns when the deadline comes first
   */
  async race<T>(work: Promise<T>, late: () => Error): Promise<T> {
    const done = await this.#first(
      work.then((value) => ({ value })),
      this.remaining,
    );
    if (done === undefined) throw late();
    return done.value;
  }

  /** @returns what `work` resolves to; undefined when `ms` have passed first */
  async #first<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
    const ended = new AbortController();
    const own = this.#signal;
    const signal = own === undefined ? ended.signal : AbortSignal.any([ended.signal, own]);
    const time = this.#clock.sleep(ms, signal).then(() => undefined);
    try {
      return await Promise.race([work, time]);
    } finally {
      ended.abort(ENDED);
    }
  }
}

/** Why a sleep is no longer needed. Nobody sees it. */
const ENDED = "what was waited for has ended";

/** How long something is waited for. */
export interface Patience {
  deadline: Deadline;
  /** The time and what sets it, for messages: "60 s (hotplug.awaitGuest)". */
  text: string;
}

/** The pauses between attempts, in milliseconds: each twice as long as the one before it, up to the longest. */
export function* backoff({ first, longest }: { first: number; longest: number }): Generator<number, never> {
  for (let pause = first; ; pause = Math.min(2 * pause, longest)) yield pause;
}
