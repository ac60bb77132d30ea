import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { type ConnectOptions, connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError, ErrorCode, LibvirtError } from "../../provider/libvirt/errors.ts";
import type { Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { encodePacket, KEEPALIVE_PROGRAM, MessageType } from "../../provider/libvirt/packet.ts";
import { procedures } from "../../provider/libvirt/procedures.ts";
import { string, struct } from "../../provider/libvirt/xdr.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { type Call, type FakeDaemon, fakeDaemon, type Handlers } from "./fake-daemon.ts";

const { authList, authPolkit, supportsFeature, open, close, capabilities, libVersion, lookupByName } =
  procedures;
const PING = 1;
const PONG = 2;
const web = { name: "web-1", uuid: "3b31b594-441d-4f03-80ad-7ec543ac4e6b", id: 7 };

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function daemonWith(handlers: Handlers = {}): Promise<FakeDaemon> {
  const daemon = await fakeDaemon(handlers);
  undo.push(() => daemon.remove());
  return daemon;
}

async function connected(
  handlers: Handlers = {},
  options: ConnectOptions = {},
): Promise<{ daemon: FakeDaemon; hypervisor: Hypervisor }> {
  const daemon = await daemonWith(handlers);
  const hypervisor = await connect(daemon.uri, options);
  undo.push(() => hypervisor.close());
  return { daemon, hypervisor };
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.unreachable("it succeeded"),
    (error) => error,
  );

describe("opening", () => {
  test("asks how to log in, switches keepalive on, opens the URI without its options", async () => {
    let name: string | null = "";
    const { daemon } = await connected({
      [open.number]: (call) => {
        name = call.args(open).name;
        call.reply(open, {});
      },
    });
    expect(daemon.calls).toEqual([authList.number, supportsFeature.number, open.number]);
    expect(name).toBe("qemu:///session");
  });

  test("polkit takes one call", async () => {
    const { daemon } = await connected({
      [authList.number]: (call) => call.reply(authList, { types: [2] }),
      [authPolkit.number]: (call) => call.reply(authPolkit, { complete: 1 }),
    });
    expect(daemon.calls.slice(0, 2)).toEqual([authList.number, authPolkit.number]);
  });

  test("a refusal by polkit is libvirt's own error", async () => {
    const daemon = await daemonWith({
      [authList.number]: (call) => call.reply(authList, { types: [2] }),
      [authPolkit.number]: (call) => call.error({ code: ErrorCode.AUTH_UNAVAILABLE, message: "no agent" }),
    });
    expect(await failure(connect(daemon.uri))).toMatchObject({ name: "LibvirtError", code: 94 });
  });

  test("SASL is refused, with what would work", async () => {
    const daemon = await daemonWith({ [authList.number]: (call) => call.reply(authList, { types: [1] }) });
    const error = await failure(connect(daemon.uri));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /requires a SASL login, which is not supported; use its unix socket or qemu\+ssh/,
    );
  });

  test("a daemon that accepts and then stays silent", async () => {
    const daemon = await daemonWith({ [authList.number]: () => undefined });
    const error = await failure(connect(daemon.uri, { connectTimeoutMs: 30 }));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /^cannot connect to the libvirt daemon at .*\/sock: no answer within 30 ms$/,
    );
  });

  test("nobody listens", async () => {
    const daemon = await daemonWith();
    await daemon.stop();
    expect((await failure(connect(daemon.uri))).message).toMatch(/the socket doesn't exist; is libvirtd/);
  });

  test("a socket path that is too long", async () => {
    const error = await failure(connect(`qemu:///system?socket=/${"x".repeat(107)}`));
    expect(error.message).toMatch(/longer than 107 bytes/);
  });

  test("a refused open closes the connection", async () => {
    const daemon = await daemonWith({ [open.number]: (call) => call.error({ code: ErrorCode.NO_SUPPORT }) });
    expect(await failure(connect(daemon.uri))).toBeInstanceOf(LibvirtError);
    for (const socket of daemon.sockets) await once(socket, "close");
  });
});

