import { readdirSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { encodePacket } from "../../provider/libvirt/packet.ts";
import { struct } from "../../provider/libvirt/xdr.ts";
import { daemonWith } from "./connected.ts";
import type { FakeDaemon } from "./fake-daemon.ts";
import { farEnd, NETCAT } from "./far-end.ts";

const PING = encodePacket(
  { program: 0x6b656570, version: 1, procedure: 1, type: 2, serial: 0, status: 0 },
  struct({}),
  {},
);
/** In bytes several times what may wait, and what the kernel keeps for a unix socket. */
const PINGS = 70_000;
/** 1 MiB, and the answers to what was received at once. */
const UNSENT_MAX = 1024 * 1024 + 256 * 1024;

/** The most that waited to be sent on a socket of the client. */
let unsent = 0;
let daemonSockets: Set<Socket>;
beforeEach(() => {
  unsent = 0;
  daemonSockets = new Set();
  const write = Socket.prototype.write;
  vi.spyOn(Socket.prototype, "write").mockImplementation(function (this: Socket, ...args: unknown[]) {
    const written = Reflect.apply(write, this, args);
    if (!daemonSockets.has(this)) unsent = Math.max(unsent, this.writableLength);
    return written;
  });
});
afterEach(() => void vi.restoreAllMocks());

/** Pings and doesn't read; then reads everything. */
async function floods(daemon: FakeDaemon, uri: string): Promise<void> {
  daemonSockets = daemon.sockets;
  const hypervisor = await connect(uri, { connectTimeoutMs: 10_000 });
  onTestFinished(() => hypervisor.close());
  const [socket] = daemon.sockets;
  if (socket === undefined) throw new Error("the daemon has no connection");
  socket.removeAllListeners("data");
  socket.pause();
  let answered = 0;
  socket.write(Buffer.concat(Array.from({ length: PINGS }, () => PING)));
  await vi.waitFor(() => expect(unsent).toBeGreaterThan(1024 * 1024), { timeout: 10_000 });
  // A client without a limit would now take the rest.
  await new Promise((resolve) => setTimeout(resolve, 200));
  socket.on("data", (chunk: Buffer) => {
    answered += chunk.length / PING.length;
  });
  socket.resume();
  await vi.waitFor(() => expect(answered).toBeCloseTo(PINGS), { timeout: 20_000 });
  expect(unsent).toBeLessThan(UNSENT_MAX);
  socket.destroy();
}

test("a daemon that pings and doesn't read gets no more answers than it takes: a unix socket", async () => {
  const daemon = await daemonWith();
  await floods(daemon, daemon.uri);
}, 30_000);

test("the same through ssh", async () => {
  const daemon = await daemonWith();
  const far = farEnd();
  onTestFinished(() => far.remove());
  const socket = new URL(daemon.uri).searchParams.get("socket");
  far.install("virt-ssh-helper", NETCAT.replace("process.argv.at(-1)", JSON.stringify(socket)));
  await floods(daemon, `qemu+ssh://far.example/system?command=${far.ssh}`);
}, 30_000);

// What the kernel keeps for a TCP connection is too much to fill here. In tls.ts it is the stream below the limit.
test("every transport writes through that limit", () => {
  const folder = join(import.meta.dirname, "../../provider/libvirt");
  const writers = readdirSync(folder).filter((file) =>
    /\b(socket|stdin|to)\.write\(/.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(writers).toEqual(["back-pressure.ts", "tls.ts"]);
});
