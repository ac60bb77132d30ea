import { backoff, type Clock } from "../deadline.ts";
import { ConnectionError } from "./errors.ts";
import type { DomainEvent, DomainRef } from "./hypervisor.ts";
import type { Packet } from "./packet.ts";
import { domain, procedures } from "./procedures.ts";
import type { LibvirtSession } from "./session.ts";
import { decode, int, string, struct, u64 } from "./xdr.ts";

type RemoteEvent = Extract<DomainEvent, { uuid: string }>;

interface EventKind {
  /** virDomainEventID, for registering. */
  id: number;
  /** The libvirt that introduced it, as `version()` counts. */
  since: bigint;
  read(body: Buffer): RemoteEvent;
}

const lifecycleMessage = struct({ callbackId: int, domain, event: int, detail: int });
const deviceMessage = struct({ callbackId: int, domain, alias: string });
const balloonMessage = struct({ callbackId: int, domain, actualKib: u64 });
const sizeMessage = struct({ callbackId: int, domain, alias: string, sizeKib: u64 });

function deviceEvent(kind: "device-added" | "device-removed" | "device-removal-failed") {
  return (body: Buffer): RemoteEvent => {
    const message = decode(deviceMessage, body);
    return { kind, uuid: message.domain.uuid, alias: message.alias };
  };
}

/** The kinds of events by the number of their message (REMOTE_PROC_DOMAIN_EVENT_…). */
const EVENT_KINDS = new Map<number, EventKind>([
  [
    318,
    {
      id: 0,
      since: 0n,
      read(body) {
        const { domain, event, detail } = decode(lifecycleMessage, body);
        return { kind: "lifecycle", uuid: domain.uuid, event, detail };
      },
    },
  ],
  [
    331,
    {
      id: 13,
      since: 10_000n,
      read(body) {
        const { domain, actualKib } = decode(balloonMessage, body);
        return { kind: "balloon-change", uuid: domain.uuid, actualKib };
      },
    },
  ],
  [333, { id: 15, since: 1_001_001n, read: deviceEvent("device-removed") }],
  [354, { id: 19, since: 1_002_015n, read: deviceEvent("device-added") }],
  [367, { id: 22, since: 1_003_004n, read: deviceEvent("device-removal-failed") }],
  [
    438,
    {
      id: 26,
      since: 7_009_000n,
      read(body) {
        const { domain, alias, sizeKib } = decode(sizeMessage, body);
        return { kind: "memory-device-size", uuid: domain.uuid, alias, sizeKib };
      },
    },
  ],
]);

type Listener = (event: DomainEvent) => void;

interface Subscription {
  domain: DomainRef;
  listeners: Set<Listener>;
  /** The daemon's ids of the registered callbacks. */
  callbacks: Promise<number[]>;
  registered: boolean;
}

/** The pauses between attempts to restore a lost event connection, in milliseconds. */
const RETRY_PAUSES = { first: 100, longest: 5_000 };

/** Subscriptions to the events of domains, on a session of their own. Each domain is registered with the daemon once. */
export class Events {
  readonly #session: LibvirtSession;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #restoring = false;

  constructor(session: LibvirtSession, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  async subscribe(ref: DomainRef, listener: Listener): Promise<() => Promise<void>> {
    const subscription = this.#subscriptions.get(ref.uuid) ?? this.#open(ref);
    subscription.listeners.add(listener);
    await subscription.callbacks;
    return async () => {
      if (!subscription.listeners.delete(listener) || subscription.listeners.size > 0) return;
      this.#subscriptions.delete(ref.uuid);
      await this.#deregister(await subscription.callbacks);
    };
  }

  /** A message from the daemon. */
  receive({ header, body }: Packet): void {
    const kind = EVENT_KINDS.get(header.procedure);
    if (kind === undefined) return;
    const event = kind.read(body);
    const subscription = this.#subscriptions.get(event.uuid);
    if (subscription !== undefined) notify(subscription, event);
  }

  /** The session's connection ended: notifies the listeners, and restores the subscriptions. */
  lost(reason: string): void {
    if (this.#restoring || this.#closed.signal.aborted) return;
    const lost = [...this.#subscriptions.values()].filter((subscription) => subscription.registered);
    for (const subscription of lost) notify(subscription, { kind: "disconnected", reason });
    if (lost.length > 0) void this.#restore();
  }

  close(): void {
    this.#closed.abort();
    this.#subscriptions.clear();
  }

  #open(ref: DomainRef): Subscription {
    const subscription: Subscription = {
      domain: ref,
      listeners: new Set(),
      callbacks: this.#register(ref),
      registered: false,
    };
    this.#subscriptions.set(ref.uuid, subscription);
    subscription.callbacks.then(
      () => {
        subscription.registered = true;
      },
      () => this.#subscriptions.delete(ref.uuid),
    );
    return subscription;
  }

  async #register(ref: DomainRef): Promise<number[]> {
    const { version } = await this.#session.call(procedures.libVersion, {});
    const known = [...EVENT_KINDS.values()].filter((kind) => kind.since <= version);
    return Promise.all(
      known.map(async ({ id }) => {
        const { callbackId } = await this.#session.call(procedures.registerEvent, {
          eventId: id,
          domain: ref,
        });
        return callbackId;
      }),
    );
  }

  async #deregister(callbacks: number[]): Promise<void> {
    try {
      await Promise.all(
        callbacks.map((callbackId) => this.#session.call(procedures.deregisterEvent, { callbackId })),
      );
    } catch (error) {
      // The daemon drops the callbacks of a connection that ended.
      if (!(error instanceof ConnectionError)) throw error;
    }
  }

  /** Registers all subscriptions again, with growing pauses between the attempts. */
  async #restore(): Promise<void> {
    this.#restoring = true;
    const { signal } = this.#closed;
    for (const pause of backoff(RETRY_PAUSES)) {
      await this.#clock.sleep(pause, signal, { ref: false }).catch(() => undefined);
      if (signal.aborted) break;
      const subscriptions = [...this.#subscriptions.values()].filter(
        (subscription) => subscription.registered,
      );
      try {
        for (const subscription of subscriptions) {
          subscription.callbacks = Promise.resolve(await this.#register(subscription.domain));
        }
      } catch {
        continue;
      }
      this.#restoring = false;
      for (const subscription of subscriptions) notify(subscription, { kind: "reconnected" });
      return;
    }
  }
}

function notify(subscription: Subscription, event: DomainEvent): void {
  // In a microtask of its own: a listener that throws must not harm the connection.
  for (const listener of subscription.listeners) queueMicrotask(() => listener(event));
}
