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
  Status,
} from "./packet.ts";
import { errorReply, type Procedure, procedures } from "./procedures.ts";
import { decode, struct, XdrError } from "./xdr.ts";

/** virDrvFeature; asking for it switches the daemon's own keepalive on. */
const FEATURE_PROGRAM_KEEPALIVE = 10;
/** Procedures of the keepalive program. */
const PING = 1;
const PONG = 2;
/** remote_auth_type. */
const AUTH_NONE = 0;
const AUTH_POLKIT = 2;

export interface Timing {
  /** From the start of connecting to the daemon's word that the URI is open. */
  connectTimeoutMs: number;
  /** Deadline of an ordinary call, from the moment it is sent. */
  callTimeoutMs: number;
  /** Deadline of a call that starts, stops or probes a QEMU. */
  slowCallTimeoutMs: number;
  /** A daemon that was silent for so long is asked for a sign of life … */
  keepaliveIntervalMs: number;
  /** … and taken for dead when it left so many of these questions unanswered. */
  keepaliveCount: number;
}

interface PendingCall {
  /** Throws XdrError when the reply is not what the procedure returns. */
  reply(packet: Packet): void;
  fail(reason: string): void;
}

/** One connection to one daemon: calls and their replies, keepalive, event messages. */
export class Connection {
  readonly #channel: Channel;
  readonly #timing: Timing;
  readonly #hooks: ConnectionHooks;
  readonly #pending = new Map<number, PendingCall>();
  #keepalive: NodeJS.Timeout | undefined;
  #heard = true;
  #unanswered = 0;
  #serial = 0;
  /** A call ran out of time: those in flight may finish, nothing new is sent. */
  #retired = false;
  #opened = false;
  #ended: string | undefined;

