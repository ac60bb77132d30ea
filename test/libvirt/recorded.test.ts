import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect } from "../../provider/libvirt/connect.ts";
import type { DomainRef } from "../../provider/libvirt/hypervisor.ts";
import { MessageType, type Packet, PacketAssembler, Status } from "../../provider/libvirt/packet.ts";
import { errorReply, procedures } from "../../provider/libvirt/procedures.ts";
import { decode, encode, type Xdr } from "../../provider/libvirt/xdr.ts";
import { type FakeDaemon, fakeDaemon } from "./fake-daemon.ts";
import { readRecording, type Scenario, scenarios, takePackets } from "./recording.ts";

/** Where the serial lies: after length, program, version, procedure and type. */
const SERIAL_AT = 20;

function withSerial(packet: Buffer, serial: number): Buffer {
  const bytes = Buffer.from(packet);
  bytes.writeUInt32BE(serial, SERIAL_AT);
  return bytes;
}

const procedureOf = (packet: Buffer) => packet.readUInt32BE(12);
const normal = (packet: Buffer | undefined) => packet && withSerial(packet, 0).toString("hex");

function parsed(bytes: Buffer): Packet {
  const packets: Packet[] = [];
  new PacketAssembler().push(bytes, (packet) => packets.push(packet));
  const [packet] = packets;
  if (packet === undefined) throw new Error("no whole packet");
  return packet;
}

/** The recorded packets of a scenario by sender, and the domain it was about. */
function recorded({ name }: Scenario) {
  const packets = readRecording(name);
  const from = (sender: string) =>
    packets.filter((packet) => packet.from === sender).map(({ bytes }) => bytes);
  const found = from("daemon")
    .map(parsed)
    .find(({ header }) => header.procedure === procedures.lookupByName.number && header.status === Status.OK);
  const domain: DomainRef = found
    ? decode(procedures.lookupByName.reply, found.body).domain
    : { name: "", uuid: "00000000-0000-0000-0000-000000000000", id: -1 };
  return { virsh: from("virsh"), daemon: from("daemon"), domain };
}

describe("our packets are those that virsh sends, byte for byte", () => {
  let daemon: FakeDaemon;
  beforeAll(async () => {
    daemon = await fakeDaemon();
  });
  afterAll(() => daemon.remove());

  test.each(scenarios)("$name: $procedure.name", async (scenario) => {
    const { virsh, daemon: replies, domain } = recorded(scenario);
    // The daemon repeats its replies to virsh.
    for (const reply of replies) {
      daemon.handlers[procedureOf(reply)] = ({ packet, socket }) =>
        socket.write(withSerial(reply, packet.header.serial));
    }
    daemon.received = Buffer.alloc(0);
    const hypervisor = await connect(daemon.uri);
    await scenario.ours(hypervisor, domain);
    const sent = takePackets(daemon.received).packets;
    await hypervisor.close();

    const { number } = scenario.procedure;
    const wanted = virsh.find((packet) => procedureOf(packet) === number);
    const found = sent.filter((packet) => procedureOf(packet) === number);
    if (wanted === undefined) throw new Error(`virsh did not call ${scenario.procedure.name}`);
    if (scenario.flags !== undefined) {
      expect(wanted.readUInt32BE(wanted.length - 4)).toBe(scenario.flags[0]);
      wanted.writeUInt32BE(scenario.flags[1], wanted.length - 4);
    }
    expect(found.map(normal)).toContain(normal(wanted));
  });

  test("the way in: login, keepalive, open, leave", async () => {
    const virsh = readRecording("version").filter(({ from }) => from === "virsh");
    daemon.received = Buffer.alloc(0);
    await (await connect(daemon.uri)).close();
    const sent = takePackets(daemon.received).packets;
    expect(sent).toHaveLength(4);
    const theirs = virsh.map(({ bytes }) => normal(bytes));
    expect(theirs).toEqual(expect.arrayContaining(sent.map(normal)));
  });
});

describe("what was recorded is read to the last byte", () => {
  const key = (program: number, procedure: number) => `${program} ${procedure}`;
  const known = new Map(Object.values(procedures).map((one) => [key(one.program, one.number), one]));
  test.each(scenarios)("$name", (scenario) => {
    const { virsh, daemon } = recorded(scenario);
    let read = 0;
    for (const { header, body } of [...virsh, ...daemon].map(parsed)) {
      const procedure = known.get(key(header.program, header.procedure));
      if (procedure === undefined) continue;
      const answer = header.status === Status.ERROR ? errorReply : procedure.reply;
      // One of many types: what is read is only written again.
      const type = (header.type === MessageType.CALL ? procedure.args : answer) as Xdr<unknown>;
      expect(encode(type, decode(type, body)).toString("hex")).toBe(body.toString("hex"));
      read += 1;
    }
    expect(read).toBeGreaterThan(6);
  });

  test("libvirt's error in full", () => {
    const reply = readRecording("missing")
      .filter(({ from }) => from === "daemon")
      .map(({ bytes }) => parsed(bytes))
      .find(({ header }) => header.status === Status.ERROR);
    expect(reply && decode(errorReply, reply.body)).toMatchObject({
      code: 42,
      domain: 10,
      level: 2,
      message: "Domain not found: no domain with matching name 'no-such-domain'",
    });
  });
});
