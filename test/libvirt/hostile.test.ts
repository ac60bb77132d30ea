import { fc, test as property } from "@fast-check/vitest";
import { afterAll, beforeAll, expect } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import { ConnectionError, LibvirtError } from "../../provider/libvirt/errors.ts";
import type { Hypervisor } from "../../provider/libvirt/hypervisor.ts";
import { encodePacket } from "../../provider/libvirt/packet.ts";
import { errorReply, procedures } from "../../provider/libvirt/procedures.ts";
import { encode, type Xdr } from "../../provider/libvirt/xdr.ts";
import { cases } from "../support/properties.ts";
import { type FakeDaemon, fakeDaemon } from "./fake-daemon.ts";

const { listDomains } = procedures;
const web = { name: "web-1", uuid: "3b31b594-441d-4f03-80ad-7ec543ac4e6b", id: 7 };
const bodies: [status: number, body: Buffer][] = [
  [0, encode(listDomains.reply, { domains: [web, web, web], count: 3 })],
  [
    1,
    encode(errorReply, {
      code: 42,
      domain: 10,
      message: "Domain not found",
      level: 2,
      dom: web,
      str1: "Domain not found",
      str2: null,
      str3: null,
      int1: -1,
      int2: -1,
      net: null,
    }),
  ],
];

let daemon: FakeDaemon;
let hypervisor: Hypervisor;
beforeAll(async () => {
  daemon = await fakeDaemon();
  hypervisor = await connect(daemon.uri);
});
afterAll(async () => {
  await hypervisor.close();
  await daemon.remove();
});

/** Bytes as they are, for a body that is put together by hand. */
const raw: Xdr<Buffer> = {
  read: (from) => from.bytes,
  write: (to, value) => void value.copy(to.bytes, to.room(value.length)),
};

/** Calls once, with those bytes as the answer, in pieces, after which the daemon closes. */
async function answeredWith(bytes: (serial: number) => Buffer, cuts: number[] = []): Promise<void> {
  daemon.handlers[listDomains.number] = ({ packet, socket }) => {
    const answer = bytes(packet.header.serial);
    const ends = [...cuts.map((cut) => cut % answer.length), answer.length].sort((a, b) => a - b);
    for (const [i, end] of ends.entries()) socket.write(answer.subarray(ends[i - 1] ?? 0, end));
    socket.end();
  };
  try {
    await hypervisor.list();
  } catch (error) {
    if (!(error instanceof ConnectionError)) expect(error).toBeInstanceOf(LibvirtError);
  }
}

/** The first try may still meet the connection that is being closed. */
const nextCall = () => hypervisor.version().catch(() => hypervisor.version());

const change = fc.tuple(fc.nat(200), fc.nat(255));

property.prop(
  [fc.constantFrom(...bodies), fc.array(change, { minLength: 1, maxLength: 8 }), fc.nat(200)],
  cases(80),
)(
  "a reply with bytes changed or cut off gives a value or an error, never a hang",
  async (good, changes, cut) => {
    const [status, body] = good;
    await answeredWith((serial) => {
      const head = {
        program: 0x20008086,
        version: 1,
        procedure: listDomains.number,
        type: 1,
        serial,
        status,
      };
      const bytes = encodePacket(head, raw, body);
      for (const [place, value] of changes) bytes[place % bytes.length] = value;
      return bytes.subarray(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0));
    });
    expect(await nextCall()).toBe(9_000_000);
  },
);

property.prop([fc.uint8Array({ maxLength: 200 })], cases(40))("so does anything at all", async (bytes) => {
  await answeredWith(() => Buffer.from(bytes));
  expect(await nextCall()).toBe(9_000_000);
});

const aWord = (...likely: number[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...likely) },
    { weight: 1, arbitrary: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }) },
  );
const aHeader = fc.record({
  program: aWord(0x20008086, 0x20008086, 0x20008087, 0x6b656570, 0).map((word) => word >>> 0),
  version: aWord(1, 1, 1, 1, 1, 2).map((word) => word >>> 0),
  procedure: aWord(listDomains.number, listDomains.number, 1, 2, 318, 331, 333),
  type: aWord(1, 1, 2, 0, 3),
  status: aWord(0, 0, 0, 1, 2),
});
const aPacket = fc.record({
  header: aHeader,
  /** Of the call, or of another one. */
  serial: fc.constantFrom<"call" | number>("call", "call", 0, 7, 0xffff_ffff),
  body: fc.oneof(fc.constantFrom(...bodies.map(([, body]) => body)), fc.uint8Array({ maxLength: 40 })),
});

property.prop(
  [fc.array(aPacket, { minLength: 1, maxLength: 6 }), fc.array(fc.nat(), { maxLength: 3 })],
  cases(80),
)(
  "packets in any order, of any kind, cut anywhere: a value or an error, never a hang",
  async (packets, cuts) => {
    await answeredWith(
      (serial) =>
        Buffer.concat(
          packets.map((packet) => {
            const head = {
              ...packet.header,
              serial: typeof packet.serial === "number" ? packet.serial : serial,
            };
            return encodePacket(head, raw, Buffer.from(packet.body));
          }),
        ),
      cuts,
    );
    expect(await nextCall()).toBe(9_000_000);
  },
);
