import { type Clock, Deadline } from "./deadline.ts";
import type { connect } from "./libvirt/connect.ts";
import { ConnectionError } from "./libvirt/errors.ts";
import type { Hypervisor } from "./libvirt/hypervisor.ts";
import { withRememberedCapabilities } from "./libvirt/remembered.ts";
import { connectTimeoutMs, formatMs } from "./libvirt/timing.ts";
import { transportOf } from "./libvirt/uri.ts";
import { messageOf } from "./message-of.ts";

/** How long work waits for a connection: a login through ssh may have to try two programs on the remote host. */
const WORK_CONNECT_MS = 15_000;

interface Attempt {
  connection: Promise<Hypervisor>;
  /** How long looks wait for it: counted from its start, so that looks at several hosts wait at the same time. */
  patience: Deadline;
}

/**
 * The connections of one run, one for each URI. Looks and work share a connection and each attempt to open it, but a look
 * waits only for a short time: the attempt goes on, and work waits for it with a time limit of its own.
 */
export class Connections {
  /** How long a look waits, in milliseconds, whatever the transport. */
  lookTimeoutMs: number | undefined;
  /** Whether URIs with transport `tcp` may name another host than this one. */
  allowPlainTcp = false;
  readonly #connect: typeof connect;
  readonly #clock: Clock;
  readonly #attempts = new Map<string, Attempt>();
  /** Why a look had no connection, by URI. */
  readonly #unreachable = new Map<string, string>();
  /** URIs that the program uses and that no look has tried yet. */
  readonly #announced = new Set<string>();

  constructor(open: typeof connect, clock: Clock) {
    this.#connect = open;
    this.#clock = clock;
  }

  /** The connection for work, opened again after a failure. */
  forWork(uri: string): Promise<Hypervisor> {
    return this.#attempt(uri).connection;
  }

  /**
   * The connection for a look. A host that can't be reached is tried once in a run. The first look also starts to connect to
   * the announced hosts.
   *
   * @throws Error with the reason, also of an earlier look
   */
  async forLook(uri: string): Promise<Hypervisor> {
    const hosts = [...this.#announced];
    this.#announced.clear();
    for (const host of hosts) void this.#lookUp(host).catch(() => undefined);
    return this.#lookUp(uri);
  }

  /**
   * Announces hosts that the program uses: the engine checks one resource after the other, and without this each host that is
   * down would be waited for in turn.
   */
  announce(uris: string[]): void {
    for (const uri of uris) if (!this.#attempts.has(uri)) this.#announced.add(uri);
  }

  /** The time limit of a look, in milliseconds. */
  patienceFor(uri: string): number {
    return this.lookTimeoutMs ?? connectTimeoutMs(transportOf(uri));
  }

  async #lookUp(uri: string): Promise<Hypervisor> {
    const known = this.#unreachable.get(uri);
    if (known !== undefined) throw new ConnectionError(known);
    const { connection, patience } = this.#attempt(uri);
    const limit = formatMs(this.patienceFor(uri));
    const late = () => new ConnectionError(`no connection to ${uri}: no answer within ${limit}`);
    try {
      return await patience.race(connection, late);
    } catch (error) {
      this.#unreachable.set(uri, messageOf(error));
      throw error;
    }
  }

  #attempt(uri: string): Attempt {
    const known = this.#attempts.get(uri);
    if (known !== undefined) return known;
    const options = { connectTimeoutMs: WORK_CONNECT_MS, allowPlainTcp: this.allowPlainTcp };
    const connection = this.#connect(uri, options, this.#clock).then(withRememberedCapabilities);
    const made = { connection, patience: Deadline.inMs(this.patienceFor(uri), this.#clock) };
    this.#attempts.set(uri, made);
    connection.catch(() => this.#attempts.delete(uri));
    return made;
  }
}
