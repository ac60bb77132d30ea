import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { encodePacket, PACKET_MAX, type Packet, PacketAssembler } from "../../provider/libvirt/packet.ts";
import { string, XdrError } from "../../provider/libvirt/xdr.ts";

const head = { program: 0x20008086, version: 1, procedure: 14, type: 1, serial: 7, status: 0 };

function assemble(chunks: Buffer[]): Packet[] {
  const assembler = new PacketAssembler();
  const packets: Packet[] = [];
  for (const chunk of chunks) assembler.push(chunk, (packet) => packets.push(packet));
  return packets;
}

/** Cuts `bytes` at the given places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => Buffer.from(bytes.subarray(ends[i - 1] ?? 0, end)));
}

test("length (itself included), header and body in network order", () => {
  expect(encodePacket(head, string, "web").toString("hex")).toBe(
    "00000024" +
      "20008086" +
      "00000001" +
      "0000000e" +
      "00000001" +
      "00000007" +
      "00000000" +
      "00000003" +
      "77656200",
  );
});

property.prop([fc.array(fc.string(), { minLength: 1 }), fc.array(fc.nat())])(
  "packets come out whole and in order however the stream was cut",
  (texts, places) => {
    const stream = Buffer.concat(texts.map((text, i) => encodePacket({ ...head, serial: i }, string, text)));
    const packets = assemble(cut(stream, places));
    expect(packets.map(({ header }) => header.serial)).toEqual(texts.map((_, i) => i));
    expect(packets.map(({ body }) => body.subarray(4, 4 + body.readUInt32BE()).toString())).toEqual(texts);
  },
);

test("what was delivered stays as it was when more comes", () => {
  const [first, second] = [encodePacket(head, string, "first"), encodePacket(head, string, "other")];
  const assembler = new PacketAssembler();
  const packets: Packet[] = [];
  for (const chunk of [
    first.subarray(0, 10),
    Buffer.concat([first.subarray(10), second.subarray(0, 30)]),
    second.subarray(30),
  ]) {
    assembler.push(Buffer.from(chunk), (packet) => packets.push(packet));
  }
  expect(packets.map(({ body }) => body.toString("latin1", 4, 9))).toEqual(["first", "other"]);
});

test("one byte at a time", () => {
  const stream = encodePacket(head, string, "x".repeat(5000));
  expect(assemble(Array.from(stream, (byte) => Buffer.from([byte])))).toHaveLength(1);
});

describe("a length that cannot be", () => {
  test.each([0, 4, 27, PACKET_MAX + 1, 0xffff_ffff])("%i is an error as soon as it is read", (length) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    expect(() => assemble([bytes])).toThrow(XdrError);
  });
});

test("a claim of 32 MiB costs no memory before the bytes come", () => {
  const claim = Buffer.alloc(64);
  claim.writeUInt32BE(PACKET_MAX);
  const before = process.memoryUsage().arrayBuffers;
  const assemblers = Array.from({ length: 20 }, () => new PacketAssembler());
  for (const assembler of assemblers)
    for (let i = 0; i < 10; i++) assembler.push(claim, () => expect.unreachable());
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
});

test("packets before the bad one are delivered", () => {
  const packets: Packet[] = [];
  const stream = Buffer.concat([encodePacket(head, string, "good"), Buffer.from("garbage!")]);
  expect(() => new PacketAssembler().push(stream, (packet) => packets.push(packet))).toThrow(XdrError);
  expect(packets).toHaveLength(1);
});

property.prop([fc.array(fc.uint8Array({ maxLength: 64 }))])(
  "arbitrary bytes are packets or an error",
  (chunks) => {
    try {
      assemble(chunks.map((chunk) => Buffer.from(chunk)));
    } catch (error) {
      expect(error).toBeInstanceOf(XdrError);
    }
  },
);
