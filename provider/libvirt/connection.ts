import { type Clock, Deadline } from "../deadline.ts";
import { messageOf } from "../message-of.ts";
import type { Channel } from "./channel.ts";
import { ConnectionError, LibvirtError } from "./errors.ts";
import {
  encodePacket,
  type Header,
  KEEPALIVE_PROGRAM,
  MessageType,
  type Packet,
  PacketAssembler,
  PROTOCOL_VERSION,
  QEMU_PROGRAM,
  REMOTE_PROGRAM,
  Status,
} from "./packet.ts";
import { errorReply, type Procedure, procedures } from "./procedures.ts";
import { formatMs, type Timing } from "./timing.ts";
import { decode, struct, XdrError } from "./xdr.ts";

/** virDrvFeature; the question also switches on the keepalive of the daemon. */
const FEATURE_PROGRAM_KEEPALIVE = 10;
/** Procedures of the keepalive program. */
const PING = 1;
const PONG = 2;
/** remote_auth_type. */
const AUTH_NONE = 0;
const AUTH_POLKIT = 2;

interface PendingCall {
  /** @throws XdrError when the reply isn't what the procedure returns */
  reply(packet: Packet): void;
  fail(reason: string): void;
}

/** One connection to one daemon: calls and their replies, keepalive, event messages. */
export class Connection {
  readonly #channel: Channel;
  readonly #timing: Timing;
  readonly #clock: Clock;
  readonly #hooks: ConnectionHooks;
  readonly #pending = new Map<number, PendingCall>();
  /** Aborted when the connection ends. */
  readonly #over = new AbortController();
  /** Something was received since the last look. */
  #active = true;
  /** Pings without an answer. */
  #unanswered = 0;
  #serial = 0;
  /** A call ran out of time: those in flight may finish, but nothing new is sent. */
  #retired = false;
  #opened = false;
  #endReason: string | undefined;

  private constructor(channel: Channel, timing: Timing, clock: Clock, hooks: ConnectionHooks) {
    this.#channel = channel;
    this.#timing = timing;
    this.#clock = clock;
    this.#hooks = hooks;
    const assembler = new PacketAssembler();
    channel.onData((chunk) => {
      try {
        assembler.push(chunk, (packet) => this.#receive(packet));
      } catch (error) {
        // Thrown here it would end the process: nobody waits for a stream's callback.
        const problem = messageOf(error);
        this.#end(
          error instanceof XdrError ? `it sent data that isn't libvirt's protocol (${problem})` : problem,
        );
      }
    });
    channel.onEnd((reason) => this.#end(reason));
  }

  /**
   * Authenticates and opens `name`.
   *
   * @throws ConnectionError, or the daemon's own LibvirtError
   */
  static async open(
    channel: Channel,
    name: string,
    timing: Timing,
    clock: Clock,
    hooks: ConnectionHooks,
  ): Promise<Connection> {
    const connection = new Connection(channel, timing, clock, hooks);
    const limit = timing.connectTimeoutMs;
    try {
      await Deadline.inMs(limit, clock).race(connection.#open(name), () => {
        const reason = `no answer within ${formatMs(limit)}`;
        connection.#end(reason);
        return new ConnectionError(reason);
      });
      return connection;
    } catch (error) {
      const reason = connection.#endReason;
      connection.#end("it couldn't be opened");
      if (reason === undefined) throw error;
      throw new ConnectionError(`cannot connect to ${channel.target}: ${reason}`);
    }
  }

