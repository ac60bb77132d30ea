import { randomUUID } from "node:crypto";
import { access, constants, realpath, rename, rm, stat, writeFile } from "node:fs/promises";

/** Replaces a file at once: whoever reads it, or writes it at the same time, never has a part of two texts. */
export async function writeWhole(path: string, text: string): Promise<void> {
  // A link stays a link.
  const target = await realpath(path).catch(() => path);
  const present = await stat(target).catch(() => undefined);
  // A pipe or a device can't be replaced.
  if (present !== undefined && !present.isFile()) return writeFile(path, text);
  const next = `${target}.${randomUUID()}`;
  try {
    if (present !== undefined) await access(target, constants.W_OK);
    await writeFile(next, text, { flag: "wx", ...(present && { mode: present.mode }) });
    await rename(next, target);
  } catch {
    await rm(next, { force: true });
    // The folder may be read-only, but not the file.
    await writeFile(path, text);
  }
}
