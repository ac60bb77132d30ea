import { gzipSync } from "node:zlib";

export interface TarFile {
  name: string;
  /** Permissions. */
  mode: number;
  content: string;
}

const BLOCK = 512;

/** A gzip'ed tar archive, whose bytes depend on the files only: it has no times and no owners. */
export function tarball(files: readonly TarFile[]): Buffer {
  const entries = files.flatMap((file) => {
    const content = Buffer.from(file.content);
    return [header(file, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1))];
  });
  const packed = gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  // The operating system on which it was packed (RFC 1952): unknown.
  packed[9] = 0xff;
  return packed;
}

/** A header of POSIX's format "ustar". */
function header({ name, mode }: TarFile, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > 100) throw new Error(`the name ${name} is too long for a tar archive`);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  // The checksum is that of a header with spaces in its place.
  block.write(" ".repeat(8), 148);
  block.write("0", 156);
  block.write("ustar\x0000", 257);
  const sum = block.reduce((so, byte) => so + byte, 0);
  block.write(`${octal(sum, 6)}\0`, 148);
  return block;
}
