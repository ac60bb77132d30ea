import { ConnectionError } from "./errors.ts";
import type { DomainEvent, DomainRef } from "./hypervisor.ts";
import type { Packet } from "./packet.ts";
import { domain, procedures } from "./procedures.ts";
import type { LibvirtSession } from "./session.ts";
import { decode, int, string, struct, u64 } from "./xdr.ts";

type SeenEvent = Extract<DomainEvent, { uuid: string }>;

interface EventKind {
  /** virDomainEventID, for registering. */
  id: number;
  /** The libvirt that brought it, as `version()` counts. */
  since: bigint;
  read(body: Buffer): SeenEvent;
}

const lifecycleMessage = struct({ callbackId: int, domain, event: int, detail: int });
const deviceMessage = struct({ callbackId: int, domain, alias: string });
const balloonMessage = struct({ callbackId: int, domain, actualKib: u64 });
const sizeMessage = struct({ callbackId: int, domain, alias: string, sizeKib: u64 });

function deviceEvent(kind: "device-added" | "device-removed" | "device-removal-failed") {
  return (body: Buffer): SeenEvent => {
    const message = decode(deviceMessage, body);
    return { kind, uuid: message.domain.uuid, alias: message.alias };
  };
}

/** By the number of the message (REMOTE_PROC_DOMAIN_EVENT_…). */
const eventKinds = new Map<number, EventKind>([
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

interface Watch {
  domain: DomainRef;
  listeners: Set<Listener>;
  /** The daemon's ids of the callbacks, once they are registered. */
  callbacks: Promise<number[]>;
  registered: boolean;
}

/** First and longest pause between attempts to get a lost event connection back. */
const RETRY_MS = 100;
const RETRY_MAX_MS = 5_000;

/** Subscriptions of domains over a session of their own: registered at the daemon once for each domain. */
export class Events {
  readonly #session: LibvirtSession;
  readonly #watches = new Map<string, Watch>();
  #restoring = false;
  #closed = false;

  constructor(session: LibvirtSession) {
    this.#session = session;
  }

  async subscribe(ref: DomainRef, listener: Listener): Promise<() => Promise<void>> {
    const watch = this.#watches.get(ref.uuid) ?? this.#watch(ref);
    watch.listeners.add(listener);
    await watch.callbacks;
    return async () => {
      if (!watch.listeners.delete(listener) || watch.listeners.size > 0) return;
      this.#watches.delete(ref.uuid);
      await this.#deregister(await watch.callbacks);
    };
  }

  /** A message from the daemon. */
  receive({ header, body }: Packet): void {
    const kind = eventKinds.get(header.procedure);
    if (kind === undefined) return;
    const event = kind.read(body);
    const watch = this.#watches.get(event.uuid);
    if (watch !== undefined) tell(watch, event);
  }

  /** The session's connection ended: everybody is told, and the daemon is asked again until it answers. */
  lost(reason: string): void {
    if (this.#restoring || this.#closed) return;
    const lost = [...this.#watches.values()].filter((watch) => watch.registered);
    for (const watch of lost) tell(watch, { kind: "disconnected", reason });
    if (lost.length > 0) this.#restore(RETRY_MS);
  }

  close(): void {
    this.#closed = true;
    this.#watches.clear();
  }

  #watch(ref: DomainRef): Watch {
    const watch: Watch = {
      domain: ref,
      listeners: new Set(),
      callbacks: this.#register(ref),
      registered: false,
    };
    this.#watches.set(ref.uuid, watch);
    watch.callbacks.then(
      () => {
        watch.registered = true;
      },
      () => this.#watches.delete(ref.uuid),
    );
    return watch;
  }

  async #register(ref: DomainRef): Promise<number[]> {
    const { version } = await this.#session.call(procedures.libVersion, {});
    const known = [...eventKinds.values()].filter((kind) => kind.since <= version);
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
      // The daemon forgets the callbacks of a connection that is gone.
      if (!(error instanceof ConnectionError)) throw error;
    }
  }

  #restore(pauseMs: number): void {
    this.#restoring = true;
    setTimeout(async () => {
      const watches = [...this.#watches.values()].filter((watch) => watch.registered);
      try {
        for (const watch of watches) {
          watch.callbacks = Promise.resolve(await this.#register(watch.domain));
        }
      } catch {
        if (!this.#closed) this.#restore(Math.min(2 * pauseMs, RETRY_MAX_MS));
        return;
      }
      this.#restoring = false;
      for (const watch of watches) tell(watch, { kind: "reconnected" });
    }, pauseMs).unref();
  }
}

function tell(watch: Watch, event: DomainEvent): void {
  // In a turn of its own: a listener that throws must not harm the connection.
  for (const listener of watch.listeners) queueMicrotask(() => listener(event));
}
