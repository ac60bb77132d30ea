import { chmodSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Lab } from "../lab/lab.ts";

/** Numbers of libvirt's remote protocol (src/remote/remote_protocol.x). */
const REMOTE_PROGRAM = 0x20008086;
export const PROCEDURE = {
  lookupByUuid: 24,
  memoryStats: 159,
  attach: 160,
  start: 196,
  setMemory: 204,
  state: 212,
  shutOff: 234,
  shutdown: 258,
  detachAlias: 392,
} as const;
/** The calls that change a domain, its definition, or storage. */
const CHANGES: ReadonlySet<number> = new Set([
  28, // resume
  29, // autostart
  34, // suspend
  76, // start a transient pool
  80, // stop it
  93, // make a volume
  94, // delete it
  160, // attach a device
  174, // update a device
  182, // managed save
  184, // remove a managed save
  196, // start
  199, // set the vCPUs
  204, // set the memory
  231, // undefine
  234, // destroy
  251, // resize a disk
  258, // shut down
  260, // resize a volume
  264, // set metadata
  350, // define
  392, // detach a device
]);
/** What a client says about itself before and after its work: auth list, features, open, close, event subscriptions. */
const GREETINGS = new Set([66, 60, 1, 2, 316, 317]);
const HEADER_BYTES = 28;

interface Packet {
  procedure: number;
  /** 0 a call, 1 its reply. */
  type: number;
  serial: number;
  program: number;
}

export interface RpcProxy {
  /** A libvirt URI that goes through the proxy. */
  readonly uri: string;
  /** The procedures of the calls that were let through, in their order; greetings don't count. */
  readonly calls: readonly number[];
  /**
   * From now on the n-th call (from 1) is carried out by the daemon, and its reply is lost, as the connection and all
   * later ones are.
   */
  cutAfter(n: number): void;
  /** Ends all connections, and refuses later ones. */
  cut(): void;
  /** Runs `then` in place of the reply to the next call of this procedure, which the daemon carries out. */
  instead(procedure: number, then: () => void): void;
  /** Holds the n-th call of this procedure (from 1, counted from now) back until `done` is. */
  beforeCall(procedure: number, n: number, done: () => Promise<unknown>): void;
  /**
   * Has `act` come in between at the n-th call (from 1, counted from now) that changes something: before the daemon
   * gets it, or in place of its reply. Then the call or the reply passes, unless the connections were cut meanwhile.
   *
   * @returns whether `act` was begun, once asked; the answer waits until `act` has ended, and fails as it did. An operation
   * whose connection `act` ends may end before `act` does.
   */
  atChange(n: number, when: "before" | "after", act: () => unknown): () => Promise<boolean>;
  /** How many calls changed something since the last change of mind. */
  readonly changes: number;
  /** From now on connections are taken and nothing is answered. */
  fallSilent(): void;
  /** How many connections were made since the last change of mind. */
  readonly connections: number;
  /** Lets everything through again. */
  restore(): void;
}

/** A unix socket before the lab's daemon, which passes packets on whole, counts calls and loses connections on demand. */
export async function rpcProxy(lab: Lab, name: string): Promise<RpcProxy> {
  const path = lab.file(`${name}.sock`);
  const daemon = join(lab.dir, "run/libvirt/libvirt-sock");
  const open = new Set<Socket>();
  const calls: number[] = [];
  let cutAt: number | undefined;
  let mode: "open" | "cut" | "silent" = "open";
  let connections = 0;
  let held: { procedure: number; left: number; done: () => Promise<unknown> } | undefined;
  let changes = 0;
  let struck: { n: number; when: "before" | "after"; act: () => Promise<void> } | undefined;
  let watched: { procedure: number; then: () => void } | undefined;

  const endWith = (next: typeof mode) => {
    mode = next;
    connections = 0;
    for (const socket of open) socket.destroy();
  };
  const strike = (pass: () => void) => {
    const act = struck?.act;
    struck = undefined;
    const goOn = () => {
      if (mode === "open") pass();
    };
    // Whoever has `act` done gets its failure.
    act?.().then(goOn, goOn);
  };
  const track = (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    socket.resume();
  };
  const server = createServer((client) => {
    connections += 1;
    if (mode === "cut") return void client.destroy();
    if (mode === "silent") return track(client);
    const upstream = createConnection(daemon);
    let lastSerial: number | undefined;
    let struckSerial: number | undefined;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      track(socket);
      socket.on("close", () => other.destroy());
    }
    eachPacket(client, (packet, bytes) => {
      if (isCall(packet)) {
        calls.push(packet.procedure);
        if (calls.length === cutAt) lastSerial = packet.serial;
        if (CHANGES.has(packet.procedure)) changes += 1;
        if (CHANGES.has(packet.procedure) && changes === struck?.n) {
          if (struck.when === "before") return strike(() => upstream.write(bytes));
          struckSerial = packet.serial;
        }
        if (held?.procedure === packet.procedure) held.left -= 1;
        if (held?.left === 0) {
          const { done } = held;
          held = undefined;
          done().then(
            () => upstream.write(bytes),
            () => client.destroy(),
          );
          return;
        }
      }
      upstream.write(bytes);
    });
    eachPacket(upstream, (packet, bytes) => {
      const isReply = packet.program === REMOTE_PROGRAM && packet.type === 1;
      if (isReply && packet.serial === lastSerial) return endWith("cut");
      if (isReply && packet.serial === struckSerial) return strike(() => client.write(bytes));
      if (isReply && packet.procedure === watched?.procedure) {
        const { then } = watched;
        watched = undefined;
        return then();
      }
      client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o777);
  onTestFinished(() => {
    endWith("cut");
    server.close();
  });
  return {
    uri: `qemu:///session?socket=${path}`,
    calls,
    cutAfter: (n) => {
      calls.length = 0;
      cutAt = n;
    },
    cut: () => endWith("cut"),
    atChange: (n, when, act) => {
      changes = 0;
      let acted: Promise<void> | undefined;
      const start = () => {
        acted = (async () => void (await act()))();
        return acted;
      };
      struck = { n, when, act: start };
      return async () => {
        await acted;
        return acted !== undefined;
      };
    },
    get changes() {
      return changes;
    },
    instead: (procedure, then) => {
      watched = { procedure, then };
    },
    beforeCall: (procedure, n, done) => {
      held = { procedure, left: n, done };
    },
    fallSilent: () => endWith("silent"),
    get connections() {
      return connections;
    },
    restore: () => {
      endWith("open");
      cutAt = undefined;
      struck = undefined;
      changes = 0;
      calls.length = 0;
    },
  };
}

function isCall({ program, type, procedure }: Packet): boolean {
  return program === REMOTE_PROGRAM && type === 0 && !GREETINGS.has(procedure);
}

/** Cuts a stream of bytes into libvirt's packets: a length of 4 bytes, itself included, then the header. */
function eachPacket(socket: Socket, take: (packet: Packet, bytes: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES && rest.length >= rest.readUInt32BE(0)) {
      const bytes = rest.subarray(0, rest.readUInt32BE(0));
      rest = rest.subarray(bytes.length);
      const field = (index: number) => bytes.readUInt32BE(4 * index);
      take({ program: field(1), procedure: field(3), type: field(4), serial: field(5) }, bytes);
    }
  });
}