  private constructor(channel: Channel, timing: Timing, hooks: ConnectionHooks) {
    this.#channel = channel;
    this.#timing = timing;
    this.#hooks = hooks;
    const assembler = new PacketAssembler();
    channel.onData((chunk) => {
      try {
        assembler.push(chunk, (packet) => this.#receive(packet));
      } catch (error) {
        if (!(error instanceof XdrError)) throw error;
        this.#end(`it sent what is not libvirt's protocol (${error.message})`);
      }
    });
    channel.onEnd((reason) => this.#end(reason));
  }

  /** Authenticates and opens `name`. Fails with a ConnectionError or the daemon's own LibvirtError. */
  static async open(
    channel: Channel,
    name: string,
    timing: Timing,
    hooks: ConnectionHooks,
  ): Promise<Connection> {
    const connection = new Connection(channel, timing, hooks);
    const limit = timing.connectTimeoutMs;
    const deadline = setTimeout(() => connection.#end(`no answer within ${limit} ms`), limit);
    try {
      await connection.#authenticate();
      const feature = FEATURE_PROGRAM_KEEPALIVE;
      const { supported } = await connection.call(procedures.supportsFeature, { feature }, limit);
      await connection.call(procedures.open, { name, flags: 0 }, limit);
      if (supported !== 0) connection.#startKeepalive();
      connection.#opened = true;
      return connection;
    } catch (error) {
      const reason = connection.#ended;
      connection.#end("it could not be opened");
      if (reason === undefined) throw error;
      throw new ConnectionError(`cannot connect to ${channel.target}: ${reason}`);
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Whether a new call may be sent on it. */
  get usable(): boolean {
    return this.#ended === undefined && !this.#retired;
  }

  call<A, R>(procedure: Procedure<A, R>, args: A, limit = this.#deadline(procedure.slow)): Promise<R> {
    const { name, number, program } = procedure;
    return new Promise((resolve, reject) => {
      const broken = (reason: string) =>
        new ConnectionError(`${this.#channel.target} did not answer ${name}: ${reason}`);
      if (this.#ended !== undefined) throw broken(this.#ended);
      const serial = this.#nextSerial();
      const packet = encodePacket(header(program, number, MessageType.CALL, serial), procedure.args, args);
      const settle = (outcome: () => void) => {
        clearTimeout(deadline);
        this.#pending.delete(serial);
        outcome();
        this.#rest();
      };
      const deadline = setTimeout(() => {
        this.#retired = true;
        const reason = `nothing came within ${limit} ms; it may still carry it out`;
        settle(() => reject(broken(reason)));
      }, limit);
      this.#pending.set(serial, {
        reply: ({ header: { procedure: answered, status }, body }) => {
          if (answered !== number) throw new XdrError(`a reply to ${answered}, wanted one to ${number}`);
          if (status === Status.ERROR) {
            const error = new LibvirtError(decode(errorReply, body));
            settle(() => reject(error));
          } else {
            const value = decode(procedure.reply, body);
            settle(() => resolve(value));
          }
        },
        fail: (reason) => settle(() => reject(broken(`${reason}; it may have been carried out`))),
      });
      this.#channel.write(packet);
    });
  }

  /** Takes leave of the daemon, for no longer than connecting may take. Calls still in flight fail. */
  async close(): Promise<void> {
    const { connectTimeoutMs } = this.#timing;
    if (this.usable) await this.call(procedures.close, {}, connectTimeoutMs).catch(() => undefined);
    this.#end("it was closed");
  }

  async #authenticate(): Promise<void> {
    const limit = this.#timing.connectTimeoutMs;
    const { types } = await this.call(procedures.authList, {}, limit);
    if (types.length === 0 || types.includes(AUTH_NONE)) return;
    if (types.includes(AUTH_POLKIT)) {
      // The daemon asks polkit about this process by itself; the reply comes when it has decided.
      await this.call(procedures.authPolkit, {}, limit);
      return;
    }
    throw new ConnectionError(
      `${this.#channel.target} wants a SASL login, which is not supported; ` +
        'use its unix socket or qemu+ssh, with auth_unix_rw = "none" or "polkit" in the daemon\'s configuration',
    );
  }

  #receive({ header: head, body }: Packet): void {
    if (this.#ended !== undefined) return;
    this.#heard = true;
    this.#unanswered = 0;
    const { program, version, procedure, type, serial } = head;
    if (version !== PROTOCOL_VERSION) throw new XdrError(`version ${version} of program ${program}`);
    if (program === KEEPALIVE_PROGRAM) {
      if (procedure === PING) this.#sendKeepalive(PONG);
      return;
    }
    if (type === MessageType.MESSAGE) {
      this.#hooks.onEvent({ header: head, body });
      return;
    }
    if (type !== MessageType.REPLY) throw new XdrError(`a message of type ${type}`);
    const pending = this.#pending.get(serial);
    // Late replies are to be expected after a deadline has passed, and only then.
    if (pending === undefined && !this.#retired) throw new XdrError(`a reply to serial ${serial}, unasked`);
    pending?.reply({ header: head, body });
  }

  #startKeepalive(): void {
    const { keepaliveIntervalMs: interval, keepaliveCount: count } = this.#timing;
    this.#keepalive = setInterval(() => {
      if (this.#heard) {
        this.#heard = false;
      } else if (this.#unanswered >= count) {
        this.#end(`it left ${count} keepalive questions unanswered, ${interval} ms apart`);
      } else {
        this.#unanswered += 1;
        this.#sendKeepalive(PING);
      }
    }, interval).unref();
  }

  #sendKeepalive(procedure: number): void {
    this.#channel.write(
      encodePacket(header(KEEPALIVE_PROGRAM, procedure, MessageType.MESSAGE, 0), struct({}), {}),
    );
  }

  #deadline(slow: boolean): number {
    return slow ? this.#timing.slowCallTimeoutMs : this.#timing.callTimeoutMs;
  }

  #nextSerial(): number {
    do this.#serial = (this.#serial + 1) % 2 ** 32;
    while (this.#pending.has(this.#serial));
    return this.#serial;
  }

  /** A retired connection is not kept once the calls in flight are done. */
  #rest(): void {
    if (this.#retired && this.#pending.size === 0) this.#end("an earlier call got no answer in time");
  }

  #end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    clearInterval(this.#keepalive);
    this.#channel.destroy();
    for (const pending of [...this.#pending.values()]) pending.fail(reason);
    if (this.#opened) this.#hooks.onEnd(reason);
  }
}

export interface ConnectionHooks {
  /** Each event message. May throw XdrError, which ends the connection. */
  onEvent(packet: Packet): void;
  /** Called once, when an opened connection has ended, however it ended. */
  onEnd(reason: string): void;
}

function header(program: number, procedure: number, type: number, serial: number): Header {
  return { program, version: PROTOCOL_VERSION, procedure, type, serial, status: Status.OK };
}
