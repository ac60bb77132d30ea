/** One entry of an archive. Parents come before what lies in them: the kernel makes no folders by itself. */
export type CpioEntry =
  | { readonly path: string; readonly folder: true }
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly data: Buffer; readonly executable: boolean };

const FOLDER = 0o040755;
const LINK = 0o120777;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/**
 * Writes a cpio archive of the «newc» form that Linux takes as initramfs (kernel documentation,
 * «initramfs buffer format»). Everything belongs to root, times are 0: the same entries give the same bytes.
 */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const records = entries.map((entry, index) => {
    if ("folder" in entry) return record(index + 1, FOLDER, entry.path, Buffer.alloc(0));
    if ("link" in entry) return record(index + 1, LINK, entry.path, Buffer.from(entry.link));
    return record(index + 1, entry.executable ? PROGRAM : FILE, entry.path, entry.data);
  });
  return Buffer.concat([...records, record(0, 0, "TRAILER!!!", Buffer.alloc(0))]);
}

function record(inode: number, mode: number, path: string, data: Buffer): Buffer {
  const name = Buffer.from(`${path}\0`);
  const [owner, group, links, time, major, minor, checksum] = [0, 0, 1, 0, 0, 0, 0];
  const fields = [
    ...[inode, mode, owner, group, links, time, data.length],
    ...[major, minor, major, minor, name.length, checksum],
  ];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(data)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
