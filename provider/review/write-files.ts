import { randomUUID } from "node:crypto";
import {
  access,
  constants,
  lstat,
  mkdir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { OutputError, systemErrorText } from "../command/command.ts";

/** A text, and the option that names its file. */
export interface TextFile {
  option: string;
  path: string;
  text: string;
}

/** What is known to be writable, and isn't written yet. */
interface Prepared {
  file: TextFile;
  /** The finished text beside the file; undefined: the file can't be replaced. */
  next?: string;
  target: string;
}

/**
 * Writes all of the files, or none. A file is replaced at once: whoever reads it, or writes it at the same time, never has a
 * part of two texts.
 *
 * @param folder is created if it is missing
 * @param print writes what isn't in a file; it is called when the files can be written
 * @throws OutputError
 */
export async function writeFiles(
  folder: { option: string; path: string } | undefined,
  files: readonly TextFile[],
  print: () => void | Promise<void> = () => {},
): Promise<void> {
  const made: string[] = [];
  const prepared: Prepared[] = [];
  try {
    if (folder !== undefined) await naming(folder, FOLDER, () => makeFolder(folder.path, made));
    for (const file of files) prepared.push(await naming(file, FILE, () => prepare(file)));
    // Only what can't be undone can still fail, so it comes first.
    for (const { file, next } of prepared)
      if (next === undefined) await naming(file, FILE, () => writeFile(file.path, file.text));
    await print();
    for (const one of prepared) await naming(one.file, FILE, () => replace(one));
  } catch (error) {
    for (const { next } of prepared) if (next !== undefined) await discard(next);
    // Another process may have put something into a folder meanwhile.
    for (const path of made.reverse()) await rmdir(path).catch(() => {});
    throw error;
  }
}

const FOLDER = "expected a folder that exists, or that can be created";
const FILE = "expected a file in a folder that exists and can be written";

async function naming<T>(
  { option, path }: { option: string; path: string },
  expected: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new OutputError(`${option}: "${path}" can't be written: ${systemErrorText(error)}; ${expected}`);
  }
}

/** Level by level: Node's own recursion doesn't end where a file system, such as /proc, has no new folders. */
async function makeFolder(path: string, made: string[]): Promise<void> {
  const parent = dirname(path);
  if (parent !== path && (await stat(parent).catch(() => undefined)) === undefined)
    await makeFolder(parent, made);
  try {
    await mkdir(path);
    made.push(path);
  } catch (error) {
    const present = await stat(path).catch(() => undefined);
    if (present?.isDirectory() !== true) throw error;
  }
}

async function prepare(file: TextFile): Promise<Prepared> {
  const { path, text } = file;
  // A link stays a link, also one to a file that doesn't exist.
  const target = await realpath(path).catch(() => path);
  const present = await stat(target).catch(() => undefined);
  const isLink = present === undefined && (await lstat(path).catch(() => undefined)) !== undefined;
  if (present?.isDirectory() === true || path.endsWith("/")) throw new Error("it is a folder");
  // A pipe or a device can't be replaced.
  if (isLink || present?.isFile() === false) return { file, target };
  if (present !== undefined) await access(target, constants.W_OK);
  const next = join(dirname(target), `.${randomUUID()}`);
  try {
    await writeFile(next, text, { flag: "wx", ...(present && { mode: present.mode }) });
    return { file, target, next };
  } catch (error) {
    await discard(next);
    // The folder may be read-only, but not the file.
    if (present !== undefined && isRefused(error)) return { file, target };
    throw error;
  }
}

async function replace({ file, next, target }: Prepared): Promise<void> {
  if (next === undefined) return;
  try {
    await rename(next, target);
  } catch (error) {
    // A file that is a mount point can be written, but not replaced.
    if (codeOf(error) !== "EBUSY") throw error;
    await writeFile(target, file.text);
    await discard(next);
  }
}

/** That this fails as well is not what the user has to know. */
async function discard(next: string): Promise<void> {
  await rm(next, { force: true }).catch(() => {});
}

function isRefused(error: unknown): boolean {
  return ["EACCES", "EPERM", "EROFS"].includes(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
