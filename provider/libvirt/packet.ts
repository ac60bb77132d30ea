import { int, struct, uint, type ValueOf, type Xdr, XdrError, XdrReader, XdrWriter } from "./xdr.ts";

/** Program numbers. */
export const REMOTE_PROGRAM = 0x20008086;
/** Calls that libvirt has only for QEMU. */
export const QEMU_PROGRAM = 0x20008087;
export const KEEPALIVE_PROGRAM = 0x6b656570;
export const PROTOCOL_VERSION = 1;

/** virNetMessageType. */
export const MessageType = { CALL: 0, REPLY: 1, MESSAGE: 2 } as const;
/** virNetMessageStatus. */
export const Status = { OK: 0, ERROR: 1 } as const;

const header = struct({
  program: uint,
  version: uint,
  procedure: int,
  type: int,
  serial: uint,
  status: int,
});

export type Header = ValueOf<typeof header>;

export interface Packet {
  header: Header;
  body: Buffer;
}

const LENGTH_SIZE = 4;
const HEADER_SIZE = 24;
/** VIR_NET_MESSAGE_MAX, which doesn't include the length word. */
export const PACKET_MAX = 32 * 1024 * 1024 + LENGTH_SIZE;

export function encodePacket<T>(head: Header, type: Xdr<T>, value: T): Buffer {
  const to = new XdrWriter();
  to.room(LENGTH_SIZE);
  header.write(to, head);
  type.write(to, value);
  const packet = to.finish();
  const { length } = packet;
  if (length > PACKET_MAX)
    throw new XdrError(`a packet of ${length} bytes exceeds libvirt's limit of ${PACKET_MAX}`);
  packet.writeUInt32BE(length);
  return packet;
}

/** Splits a byte stream into packets. Its memory grows with the bytes received, not with the lengths that they claim. */
export class PacketAssembler {
  #bytes: Buffer = Buffer.alloc(0);
  #filled = 0;

  /**
   * Delivers the packets that `chunk` completes.
   *
   * @throws XdrError when the stream isn't libvirt's protocol
   */
  push(chunk: Buffer, deliver: (packet: Packet) => void): void {
    this.#append(chunk);
    const here = this.#bytes.subarray(0, this.#filled);
    let from = 0;
    while (here.length - from >= LENGTH_SIZE) {
      const length = here.readUInt32BE(from);
      if (length < LENGTH_SIZE + HEADER_SIZE || length > PACKET_MAX) {
        throw new XdrError(
          `a packet claims ${length} bytes instead of ${LENGTH_SIZE + HEADER_SIZE} to ${PACKET_MAX}`,
        );
      }
      if (here.length - from < length) break;
      const packet = here.subarray(from + LENGTH_SIZE, from + length);
      from += length;
      deliver({
        header: header.read(new XdrReader(packet.subarray(0, HEADER_SIZE))),
        body: packet.subarray(HEADER_SIZE),
      });
    }
    if (from > 0) {
      // The buffer has no spare room, so the next bytes go to a new one: delivered packets refer to this one.
      this.#bytes = here.subarray(from);
      this.#filled = this.#bytes.length;
    }
  }

  #append(chunk: Buffer): void {
    if (this.#filled === 0) {
      this.#bytes = chunk;
      this.#filled = chunk.length;
      return;
    }
    const needed = this.#filled + chunk.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(grown, 0, 0, this.#filled);
      this.#bytes = grown;
    }
    chunk.copy(this.#bytes, this.#filled);
    this.#filled = needed;
  }
}