describe("calls", () => {
  test("libvirt's error has its code, domain, level and texts", async () => {
    const { hypervisor } = await connected({
      [libVersion.number]: (call) =>
        call.error({
          code: 55,
          domain: 20,
          level: 2,
          message: "not running",
          str1: "a",
          str2: null,
          str3: "c",
        }),
    });
    const error = await failure(hypervisor.version());
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      code: 55,
      domain: 20,
      level: 2,
      message: "not running",
      str1: "a",
      str2: null,
      str3: "c",
    });
  });

  test("only 'no domain' means that a domain is missing", async () => {
    const { daemon, hypervisor } = await connected({
      [lookupByName.number]: (call) => call.error({ code: ErrorCode.NO_DOMAIN }),
    });
    expect(await hypervisor.findByName("web-1")).toBeUndefined();
    daemon.handlers[lookupByName.number] = (call) => call.error({ code: ErrorCode.INTERNAL });
    expect(await failure(hypervisor.findByName("web-1"))).toMatchObject({ code: 1 });
    daemon.handlers[lookupByName.number] = (call) => call.reply(lookupByName, { domain: web });
    expect(await hypervisor.findByName("web-1")).toEqual(web);
  });

  test("what can't be encoded is refused before anything is sent", async () => {
    const { daemon, hypervisor } = await connected();
    const before = daemon.calls.length;
    expect((await failure(hypervisor.findByName("web\0x"))).message).toMatch(/must not contain NUL/);
    expect(daemon.calls).toHaveLength(before);
  });

  test("at most four are in flight on a connection; then another is opened; past four connections they queue", async () => {
    const held: Call[] = [];
    const { daemon, hypervisor } = await connected({ [capabilities.number]: (call) => held.push(call) });
    const results = Promise.all(Array.from({ length: 40 }, () => hypervisor.capabilities()));
    const perSocket = (calls: Call[]) =>
      [...daemon.sockets].map((socket) => calls.filter((call) => call.socket === socket).length);
    await daemon.called(capabilities.number, 16);
    expect(perSocket(held)).toEqual([4, 4, 4, 4]);
    for (let answered = 0; answered < 40; answered++) {
      const wanted = Math.min(40, answered + 16);
      await daemon.called(capabilities.number, wanted);
      expect(held).toHaveLength(wanted);
      expect(Math.max(...perSocket(held.slice(answered)))).toBeLessThanOrEqual(4);
      held[answered]?.reply(capabilities, { capabilities: "<c/>" });
    }
    expect(await results).toHaveLength(40);
  });

  test("as long as four are enough, there is one connection", async () => {
    const { daemon, hypervisor } = await connected();
    for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 4 }, () => hypervisor.version()));
    expect(daemon.sockets.size).toBe(1);
  });

  test("replies may come in any order", async () => {
    const held: Call[] = [];
    const { daemon, hypervisor } = await connected({ [capabilities.number]: (call) => held.push(call) });
    const results = Promise.all([hypervisor.capabilities(), hypervisor.capabilities()]);
    await daemon.called(capabilities.number, 2);
    held[1]?.reply(capabilities, { capabilities: "second" });
    held[0]?.reply(capabilities, { capabilities: "first" });
    expect(await results).toEqual(["first", "second"]);
  });
});

describe("deadlines", () => {
  test("a call without an answer fails and says which; the others on the connection finish, the next takes a new one", async () => {
    const held: Call[] = [];
    const { daemon, hypervisor } = await connected(
      { [libVersion.number]: (call) => held.push(call) },
      { slowCallTimeoutMs: 30 },
    );
    const patient = hypervisor.version();
    await daemon.called(libVersion.number);
    const error = await failure(hypervisor.capabilities());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /did not answer CONNECT_GET_CAPABILITIES: no reply within 30 ms; the daemon may/,
    );
    daemon.handlers[lookupByName.number] = (call) => call.reply(lookupByName, { domain: web });
    expect(await hypervisor.findByName("web-1")).toEqual(web);
    expect(daemon.calls.filter((number) => number === open.number)).toHaveLength(2);
    held[0]?.reply(libVersion, { version: 7n });
    expect(await patient).toBe(7);
  });

  test("an answer that comes too late is ignored", async () => {
    const held: Call[] = [];
    const { daemon, hypervisor } = await connected(
      { [libVersion.number]: (call) => held.push(call), [capabilities.number]: (call) => held.push(call) },
      { slowCallTimeoutMs: 30 },
    );
    const patient = hypervisor.version();
    await daemon.called(libVersion.number);
    await failure(hypervisor.capabilities());
    held[1]?.reply(capabilities, { capabilities: "<late/>" });
    held[0]?.reply(libVersion, { version: 7n });
    expect(await patient).toBe(7);
  });

  test("are counted on the clock that is given", async () => {
    const silent = await daemonWith({ [authList.number]: () => undefined });
    expect((await failure(connect(silent.uri, {}, new FakeClock()))).message).toMatch(
      /no answer within 2 s$/,
    );
  });

  test("an ordinary call has the short one", async () => {
    const { hypervisor } = await connected({ [libVersion.number]: () => undefined }, { callTimeoutMs: 30 });
    expect((await failure(hypervisor.version())).message).toMatch(
      /did not answer CONNECT_GET_LIB_VERSION: .* 30 ms/,
    );
  });

  test("starting and probing get the long one", async () => {
    const { hypervisor } = await connected({}, { slowCallTimeoutMs: 30 });
    expect((await failure(hypervisor.capabilities())).message).toMatch(/within 30 ms/);
  });
});

