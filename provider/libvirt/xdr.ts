/**
 * XDR (RFC 4506), as far as libvirt's protocol uses it. A type is an object that reads and writes its values; `procedures.ts`
 * declares calls with them. Reading trusts no length or count beyond the bytes received.
 */
export interface Xdr<T> {
  read(from: XdrReader): T;
  write(to: XdrWriter, value: T): void;
}

export type ValueOf<X> = X extends Xdr<infer T> ? T : never;

/** A value doesn't fit its XDR type. */
export class XdrError extends Error {
  override readonly name = "XdrError";
}

export class XdrReader {
  readonly bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get remaining(): number {
    return this.bytes.length - this.#at;
  }

  /** The offset of the next `length` bytes, which then count as read. */
  take(length: number): number {
    if (length > this.remaining) {
      throw new XdrError(`${length} bytes expected at offset ${this.#at}, but ${this.remaining} are left`);
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }
}

export class XdrWriter {
  bytes: Buffer = Buffer.alloc(256);
  #at = 0;

  /** The offset for the next `length` bytes, which are zeros until written. */
  room(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(this.#at, 2 * this.bytes.length));
      this.bytes.copy(grown, 0, 0, at);
      this.bytes = grown;
    }
    return at;
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.#at);
  }
}

/** Every item takes a multiple of 4 bytes. */
const padded = (length: number): number => (length + 3) & ~3;

function inRange(value: number | bigint, min: number | bigint, max: number | bigint): void {
  if ((typeof value === "number" && !Number.isInteger(value)) || value < min || value > max) {
    throw new XdrError(`${value} is not a whole number from ${min} to ${max}`);
  }
}

export const int: Xdr<number> = {
  read: (from) => from.bytes.readInt32BE(from.take(4)),
  write(to, value) {
    inRange(value, -0x8000_0000, 0x7fff_ffff);
    const at = to.room(4);
    to.bytes.writeInt32BE(value, at);
  },
};

export const uint: Xdr<number> = {
  read: (from) => from.bytes.readUInt32BE(from.take(4)),
  write(to, value) {
    inRange(value, 0, 0xffff_ffff);
    const at = to.room(4);
    to.bytes.writeUInt32BE(value, at);
  },
};

/** Unsigned hyper, which exceeds a JavaScript number. */
export const u64: Xdr<bigint> = {
  read: (from) => from.bytes.readBigUInt64BE(from.take(8)),
  write(to, value) {
    inRange(value, 0n, 0xffff_ffff_ffff_ffffn);
    const at = to.room(8);
    to.bytes.writeBigUInt64BE(value, at);
  },
};

/** Longest string of libvirt's protocol (REMOTE_STRING_MAX), in bytes. */
const STRING_MAX = 4 * 1024 * 1024;

function readBytes(from: XdrReader, max: number): Buffer {
  const length = uint.read(from);
  if (length > max) throw new XdrError(`a string claims ${length} bytes, but at most ${max} are allowed`);
  const at = from.take(padded(length));
  return from.bytes.subarray(at, at + length);
}

function writeString(to: XdrWriter, value: string): void {
  // libvirt reads a C string: "web\0x" would silently mean "web".
  if (value.includes("\0")) throw new XdrError("a string for libvirt must not contain NUL");
  if (!value.isWellFormed())
    throw new XdrError("a string for libvirt must not contain an unpaired surrogate");
  const length = Buffer.byteLength(value);
  if (length > STRING_MAX)
    throw new XdrError(`a string of ${length} bytes exceeds libvirt's limit of ${STRING_MAX}`);
  uint.write(to, length);
  const at = to.room(padded(length));
  to.bytes.write(value, at);
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8; anything else is an error, since the text may be sent back in a definition. */
export const string: Xdr<string> = {
  read(from) {
    const bytes = readBytes(from, STRING_MAX);
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw new XdrError("a string is not UTF-8");
    }
  },
  write: writeString,
};

/** Text only for people (error messages in the daemon's locale): invalid UTF-8 becomes U+FFFD. */
export const prose: Xdr<string> = {
  read: (from) => readBytes(from, STRING_MAX).toString("utf8"),
  write: writeString,
};

/** 16 bytes; as text in lower case with dashes. */
export const uuid: Xdr<string> = {
  read(from) {
    const at = from.take(16);
    const hex = from.bytes.toString("hex", at, at + 16);
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  },
  write(to, value) {
    const hex = value.replaceAll("-", "");
    if (!/^[0-9a-f]{32}$/i.test(hex)) throw new XdrError(`${JSON.stringify(value)} is not a UUID`);
    const at = to.room(16);
    to.bytes.write(hex, at, "hex");
  },
};

/** A pointer that may be NULL. */
export function optional<T>(type: Xdr<T>): Xdr<T | null> {
  return {
    read(from) {
      const present = uint.read(from);
      if (present > 1) throw new XdrError(`${present} before an optional value, which must be 0 or 1`);
      return present === 1 ? type.read(from) : null;
    },
    write(to, value) {
      uint.write(to, value === null ? 0 : 1);
      if (value !== null) type.write(to, value);
    },
  };
}

export function array<T>(type: Xdr<T>, max: number): Xdr<T[]> {
  return {
    read(from) {
      const count = uint.read(from);
      if (count > max)
        throw new XdrError(`an array claims ${count} elements, but at most ${max} are allowed`);
      const values: T[] = [];
      // Nothing is allocated for the claimed count: a wrong one runs out of bytes.
      while (values.length < count) values.push(type.read(from));
      return values;
    },
    write(to, values) {
      if (values.length > max)
        throw new XdrError(`an array of ${values.length} elements exceeds libvirt's limit of ${max}`);
      uint.write(to, values.length);
      for (const value of values) type.write(to, value);
    },
  };
}

export type Fields = Record<string, Xdr<unknown>>;
export type Struct<F extends Fields> = { [K in keyof F]: ValueOf<F[K]> };

export function struct<F extends Fields>(fields: F): Xdr<Struct<F>> {
  const entries = Object.entries(fields);
  return {
    read(from) {
      const value: Record<string, unknown> = {};
      for (const [name, type] of entries) value[name] = type.read(from);
      // Each field was read by its own type, which the compiler can't see.
      return value as Struct<F>;
    },
    write(to, value) {
      for (const [name, type] of entries) type.write(to, value[name]);
    },
  };
}

export function encode<T>(type: Xdr<T>, value: T): Buffer {
  const to = new XdrWriter();
  type.write(to, value);
  return to.finish();
}

/** Reads `bytes` as one value; bytes left over are an error. */
export function decode<T>(type: Xdr<T>, bytes: Buffer): T {
  const from = new XdrReader(bytes);
  const value = type.read(from);
  if (from.remaining > 0) throw new XdrError(`${from.remaining} bytes left over`);
  return value;
}
