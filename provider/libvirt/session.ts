import pLimit from "p-limit";
import type { Connection, ConnectionHooks } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import type { Procedure } from "./procedures.ts";

/**
 * A daemon serves five calls of one connection at a time (`max_client_requests`) and stops reading
 * when they are taken, keepalive included; one place stays free.
 */
export const CALLS_IN_FLIGHT = 4;

/** Calls over a connection that is opened when needed and opened anew after it broke. */
export class Session {
  readonly #open: (hooks: ConnectionHooks) => Promise<Connection>;
  readonly #hooks: ConnectionHooks;
  readonly #turn = pLimit(CALLS_IN_FLIGHT);
  #connection: Connection | undefined;
  #opening: Promise<Connection> | undefined;
  #closed = false;

  constructor(open: (hooks: ConnectionHooks) => Promise<Connection>, hooks: ConnectionHooks) {
    this.#open = open;
    this.#hooks = hooks;
  }

  /** Waits for its turn, connects if need be, calls. The deadline begins when the call is sent. */
  call<A, R>(procedure: Procedure<A, R>, args: A): Promise<R> {
    return this.#turn(async () => (await this.connected()).call(procedure, args));
  }

  /** Opens the connection unless it is open; who comes meanwhile shares the attempt and its failure. */
  async connected(): Promise<Connection> {
    if (this.#closed) throw new ConnectionError("the connection to libvirt was closed from here");
    if (this.#connection?.usable) return this.#connection;
    this.#opening ??= this.#open(this.#hooks).finally(() => {
      this.#opening = undefined;
    });
    this.#connection = await this.#opening;
    return this.#connection;
  }

  /** Ends the connection for good; later calls fail. */
  async close(): Promise<void> {
    this.#closed = true;
    const connection =
      this.#opening === undefined ? this.#connection : await this.#opening.catch(() => undefined);
    await connection?.close();
  }
}
