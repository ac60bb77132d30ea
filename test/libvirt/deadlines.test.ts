import { describe, expect, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { encodePacket, KEEPALIVE_PROGRAM, MessageType } from "../../provider/libvirt/packet.ts";
import { procedures } from "../../provider/libvirt/procedures.ts";
import { struct } from "../../provider/libvirt/xdr.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { connected, daemonWith, failure } from "./connected.ts";
import type { Call } from "./fake-daemon.ts";

const { authList, open, capabilities, libVersion, lookupByName } = procedures;
const PING = 1;
const PONG = 2;
const web = { name: "web-1", uuid: "3b31b594-441d-4f03-80ad-7ec543ac4e6b", id: 7 };

describe("deadlines", () => {
  test("a call without an answer fails and names it; the others on the connection finish, the next takes a new one", async () => {
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