describe("a daemon that goes away", () => {
  test("the calls in flight fail, the next one reconnects", async () => {
    const { daemon, hypervisor } = await connected({
      [capabilities.number]: (call) => call.socket.destroy(),
    });
    const error = await failure(hypervisor.capabilities());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(
      /did not answer CONNECT_GET_CAPABILITIES: the daemon closed the connection; the daemon may/,
    );
    expect(await hypervisor.version()).toBe(9_000_000);
    expect(daemon.calls.filter((number) => number === open.number)).toHaveLength(2);
  });

  test("calls that still wait for their turn are not lost", async () => {
    const { daemon, hypervisor } = await connected();
    let first = true;
    daemon.handlers[capabilities.number] = (call) => {
      if (!first) return call.reply(capabilities, { capabilities: "<c/>" });
      first = false;
      call.socket.destroy();
    };
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => hypervisor.capabilities()));
    expect(results.map(({ status }) => status)).toEqual([
      ...Array(4).fill("rejected"),
      ...Array(4).fill("fulfilled"),
    ]);
  });

  test("an error while it is away; back on the same socket, calls work again", async () => {
    const { daemon, hypervisor } = await connected();
    await daemon.stop();
    expect(await failure(hypervisor.version())).toBeInstanceOf(ConnectionError);
    await daemon.listen();
    expect(await hypervisor.version()).toBe(9_000_000);
  });

  test("a closed hypervisor says goodbye and stays closed", async () => {
    const { daemon, hypervisor } = await connected();
    await hypervisor.close();
    expect(daemon.calls.at(-1)).toBe(close.number);
    expect((await failure(hypervisor.version())).message).toMatch(/was closed/);
  });
});

describe("keepalive", () => {
  const ping = (procedure: number) =>
    encodePacket(
      { program: KEEPALIVE_PROGRAM, version: 1, procedure, type: MessageType.MESSAGE, serial: 0, status: 0 },
      struct({}),
      {},
    );

  test("a PING is answered with a PONG", async () => {
    const { daemon } = await connected();
    for (const socket of daemon.sockets) socket.write(ping(PING));
    await daemon.called("PONG");
  });

  test("a silent daemon is pinged; one that answers stays connected", async () => {
    const { daemon, hypervisor } = await connected(
      { PING: (call) => call.socket.write(ping(PONG)) },
      { keepaliveIntervalMs: 5, keepaliveCount: 10 },
    );
    await daemon.called("PING", 4);
    expect(await hypervisor.version()).toBe(9_000_000);
    expect(daemon.calls.filter((number) => number === authList.number)).toHaveLength(1);
  });

  test("one that doesn't answer ends the connection, and the calls in flight fail", async () => {
    const { hypervisor } = await connected({}, { keepaliveIntervalMs: 5, keepaliveCount: 2 });
    const error = await failure(hypervisor.capabilities());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/2 keepalive pings, 5 ms apart, were not answered/);
  });
});

describe("anything but libvirt's protocol ends the connection with an error, and the next call opens a new one", () => {
  const good = { program: 0x20008086, version: 1, procedure: capabilities.number, type: 1, status: 0 };
  const packet = (call: Call, head: object, body = "<c/>") =>
    encodePacket({ ...good, serial: call.packet.header.serial, ...head }, string, body);
  const claim = (length: number) => {
    const bytes = Buffer.alloc(28);
    bytes.writeUInt32BE(length);
    return bytes;
  };
  test.each<[string, (call: Call) => Buffer]>([
    ["garbage", () => Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["a length of 0", () => claim(0)],
    ["a length below the header's", () => claim(27)],
    ["a length over 32 MiB", () => claim(32 * 1024 * 1024 + 5)],
    ["another version", (call) => packet(call, { version: 2 })],
    ["a message of no known type", (call) => packet(call, { type: 9 })],
    ["a reply to a call that was never made", (call) => packet(call, { serial: 4711 })],
    ["a reply to another procedure", (call) => packet(call, { procedure: 14 })],
    [
      "a reply with bytes left over",
      (call) => Buffer.concat([claim(28 + 12), packet(call, {}).subarray(4), Buffer.alloc(4)]),
    ],
    ["an error reply that is none", (call) => packet(call, { status: 1 })],
    ["text that is not UTF-8", (call) => replaceLast(packet(call, {}), 0xff)],
  ])("%s", async (_, bytes) => {
    const { daemon, hypervisor } = await connected({
      [capabilities.number]: (call) => call.socket.write(bytes(call)),
    });
    const error = await failure(hypervisor.capabilities());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/what it sent is not libvirt's protocol/);
    expect(await hypervisor.version()).toBe(9_000_000);
    expect(daemon.calls.filter((number) => number === open.number)).toHaveLength(2);
  });

  test("a packet that ends in the middle", async () => {
    const { hypervisor } = await connected({
      [capabilities.number]: (call) => call.socket.end(packet(call, {}).subarray(0, 30)),
    });
    expect((await failure(hypervisor.capabilities())).message).toMatch(/the daemon closed the connection/);
  });

  test("32 MiB announced and never sent run into the deadline", async () => {
    const { hypervisor } = await connected(
      { [capabilities.number]: (call) => call.socket.write(claim(32 * 1024 * 1024)) },
      { slowCallTimeoutMs: 30 },
    );
    expect((await failure(hypervisor.capabilities())).message).toMatch(/no reply within 30 ms/);
  });

  function replaceLast(bytes: Buffer, value: number): Buffer {
    bytes[bytes.length - 1] = value;
    return bytes;
  }
});
