import pLimit, { type LimitFunction } from "p-limit";
import type { Connection, ConnectionHooks } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import type { Procedure } from "./procedures.ts";

/**
 * A daemon serves five calls of a connection at a time (`max_client_requests`), and beyond that stops reading, keepalive
 * included. One of them is kept free.
 */
const CALLS_IN_FLIGHT = 4;

type Open = (hooks: ConnectionHooks) => Promise<Connection>;

/**
 * Makes calls on connections that are opened when needed, and reopened after they broke. The first connection is filled
 * before another is opened; calls that hang on one domain leave room for others.
 */
export class LibvirtSession {
  readonly #lanes: Lane[];
  readonly #turn: LimitFunction;

  constructor(connections: number, open: Open, hooks: ConnectionHooks) {
    this.#lanes = Array.from({ length: connections }, () => new Lane(open, hooks));
    this.#turn = pLimit(connections * CALLS_IN_FLIGHT);
  }

  /** Waits for its turn, connects if necessary, and calls. The deadline begins when the call is sent. */
  call<A, R>(procedure: Procedure<A, R>, args: A): Promise<R> {
    return this.#turn(() => {
      const free = this.#lanes.find((lane) => lane.inFlight < CALLS_IN_FLIGHT);
      if (free === undefined) throw new Error("every connection is full, though the call had its turn");
      return free.call(procedure, args);
    });
  }

  /** Opens the first connection. */
  async connect(): Promise<void> {
    await this.#lanes[0]?.connected();
  }

  /** Closes the connections; later calls fail. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }
}

/** Holds one connection at a time. */
class Lane {
  readonly #open: Open;
  readonly #hooks: ConnectionHooks;
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #closed = false;
  inFlight = 0;

  constructor(open: Open, hooks: ConnectionHooks) {
    this.#open = open;
    this.#hooks = hooks;
  }

  async call<A, R>(procedure: Procedure<A, R>, args: A): Promise<R> {
    this.inFlight += 1;
    try {
      const connection = await this.connected();
      return await connection.call(procedure, args);
    } finally {
      this.inFlight -= 1;
    }
  }

  /** The connection, opened if necessary. Callers in the meantime share the attempt and its failure. */
  async connected(): Promise<Connection> {
    if (this.#closed) throw new ConnectionError("the connection to libvirt was closed by this provider");
    if (this.#connection?.usable) return this.#connection;
    this.#opening ??= this.#open(this.#hooks).finally(() => {
      this.#opening = undefined;
    });
    this.#connection = await this.#opening;
    return this.#connection;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opening = this.#opening?.catch(() => undefined);
    const connection = opening === undefined ? this.#connection : await opening;
    await connection?.close();
  }
}