  /** Has no deadline of its own; the caller has one. */
  async #open(name: string): Promise<void> {
    await this.#authenticate();
    const feature = FEATURE_PROGRAM_KEEPALIVE;
    const { supported } = await this.#send(procedures.supportsFeature, { feature }).reply;
    await this.#send(procedures.open, { name, flags: 0 }).reply;
    this.#opened = true;
    if (supported !== 0) this.#keepAlive().catch((error: unknown) => this.#end(messageOf(error)));
  }

  /** Whether a new call may be sent on it. */
  get usable(): boolean {
    return this.#endReason === undefined && !this.#retired;
  }

  async call<A, R>(procedure: Procedure<A, R>, args: A, limit = this.#limitOf(procedure.slow)): Promise<R> {
    const { reply, abandon } = this.#send(procedure, args);
    return Deadline.inMs(limit, this.#clock).race(reply, () => {
      this.#retired = true;
      abandon();
      return this.#failure(
        procedure.name,
        `no reply within ${formatMs(limit)}; the daemon may still carry it out`,
      );
    });
  }

  /** Sends a call. Its reply has no deadline; once it is abandoned, a late one is ignored. */
  #send<A, R>(procedure: Procedure<A, R>, args: A): { reply: Promise<R>; abandon: () => void } {
    const { name, number, program } = procedure;
    if (this.#endReason !== undefined) throw this.#failure(name, this.#endReason);
    const serial = this.#nextSerial();
    const packet = encodePacket(header(program, number, MessageType.CALL, serial), procedure.args, args);
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const settle = () => {
      this.#pending.delete(serial);
      this.#endIfRetired();
    };
    this.#pending.set(serial, {
      reply: ({ header: { program: answering, procedure: answered, status }, body }) => {
        if (answered !== number || answering !== program)
          throw new XdrError(
            `a reply to ${answered} of program ${answering} instead of ${number} of ${program}`,
          );
        if (status === Status.ERROR) reject(new LibvirtError(decode(errorReply, body)));
        else resolve(decode(procedure.reply, body));
        settle();
      },
      fail: (reason) => {
        reject(this.#failure(name, `${reason}; the daemon may have carried it out`));
        settle();
      },
    });
    this.#channel.write(packet);
    return { reply: promise, abandon: settle };
  }

  #failure(name: string, reason: string): ConnectionError {
    return new ConnectionError(`${this.#channel.target} did not answer ${name}: ${reason}`);
  }

  /** Closes the connection with the daemon, within the time limit for connecting. Calls in flight fail. */
  async close(): Promise<void> {
    const { connectTimeoutMs } = this.#timing;
    if (this.usable) await this.call(procedures.close, {}, connectTimeoutMs).catch(() => undefined);
    this.#end("it was closed");
  }

  async #authenticate(): Promise<void> {
    const { types } = await this.#send(procedures.authList, {}).reply;
    if (types.length === 0 || types.includes(AUTH_NONE)) return;
    if (types.includes(AUTH_POLKIT)) {
      // The daemon asks polkit about this process itself, and replies when polkit has decided.
      await this.#send(procedures.authPolkit, {}).reply.catch((error: unknown) => {
        throw error instanceof LibvirtError ? this.#refusedByPolkit(error) : error;
      });
      return;
    }
    throw new ConnectionError(
      `${this.#channel.target} requires a SASL login, which is not supported; ` +
        'use its unix socket or qemu+ssh, with auth_unix_rw = "none" or "polkit" in the daemon\'s configuration',
    );
  }

  /** libvirt's error, with what it is about: its text may name nothing but a bus that polkit would have been asked through. */
  #refusedByPolkit(error: LibvirtError): LibvirtError {
    const message = `${this.#channel.target} did not let this user in: ${error.message}; polkit on its host must allow org.libvirt.unix.manage without a question, or the user must be in the socket's group`;
    const { int1, ...fields } = error;
    return new LibvirtError({ ...fields, ...(int1 !== undefined && { int1 }), message });
  }

  #receive({ header: head, body }: Packet): void {
    if (this.#endReason !== undefined) return;
    this.#active = true;
    this.#unanswered = 0;
    const { program, version, type, serial, status } = head;
    if (version !== PROTOCOL_VERSION) throw new XdrError(`version ${version} of program ${program}`);
    if (program === KEEPALIVE_PROGRAM) {
      this.#receiveKeepalive(head, body);
      return;
    }
    if (type === MessageType.MESSAGE) {
      // The only events that are asked for are this program's.
      if (program !== REMOTE_PROGRAM) throw new XdrError(`an event of program ${program}`);
      if (status !== Status.OK) throw new XdrError(`an event with status ${status}`);
      this.#hooks.onEvent({ header: head, body });
      return;
    }
    if (type !== MessageType.REPLY) throw new XdrError(`a message of type ${type}`);
    if (program !== REMOTE_PROGRAM && program !== QEMU_PROGRAM)
      throw new XdrError(`a reply of program ${program}`);
    // CONTINUE is only for streams, which no call here opens.
    if (status !== Status.OK && status !== Status.ERROR) throw new XdrError(`a reply with status ${status}`);
    const pending = this.#pending.get(serial);
    // A late reply can only come after a call ran out of time.
    if (pending === undefined && !this.#retired)
      throw new XdrError(`a reply to serial ${serial}, which no call has`);
    pending?.reply({ header: head, body });
  }

  #receiveKeepalive({ procedure, type, status }: Header, body: Buffer): void {
    const isKnown = procedure === PING || procedure === PONG;
    if (!isKnown || type !== MessageType.MESSAGE || status !== Status.OK || body.length > 0)
      throw new XdrError(`a keepalive message ${procedure} of type ${type} with status ${status}`);
    if (procedure === PING) this.#sendKeepalive(PONG);
  }

  /** Ends the connection when the daemon stays silent. */
  async #keepAlive(): Promise<void> {
    const { keepaliveIntervalMs: interval, keepaliveCount: count } = this.#timing;
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.#clock.sleep(interval, signal, { ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      if (this.#active) {
        this.#active = false;
      } else if (this.#unanswered >= count) {
        this.#end(`${count} keepalive pings, ${formatMs(interval)} apart, were not answered`);
      } else {
        this.#unanswered += 1;
        this.#sendKeepalive(PING);
      }
    }
  }

  #sendKeepalive(procedure: number): void {
    this.#channel.write(
      encodePacket(header(KEEPALIVE_PROGRAM, procedure, MessageType.MESSAGE, 0), struct({}), {}),
    );
  }

  #limitOf(slow: boolean): number {
    return slow ? this.#timing.slowCallTimeoutMs : this.#timing.callTimeoutMs;
  }

  #nextSerial(): number {
    do this.#serial = (this.#serial + 1) % 2 ** 32;
    while (this.#pending.has(this.#serial));
    return this.#serial;
  }

  /** A retired connection ends once the calls in flight are done. */
  #endIfRetired(): void {
    if (this.#retired && this.#pending.size === 0) this.#end("an earlier call got no reply in time");
  }

  #end(reason: string): void {
    if (this.#endReason !== undefined) return;
    this.#endReason = reason;
    this.#over.abort();
    this.#channel.destroy();
    for (const pending of [...this.#pending.values()]) pending.fail(reason);
    if (this.#opened) this.#hooks.onEnd(reason);
  }
}

export interface ConnectionHooks {
  /** Receives each event message. It may throw XdrError, which ends the connection. */
  onEvent(packet: Packet): void;
  /** Called once, when an opened connection has ended for whatever reason. */
  onEnd(reason: string): void;
}

function header(program: number, procedure: number, type: number, serial: number): Header {
  return { program, version: PROTOCOL_VERSION, procedure, type, serial, status: Status.OK };
}
