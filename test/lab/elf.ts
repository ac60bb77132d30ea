// Numbers of the ELF-64 format, little-endian (System V ABI, «Program Header» and «Dynamic Section»).
const PROGRAM_HEADER_TABLE = 32;
const PROGRAM_HEADER_COUNT = 56;
const PROGRAM_HEADER_SIZE = 56;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;

/**
 * The shared libraries that a program or library names as needed (`libc.so.6`, …), by the same records that
 * `ldd` follows. Read from the file itself, so that it works for any architecture; empty for a static program.
 */
export function neededLibraries(elf: Buffer): string[] {
  if (elf.toString("latin1", 0, 6) !== "\x7fELF\x02\x01") {
    throw new Error("Unable to read the libraries of a program: not a 64-bit little-endian ELF file");
  }
  const headers = programHeaders(elf);
  const dynamic = headers.find((header) => header.type === PT_DYNAMIC);
  if (dynamic === undefined) return [];

  const names: number[] = [];
  let strings = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = Number(elf.readBigUInt64LE(at));
    const value = Number(elf.readBigUInt64LE(at + 8));
    if (tag === DT_NULL) break;
    if (tag === DT_NEEDED) names.push(value);
    if (tag === DT_STRTAB) strings = fileOffset(headers, value);
  }
  return names.map((name) => elf.toString("latin1", strings + name, elf.indexOf(0, strings + name)));
}

interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

function programHeaders(elf: Buffer): ProgramHeader[] {
  const table = Number(elf.readBigUInt64LE(PROGRAM_HEADER_TABLE));
  return Array.from({ length: elf.readUInt16LE(PROGRAM_HEADER_COUNT) }, (_, index) => {
    const at = table + index * PROGRAM_HEADER_SIZE;
    return {
      type: elf.readUInt32LE(at),
      offset: Number(elf.readBigUInt64LE(at + 8)),
      address: Number(elf.readBigUInt64LE(at + 16)),
      size: Number(elf.readBigUInt64LE(at + 32)),
    };
  });
}

function fileOffset(headers: readonly ProgramHeader[], address: number): number {
  const segment = headers.find(
    ({ type, address: start, size }) => type === PT_LOAD && address >= start && address < start + size,
  );
  if (segment === undefined) throw new Error(`No segment of the ELF file holds address ${address}`);
  return segment.offset + address - segment.address;
}
