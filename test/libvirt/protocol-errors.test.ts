import { describe, expect, test } from "vitest";
import { ConnectionError } from "../../provider/libvirt/errors.ts";
import { encodePacket } from "../../provider/libvirt/packet.ts";
import { procedures } from "../../provider/libvirt/procedures.ts";
import { string, struct } from "../../provider/libvirt/xdr.ts";
import { connected, failure } from "./connected.ts";
import type { Call } from "./fake-daemon.ts";

const { open, capabilities } = procedures;

describe("anything but libvirt's protocol ends the connection with an error, and the next call opens a new one", () => {
  const good = { program: 0x20008086, version: 1, procedure: capabilities.number, type: 1, status: 0 };
  const packet = (call: Call, head: object, body = "<c/>") =>
    encodePacket({ ...good, serial: call.packet.header.serial, ...head }, string, body);
  const keepalive = { program: 0x6b656570, procedure: 1, type: 2 };
  const bare = (call: Call, head: object) =>
    encodePacket({ ...good, serial: call.packet.header.serial, ...head }, struct({}), {});
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
    ["a reply of an unknown program", (call) => packet(call, { program: 0x20008088 })],
    ["a reply of the program 0", (call) => packet(call, { program: 0 })],
    ["a reply of another program than the call's", (call) => packet(call, { program: 0x20008087 })],
    ["a reply with the status of a stream", (call) => packet(call, { status: 2 })],
    ["a reply with an unknown status", (call) => packet(call, { status: 3 })],
    ["a reply with a negative status", (call) => packet(call, { status: -1 })],
    ["an event of another program", (call) => packet(call, { type: 2, program: 0x20008087, procedure: 318 })],
    ["an event with a status", (call) => packet(call, { type: 2, procedure: 318, status: 1 })],
    ["a message of a stream", (call) => packet(call, { type: 3 })],
    ["a call", (call) => packet(call, { type: 0 })],
    ["a keepalive message with a body", (call) => packet(call, { ...keepalive })],
    ["a keepalive message of no known kind", (call) => bare(call, { ...keepalive, procedure: 3 })],
    ["a keepalive reply", (call) => bare(call, { ...keepalive, type: 1 })],
    ["a keepalive message with a status", (call) => bare(call, { ...keepalive, status: 1 })],
    ["another version", (call) => packet(call, { version: 2 })],
    ["a message of no known type", (call) => packet(call, { type: 9 })],
    ["a reply to a call that was never made", (call) => packet(call, { serial: 4711 })],
    ["a reply to another procedure", (call) => packet(call, { procedure: 14 })],
    [
      "a reply with bytes left over",
      (call) => Buffer.concat([claim(28 + 12), packet(call, {}).subarray(4), Buffer.alloc(4)]),
    ],
    ["an error reply without an error", (call) => packet(call, { status: 1 })],
    ["text that is not UTF-8", (call) => replaceLast(packet(call, {}), 0xff)],
  ])("%s", async (_, bytes) => {
    const { daemon, hypervisor } = await connected({
      [capabilities.number]: (call) => call.socket.write(bytes(call)),
    });
    const error = await failure(hypervisor.capabilities());
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.message).toMatch(/it sent data that isn't libvirt's protocol/);
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
