import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  encodePacket,
  KEEPALIVE_PROGRAM,
  MessageType,
  type Packet,
  PacketAssembler,
  Status,
} from "../../provider/libvirt/packet.ts";
import { errorReply, type Procedure, procedures } from "../../provider/libvirt/procedures.ts";
import { decode, type ValueOf, type Xdr } from "../../provider/libvirt/xdr.ts";

/** One call as the daemon got it, and the ways to answer it. */
export interface Call {
  packet: Packet;
  socket: Socket;
  args<A, R>(procedure: Procedure<A, R>): A;
  reply<A, R>(procedure: Procedure<A, R>, value: R): void;
  error(fields: Partial<ValueOf<typeof errorReply>>): void;
}

/** A procedure's number, or a message of the keepalive program. */
export type Came = number | "PING" | "PONG";

export type Handlers = Partial<Record<Came, (call: Call) => void>>;

export interface FakeDaemon {
  uri: string;
  /** Everything received so far, in order, over all connections. */
  calls: Came[];
  /** The bytes received so far. */
  received: Buffer;
  /** The connections that are open. */
  sockets: Set<Socket>;
  /** The handlers of later calls. */
  handlers: Handlers;
  /** Sends an event message over every open connection. */
  send<T>(procedure: number, type: Xdr<T>, value: T): void;
  /** Resolves when that has been received `count` times in all. */
  called(what: Came, count?: number): Promise<void>;
  listen(): Promise<void>;
  /** Closes the socket and every connection; `listen` starts again on the same path. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

const NO_ERROR: ValueOf<typeof errorReply> = {
  code: 1,
  domain: 10,
  message: null,
  level: 2,
  dom: null,
  str1: null,
  str2: null,
  str3: null,
  int1: 0,
  int2: 0,
  net: null,
};

/** Answers as a daemon does that asks for no login and supports keepalive. */
const POLITE: Handlers = {
  [procedures.authList.number]: (call) => call.reply(procedures.authList, { types: [0] }),
  [procedures.supportsFeature.number]: (call) => call.reply(procedures.supportsFeature, { supported: 1 }),
  [procedures.open.number]: (call) => call.reply(procedures.open, {}),
  [procedures.close.number]: (call) => call.reply(procedures.close, {}),
  [procedures.libVersion.number]: (call) => call.reply(procedures.libVersion, { version: 9_000_000n }),
};

/** Makes the server that hands over each client's socket once it is accepted. */
type MakeServer = (accept: (socket: Socket) => void) => Server;

/** A transport over the network, on the loopback interface. */
export interface FakeNetwork {
  /** The URI for the port that the daemon listens on. */
  uri: (port: number) => string;
  makeServer: MakeServer;
}

/**
 * A server that speaks libvirt's protocol with these handlers. A call without one gets no answer.
 *
 * @param network by default it has a unix socket of its own
 */
export async function fakeDaemon(handlers: Handlers = {}, network?: FakeNetwork): Promise<FakeDaemon> {
  const folder = await mkdtemp(join(tmpdir(), "fake-libvirt-"));
  const path = join(folder, "sock");
  /** Of the first time, so that it is the same later. */
  let port = 0;
  const waiting = new Set<() => void>();
  const daemon: FakeDaemon = {
    uri: `qemu:///session?socket=${path}`,
    calls: [],
    received: Buffer.alloc(0),
    sockets: new Set(),
    handlers: { ...POLITE, ...handlers },
    send(procedure, type, value) {
      const bytes = encodePacket(header(procedure, MessageType.MESSAGE, 0, Status.OK), type, value);
      for (const socket of daemon.sockets) socket.write(bytes);
    },
    async called(what, count = 1) {
      const come = () => daemon.calls.filter((each) => each === what).length >= count;
      while (!come()) await new Promise<void>((resolve) => waiting.add(resolve));
    },
    async listen() {
      if (network === undefined) server.listen(path);
      else server.listen(port, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      if (network === undefined || address === null || typeof address === "string") return;
      port = address.port;
      daemon.uri = network.uri(port);
    },
    async stop() {
      const closed = once(server, "close");
      server.close();
      for (const socket of daemon.sockets) socket.destroy();
      await closed;
    },
    async remove() {
      if (server.listening) await daemon.stop();
      await rm(folder, { recursive: true });
    },
  };
  const makeServer = network?.makeServer ?? createServer;
  const server = makeServer((socket: Socket) => {
    const assembler = new PacketAssembler();
    daemon.sockets.add(socket);
    socket.on("close", () => daemon.sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      daemon.received = Buffer.concat([daemon.received, chunk]);
      assembler.push(chunk, (packet) => {
        const { program, procedure } = packet.header;
        const came = program === KEEPALIVE_PROGRAM ? (procedure === 1 ? "PING" : "PONG") : procedure;
        daemon.calls.push(came);
        daemon.handlers[came]?.(callOf(packet, socket));
        for (const resolve of waiting) resolve();
        waiting.clear();
      });
    });
  });
  await daemon.listen();
  return daemon;
}

function callOf(packet: Packet, socket: Socket): Call {
  const { program, procedure, serial } = packet.header;
  const reply = (status: number) => ({ ...header(procedure, MessageType.REPLY, serial, status), program });
  return {
    packet,
    socket,
    args: (of) => decode(of.args, packet.body),
    reply(of, value) {
      socket.write(encodePacket(reply(Status.OK), of.reply, value));
    },
    error(fields) {
      const value = { ...NO_ERROR, ...fields };
      socket.write(encodePacket(reply(Status.ERROR), errorReply, value));
    },
  };
}

function header(procedure: number, type: number, serial: number, status: number) {
  return { program: 0x20008086, version: 1, procedure, type, serial, status };
}
